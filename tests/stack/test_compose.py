"""docker-compose.yml: valid, pinned, closed to the outside, and in agreement with the files it mounts."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from support.backends import REPOSITORY

FILE = REPOSITORY / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{(?:env:)?(\w+):-([^}]*)\}")
# What the Go runtime reads; all other variables are for our configuration files.
RUNTIME = {"GOMEMLIMIT"}
UNITS = {"m": 1, "g": 1024, "MiB": 1, "GiB": 1024}

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
configured = {name: SERVICES[name] for name in ("jaeger", "otel-collector")}
each_configured = pytest.mark.parametrize("service", configured.values(), ids=configured)


def unset(text: object) -> str:
    """Return a text as it is when the host sets no variable."""
    return VARIABLE.sub(r"\2", str(text))


def environment(service: dict[str, Any]) -> dict[str, str]:
    return {key: unset(value) for key, value in service["environment"].items()}


def ports(service: dict[str, Any]) -> list[list[str]]:
    """Return what a service publishes: address, port of the host, port of the container."""
    return [unset(port).split(":") for port in service.get("ports", [])]


def mounts(service: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the files of this repository that a service sees: source, target, mode."""
    split = [volume.split(":") for volume in service.get("volumes", [])]
    return [(source, inside, *mode) for source, inside, *mode in split if source.startswith(".")]  # type: ignore[misc]


def volumes(service: dict[str, Any]) -> dict[str, str]:
    """Return the named volumes of a service, each with where it is mounted."""
    split = [volume.split(":") for volume in service.get("volumes", [])]
    return {source: inside for source, inside, *_ in split if not source.startswith(".")}


def config_text(service: dict[str, Any]) -> str:
    """Return the file that the service's --config names."""
    (target,) = [argument.removeprefix("--config=") for argument in service["command"]]
    (source,) = [source for source, inside, _ in mounts(service) if inside == target]
    return (REPOSITORY / source).read_text()


def config(service: dict[str, Any]) -> Any:
    """Return the configuration as the container sees it."""
    seen = environment(service)
    return yaml.safe_load(VARIABLE.sub(lambda found: seen.get(found[1], found[2]), config_text(service)))


def endpoints(node: Any) -> list[str]:
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key == "endpoint"]
    return own + [found for value in node.values() for found in endpoints(value)]


def listening(service: dict[str, Any]) -> set[str]:
    """Return the ports on which a service answers other containers."""
    return {
        port for host, _, port in (e.rpartition(":") for e in endpoints(config(service))) if host == "0.0.0.0"
    }


def megabytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([a-zA-Z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def test_the_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == result.returncode, result.stdout


@each_service
def test_images_are_pinned_by_one_variable_each(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\$\{[A-Z]+_VERSION:-\d+\.\d+\.\d+\}(-slim)?", service["image"])


def test_the_collector_is_the_version_that_the_tests_run() -> None:
    build = (REPOSITORY / "collector-config" / "backends" / "build.sh").read_text()
    tested = re.findall(r"^OTELCOL_VERSION=(\S+)", build, re.MULTILINE)
    assert tested == re.findall(r":-(.*)}", SERVICES["otel-collector"]["image"])


@each_service
def test_ports_are_open_on_this_machine_only(service: dict[str, Any]) -> None:
    assert {"127.0.0.1"} >= {address for address, _, _ in ports(service)}


@each_service
def test_every_open_port_is_a_variable(service: dict[str, Any]) -> None:
    """Two stacks fit on one machine."""
    assert [] == [port for port in service.get("ports", []) if len(VARIABLE.findall(port)) != 1]


@each_configured
def test_a_port_has_the_name_that_the_configuration_reads_without_docker(service: dict[str, Any]) -> None:
    read = {name for name, _ in VARIABLE.findall(config_text(service))}
    assert read >= {name for port in service["ports"] for name, _ in VARIABLE.findall(port)}


def test_the_well_known_ports_are_open() -> None:
    published = {(host, inside) for service in configured.values() for _, host, inside in ports(service)}
    assert {(str(port), str(port)) for port in (4317, 4318, 8889, 13133, 16686)} == published


@each_configured
def test_behind_every_open_port_something_listens(service: dict[str, Any]) -> None:
    assert listening(service) >= {inside for _, _, inside in ports(service)}


@each_configured
def test_every_variable_is_one_that_the_configuration_reads(service: dict[str, Any]) -> None:
    read = {name for name, _ in VARIABLE.findall(config_text(service))}
    assert read | RUNTIME >= environment(service).keys()


@each_service
def test_what_is_mounted_exists_and_cannot_be_written(service: dict[str, Any]) -> None:
    """And is labelled for containers where SELinux is on."""
    assert {"ro,z"} >= {mode for _, _, mode in mounts(service)}
    assert [] == [source for source, _, _ in mounts(service) if not (REPOSITORY / source).exists()]


def test_jaeger_finds_its_ui_configuration() -> None:
    jaeger = SERVICES["jaeger"]
    path = config(jaeger)["extensions"]["jaeger_query"]["ui"]["config_file"]
    assert path in {inside for _, inside, _ in mounts(jaeger)}


def test_the_collector_sends_to_the_port_where_jaeger_listens() -> None:
    endpoint = config(SERVICES["otel-collector"])["exporters"]["otlp_grpc/jaeger"]["endpoint"]
    assert ("0.0.0.0:" + endpoint.removeprefix("jaeger:")) == (
        config(SERVICES["jaeger"])["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]
    )


@pytest.mark.parametrize(("checked", "target"), [("jaeger", "jaeger"), ("collector-ready", "otel-collector")])
def test_health_checks_ask_where_the_health_extension_answers(checked: str, target: str) -> None:
    url = SERVICES[checked]["healthcheck"]["test"][-1]
    host = "127.0.0.1" if checked == target else target
    extensions = config(SERVICES[target])["extensions"]
    health = extensions.get("health_check") or extensions["healthcheckv2"]["http"]
    path = "/" if "health_check" in extensions else "/status"
    assert f"http://{host}{health['endpoint'].removeprefix('0.0.0.0')}{path}" == url


@each_service
def test_memory_is_limited(service: dict[str, Any]) -> None:
    assert megabytes(service["mem_limit"]) <= 4096


@each_configured
def test_the_go_runtime_stays_below_the_memory_limit(service: dict[str, Any]) -> None:
    assert megabytes(environment(service)["GOMEMLIMIT"]) <= 0.8 * megabytes(service["mem_limit"])


@each_service
def test_processes_are_limited(service: dict[str, Any]) -> None:
    assert 256 == service["pids_limit"]


@each_service
def test_no_service_runs_as_root_but_the_one_that_gives_files_away(service: dict[str, Any]) -> None:
    """One variable names the user, for a checkout that only its owner can read."""
    assert service is SERVICES["volumes-ready"] or "10001:10001" == unset(service["user"])


@each_service
def test_services_have_no_rights_to_speak_of(service: dict[str, Any]) -> None:
    assert "privileged" not in service
    assert (True, ["ALL"], ["no-new-privileges:true"]) == (
        service["read_only"],
        service["cap_drop"],
        service["security_opt"],
    )


def test_one_service_may_give_files_away_and_nothing_else() -> None:
    """It has no network, and ends before anything that uses its volumes starts."""
    assert {"volumes-ready": ["CHOWN"]} == {n: s["cap_add"] for n, s in SERVICES.items() if "cap_add" in s}
    ready = SERVICES["volumes-ready"]
    assert ("none", "no") == (ready["network_mode"], ready["restart"])
    assert ["chown", SERVICES["jaeger"]["user"], *volumes(ready).values()] == ready["command"]


@pytest.mark.parametrize(
    ("service", "kept"),
    [("jaeger", "traces"), ("otel-collector", "queue")],
)
def test_what_has_to_outlive_a_container_is_on_a_volume_that_was_given_to_its_user(
    service: str, kept: str
) -> None:
    seen = config(SERVICES[service])["extensions"]
    folders = (
        {seen["file_storage/queue"]["directory"], seen["file_storage/queue"]["compaction"]["directory"]}
        if service == "otel-collector"
        else {
            folder.rpartition("/")[0]
            for folder in seen["jaeger_storage"]["backends"]["badger"]["badger"]["directories"].values()
        }
    )
    (folder,) = folders
    assert {kept: folder} == volumes(SERVICES[service])
    assert kept in COMPOSE["volumes"]
    assert kept in volumes(SERVICES["volumes-ready"])


def test_no_volume_without_a_name_is_left_behind() -> None:
    """Jaeger's image declares /tmp as one."""
    assert ["/tmp"] == SERVICES["jaeger"]["tmpfs"]


@pytest.mark.parametrize(
    ("service", "first", "when"),
    [
        ("jaeger", "volumes-ready", "service_completed_successfully"),
        ("otel-collector", "jaeger", "service_healthy"),
        ("demo", "collector-ready", "service_healthy"),
    ],
    ids=["jaeger", "collector", "demo"],
)
def test_a_service_waits_for_what_it_needs(service: str, first: str, when: str) -> None:
    assert {first: {"condition": when}} == SERVICES[service]["depends_on"]


def test_the_demo_and_the_numbers_start_on_request_only() -> None:
    assert {"demo": ["demo"], "prometheus": ["metrics"], "grafana": ["metrics"]} == {
        name: s["profiles"] for name, s in SERVICES.items() if "profiles" in s
    }


def test_the_demo_sends_to_a_port_of_the_collector() -> None:
    endpoint = environment(SERVICES["demo"])["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert endpoint.removeprefix("http://otel-collector:") in listening(SERVICES["otel-collector"])


def test_the_demo_installs_what_it_mounts() -> None:
    """The build needs the files that pyproject.toml names; the command needs the module that it runs."""
    demo = SERVICES["demo"]
    mounted = {inside.removeprefix("/langspan/") for _, inside, _ in mounts(demo)}
    assert {"pyproject.toml", "README.md", "LICENSE", "src"} == mounted
    assert "'/langspan[demo]'" in demo["command"][-1]
    assert "python -m langspan.cli demo --no-file" in demo["command"][-1]
    assert (REPOSITORY / "src" / "langspan" / "cli" / "__main__.py").is_file()
