"""The numbers of docker-compose.yml, and docker-compose.sampling.yml: in agreement with what they mount."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from support.backends import COLLECTOR_CONFIG, JAEGER_CONFIG, REPOSITORY

FOLDER = COLLECTOR_CONFIG.parent
VARIABLE = re.compile(r"\$\{(?:env:)?(\w+):-([^}]*)\}")
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NUMBERS = {name: SERVICES[name] for name in ("prometheus", "grafana")}
SAMPLING = REPOSITORY / "docker-compose.sampling.yml"
SAMPLED = yaml.safe_load(SAMPLING.read_text("utf-8"))["services"]["otel-collector"]
PROVISIONING = FOLDER / "grafana" / "provisioning"

each = pytest.mark.parametrize("service", NUMBERS.values(), ids=NUMBERS)


def read(name: str) -> Any:
    """Return a file of collector-config as it is in its container, where no variable is set on the host."""
    seen = SERVICES["otel-collector"]["environment"]
    text = (FOLDER / name).read_text("utf-8")
    return yaml.safe_load(VARIABLE.sub(lambda found: str(seen.get(found[1], found[2])), text))


def mounts(service: dict[str, Any]) -> dict[str, str]:
    """Return what a service sees, by where it sees it."""
    split = [volume.split(":") for volume in service["volumes"]]
    return {inside: source for source, inside, *_ in split}


def test_prometheus_is_the_version_that_the_tests_run() -> None:
    build = (FOLDER / "backends" / "build.sh").read_text("utf-8")
    (tested,) = re.findall(r"^PROMETHEUS_VERSION=(\S+)", build, re.MULTILINE)
    (module,) = re.findall(r"^PROMETHEUS_GO=v0\.3(\S+)", build, re.MULTILINE)
    assert f"prom/prometheus:v${{PROMETHEUS_VERSION:-{tested}}}" == SERVICES["prometheus"]["image"]
    assert tested == f"3.{module}"


def test_prometheus_looks_where_the_collector_shows_its_numbers() -> None:
    collector = read("collector.yaml")
    (reader,) = collector["service"]["telemetry"]["metrics"]["readers"]
    own = reader["pull"]["exporter"]["prometheus"]
    scraped = {
        job["job_name"]: job["static_configs"][0]["targets"]
        for job in read("prometheus.yml")["scrape_configs"]
    }
    assert {
        "applications": [
            collector["exporters"]["prometheus"]["endpoint"].replace("0.0.0.0", "otel-collector")
        ],
        "collector": [f"otel-collector:{own['port']}"],
    } == scraped
    assert "0.0.0.0" == own["host"]


def test_what_applications_say_of_themselves_stays() -> None:
    """Else job and instance would be the collector's."""
    assert read("prometheus.yml")["scrape_configs"][0]["honor_labels"]


@pytest.mark.parametrize("asks", ["jaeger", "grafana"])
def test_jaeger_and_grafana_ask_prometheus_where_it_answers(asks: str) -> None:
    port = VARIABLE.sub(r"\2", SERVICES["prometheus"]["ports"][0]).rpartition(":")[2]
    asked = {
        "jaeger": SERVICES["jaeger"]["environment"]["PROMETHEUS_URL"],
        "grafana": yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text())[
            "datasources"
        ][0]["url"],
    }
    assert f"http://prometheus:{port}" == asked[asks]
    assert "${env:PROMETHEUS_URL:-" in JAEGER_CONFIG.read_text("utf-8")


def test_grafana_finds_its_dashboards_and_the_address_of_jaeger() -> None:
    grafana = SERVICES["grafana"]
    seen = mounts(grafana)
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "langspan.yaml").read_text())["providers"]
    assert "./collector-config/grafana/dashboards" == seen[provider["options"]["path"]]
    assert "./collector-config/grafana/provisioning" == seen[grafana["environment"]["GF_PATHS_PROVISIONING"]]
    folder, _, home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].rpartition("/")
    assert (REPOSITORY / seen[folder] / home).is_file()
    used = re.findall(r"(?<!\$)\$\{(\w+)\}", (PROVISIONING / "datasources" / "prometheus.yaml").read_text())
    assert ["JAEGER_URL"] == used
    assert "JAEGER_URL" in grafana["environment"]


def test_a_point_leads_to_its_trace_by_the_label_that_exemplars_have() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (link,) = source["jsonData"]["exemplarTraceIdDestinations"]
    assert ("trace_id", "${JAEGER_URL}/trace/$${__value.raw}") == (link["name"], link["url"])


def test_nobody_can_log_in_to_grafana() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert ("true", "true", "Viewer") == (
        environment["GF_AUTH_DISABLE_LOGIN_FORM"],
        environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"],
        environment["GF_AUTH_ANONYMOUS_ORG_ROLE"],
    )


@each
def test_numbers_are_kept_on_a_volume_that_was_given_to_its_user(service: dict[str, Any]) -> None:
    """Mounted where the image has no folder: the engine would copy that one's owner."""
    kept = mounts(service)["/var/lib/langspan"]
    assert kept in COMPOSE["volumes"]
    assert kept in mounts(SERVICES["volumes-ready"]).values()


def test_each_program_keeps_its_data_there() -> None:
    assert "--storage.tsdb.path=/var/lib/langspan" in SERVICES["prometheus"]["command"]
    paths = {
        value for name, value in SERVICES["grafana"]["environment"].items() if name.startswith("GF_PATHS_")
    }
    assert [] == [path for path in paths if not path.startswith(("/var/lib/langspan", "/etc/langspan"))]


def test_what_prometheus_keeps_is_bounded_by_time_and_size() -> None:
    flags = " ".join(SERVICES["prometheus"]["command"])
    assert re.search(r"retention\.time=\$\{\w+:-15d\} .*retention\.size=\$\{\w+:-4GB\}", flags)


def test_the_setting_that_samples_follows_the_compose_specification() -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(SAMPLING),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == result.returncode, result.stdout


def test_the_collector_that_samples_reads_both_configurations() -> None:
    seen = mounts(SERVICES["otel-collector"]) | mounts(SAMPLED)
    named = [argument.removeprefix("--config=") for argument in SAMPLED["command"]]
    assert [f"./collector-config/{name}.yaml" for name in ("collector", "sampling")] == [
        seen[path] for path in named
    ]


def test_every_setting_of_sampling_is_a_variable_of_the_same_default() -> None:
    told = dict(VARIABLE.findall((FOLDER / "sampling.yaml").read_text("utf-8")))
    given = {
        name: VARIABLE.fullmatch(str(value))
        for name, value in SAMPLED["environment"].items()
        if name.startswith("OTELCOL_SAMPLING")
    }
    assert told == {name: found[2] for name, found in given.items() if found and found[1] == name}


def test_a_collector_that_samples_has_memory_for_what_waits() -> None:
    assert ("2g", "1600MiB") == (SAMPLED["mem_limit"], SAMPLED["environment"]["GOMEMLIMIT"])
