"""docker-compose.scale.yml: valid, pinned, closed to the outside, in agreement with the files it mounts."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from docs.pages import code, page
from support.backends import REPOSITORY

FILE = REPOSITORY / "docker-compose.scale.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{(?:env:)?(\w+):-([^}]*)\}")
RUNTIME = {"GOMEMLIMIT"}
"""What the Go runtime reads; all other variables are for our configuration files."""
UNITS = {"m": 1, "g": 1024, "MiB": 1, "GiB": 1024}
CONFIGURED = {
    name: service
    for name, service in SERVICES.items()
    if any(argument.startswith("--config=/etc/langspan") for argument in service.get("command", []))
}
WRITE_INTO_THEIR_OWN_FOLDERS = {"opensearch", "kafka", "topic"}

each_service = pytest.mark.parametrize("name", SERVICES)
each_configured = pytest.mark.parametrize("name", CONFIGURED)


def environment(name: str) -> dict[str, str]:
    """Return a service's variables as they are when the host sets none."""
    return {key: VARIABLE.sub(r"\2", str(value)) for key, value in SERVICES[name]["environment"].items()}


def volumes(name: str) -> dict[str, str]:
    """Return what is mounted where, the mode left out."""
    return {
        inside: source for source, inside in (v.split(":")[:2] for v in SERVICES[name].get("volumes", []))
    }


def config_text(name: str) -> str:
    """Return the files that the service's command names, one after the other."""
    targets = [argument.removeprefix("--config=") for argument in SERVICES[name]["command"]]
    return "\n---\n".join((REPOSITORY / volumes(name)[target]).read_text() for target in targets)


def configs(name: str) -> list[Any]:
    """Return the configuration as the container sees it, file by file."""
    seen = environment(name)
    text = VARIABLE.sub(lambda found: seen.get(found[1], found[2]), config_text(name))
    return list(yaml.safe_load_all(text))


def endpoints(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for item in node for found in endpoints(item)]
    if not isinstance(node, dict):
        return []
    own = [node["endpoint"]] if "endpoint" in node else []
    return own + [found for value in node.values() for found in endpoints(value)]


def listening(name: str) -> set[str]:
    """Return the ports on which a service answers other containers."""
    pairs = [at.rpartition(":") for at in endpoints(configs(name))]
    return {port for host, _, port in pairs if host == "0.0.0.0"}


def megabytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([a-zA-Z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def test_the_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == result.returncode, result.stdout


@each_service
def test_images_are_pinned_by_one_variable_each(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:\$\{[A-Z]+_VERSION:-\d+\.\d+\.\d+\}", SERVICES[name]["image"])


def test_versions_are_those_that_the_tests_run() -> None:
    backends = REPOSITORY / "collector-config" / "backends"
    used = {service["image"].split("/")[-1].split(":")[0]: service["image"] for service in SERVICES.values()}
    for image, file, found in (
        ("opentelemetry-collector-contrib", "fleet.sh", r"OTELCOL_VERSION=(\S+)"),
        ("kafka", "kafka/pom.xml", r"<artifactId>kafka_2.13</artifactId>\s*<version>(.*)</version>"),
        (
            "opensearch",
            "opensearch/pom.xml",
            r"<artifactId>opensearch</artifactId>\s*<version>(\d\d?\..*)</version>",
        ),
    ):
        tested = re.findall(found, (backends / file).read_text())
        assert tested == re.findall(r":-(.*)}", used[image])


def test_ports_are_variables_and_open_on_this_machine_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert 5 == len(published)
    assert [] == [port for port in published if not re.fullmatch(r"127\.0\.0\.1:\$\{\w+:-(\d+)\}:\1", port)]


@each_configured
def test_behind_every_open_port_something_listens(name: str) -> None:
    assert listening(name) >= {port.rpartition(":")[2] for port in SERVICES[name].get("ports", [])}


@each_configured
def test_every_variable_is_one_that_the_configuration_reads(name: str) -> None:
    read = {variable for variable, _ in VARIABLE.findall(config_text(name))}
    assert read | RUNTIME | {"JAEGER_LISTEN_HOST"} >= environment(name).keys()


SETTINGS = {
    name: code(row["Default"])
    for row in page("docs/fleet.md").table("Variable", "Default")
    for name in code(row["Variable"])
}
"""What the page says one can set, with what it is when nobody does."""
ADDRESSES = {name for name, default in SETTINGS.items() if not default}


@each_configured
def test_what_the_page_says_one_can_set_reaches_the_services_that_read_it(name: str) -> None:
    read = {variable for variable, _ in VARIABLE.findall(config_text(name))}
    assert SERVICES[name]["environment"].keys() >= read & SETTINGS.keys()
    for variable in read & SETTINGS.keys() - ADDRESSES:
        default = SERVICES[name]["environment"][variable].removeprefix(f"${{{variable}:-").removesuffix("}")
        assert default in SETTINGS[variable]


def test_every_setting_of_the_page_is_read_by_some_service() -> None:
    """But for the store that this file does not start."""
    read = {variable for name in CONFIGURED for variable, _ in VARIABLE.findall(config_text(name))}
    assert {"FLEET_CLICKHOUSE"} == SETTINGS.keys() - read


@each_service
def test_files_of_the_repository_exist_and_cannot_be_written(name: str) -> None:
    mounts = [volume.split(":") for volume in SERVICES[name].get("volumes", []) if volume.startswith(".")]
    assert {"ro,z"} >= {mode for *_, mode in mounts}  # z: for machines with SELinux
    assert [] == [source for source, *_ in mounts if not (REPOSITORY / source).exists()]


@each_service
def test_services_have_no_rights_to_speak_of(name: str) -> None:
    service = SERVICES[name]
    assert "privileged" not in service
    assert (["ALL"], ["no-new-privileges:true"]) == (service["cap_drop"], service["security_opt"])
    assert service.get("read_only", False) is (name not in WRITE_INTO_THEIR_OWN_FOLDERS)
    assert service.get("cap_add", []) == (["CHOWN"] if name == "volumes-ready" else [])


@each_service
def test_memory_and_processes_are_limited(name: str) -> None:
    assert megabytes(SERVICES[name]["mem_limit"]) <= 2048
    assert SERVICES[name]["pids_limit"] <= 2048


@each_configured
def test_the_go_runtime_stays_below_the_memory_limit(name: str) -> None:
    assert megabytes(environment(name)["GOMEMLIMIT"]) <= 0.8 * megabytes(SERVICES[name]["mem_limit"])


def test_an_agent_whose_gateway_is_away_is_not_waited_for() -> None:
    """It would not end when asked: tests/stack/test_fleet_agent.py."""
    assert "5s" == SERVICES["agent"]["stop_grace_period"]


@each_configured
def test_no_two_services_share_a_queue(name: str) -> None:
    own = volumes(name).get("/var/lib/langspan")
    assert own == (None if name.startswith("jaeger") else name)
    assert 1 >= sum(own in volumes(other).values() for other in CONFIGURED)


def test_every_volume_was_given_to_its_user() -> None:
    assert {*COMPOSE["volumes"]} == {*volumes("volumes-ready").values()}
    given = " ".join(SERVICES["volumes-ready"]["command"])
    assert [] == [inside for inside in volumes("volumes-ready") if inside not in given]


def test_each_hop_sends_to_where_the_next_one_listens() -> None:
    for hop, variable in (
        ("agent", "FLEET_GATEWAYS"),
        ("gateway-1", "FLEET_KAFKA"),
        ("ingester-1", "FLEET_KAFKA"),
    ):
        for target in json.loads(environment(hop)[variable]):
            service, _, port = target.partition(":")
            heard = {"29092"} if service == "kafka" else listening(service)
            assert port in heard
    service, _, port = environment("ingester-1")["JAEGER_OTLP_ENDPOINT"].partition(":")
    assert port in listening(service)
    assert environment("kafka")["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://kafka:29092"


def test_the_topic_holds_the_largest_record_that_a_gateway_sends() -> None:
    exporter = configs("gateway-1")[0]["exporters"]["kafka"]
    assert (
        f"--config=max.message.bytes={exporter['producer']['max_message_bytes']}"
        in SERVICES["topic"]["command"]
    )
    assert f"--topic={exporter['traces']['topic']}" in SERVICES["topic"]["command"]


def test_health_checks_ask_where_something_listens() -> None:
    asked = re.findall(r"([a-z]+(?:-\d)?):(\d+)", SERVICES["collectors-ready"]["healthcheck"]["test"][-1])
    assert {name for name in CONFIGURED if not name.startswith("jaeger")} == {name for name, _ in asked}
    assert [] == [name for name, port in asked if port not in listening(name)]
    for name in ("jaeger-write", "jaeger-query"):
        url = SERVICES[name]["healthcheck"]["test"][-1]
        assert re.findall(r":(\d+)/status", url)[0] in listening(name)
