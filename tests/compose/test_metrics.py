"""docker-compose.yml with the profile `metrics`: an application's numbers reach Prometheus, and are shown.

With images of `tools/compose/standins.sh` there is no Grafana: something that reads Grafana's files stands
in its place. What only Grafana can answer is then skipped, and its container is tried all the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from compose.stack import (
    REPOSITORY,
    Stack,
    assert_no_capability,
    assert_no_rights_and_limits,
    declared,
    is_standin,
    missing_images,
    volumes,
)
from support.backends import get, wait_until
from support.prometheus import RULES
from support.sending_apps import SteadyApp

pytest.importorskip("langgraph", reason="the application needs it: pip install langgraph langchain")

APP = REPOSITORY / "tests" / "stack" / "numbers_app.py"
DASHBOARDS = sorted((REPOSITORY / "collector-config" / "grafana" / "dashboards").glob("*.json"))
WITHIN = 120.0
"""Two looks of Prometheus, 15 s apart, and what comes before and after."""
WINDOW = {"$__rate_interval": "1m", "$__range": "10m", "$service": ".*"}
"""What Grafana puts in place of its variables."""
SENDING = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_METRIC_EXPORT_INTERVAL": "1000"}
NUMBERS = ("prometheus", "grafana")
each_service = pytest.mark.parametrize("name", NUMBERS)


@pytest.fixture(scope="module", autouse=True)
def images(engine: None) -> None:
    if reason := missing_images("metrics"):
        pytest.skip(reason)


@pytest.fixture(scope="module")
def stack(images: None) -> Iterator[Stack]:
    """The stack with numbers, and an application that makes some."""
    with Stack(REPOSITORY, profiles=("metrics",)) as stack:
        stack.up()
        with SteadyApp(APP, stack.collector, **SENDING) as app:
            app.wait_for_requests(3)
            yield stack


def panels() -> Iterator[Any]:
    """Yield the first query of each panel of the overview."""
    (overview,) = [path for path in DASHBOARDS if path.stem.endswith("overview")]
    for panel in json.loads(overview.read_text("utf-8"))["panels"]:
        yield pytest.param(panel["targets"][0]["expr"], id=panel["title"])


@pytest.mark.parametrize("query", [*panels()])
def test_a_panel_shows_what_an_application_does(stack: Stack, query: str) -> None:
    for variable, value in WINDOW.items():
        query = query.replace(variable, value)

    def shows() -> bool:
        return any("NaN" != one["value"] for one in stack.prometheus.query(query))

    wait_until(shows, WITHIN, lambda: f"no answer to {query}")


def test_prometheus_reaches_all_that_it_looks_at(stack: Stack) -> None:
    def states() -> dict[str, str]:
        targets = stack.prometheus.ask("targets")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}

    wanted = {"applications": "up", "collector": "up"}
    wait_until(lambda: wanted == states(), WITHIN, lambda: str(states()))


def test_every_rule_is_loaded_and_can_be_evaluated(stack: Stack) -> None:
    shipped = yaml.safe_load(RULES.read_text("utf-8"))["groups"]

    def states() -> dict[str, str]:
        groups = stack.prometheus.ask("rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    wanted = {rule["alert"]: "ok" for group in shipped for rule in group["rules"]}
    wait_until(lambda: wanted == states(), WITHIN, lambda: str(states()))


def test_the_monitor_page_of_jaeger_has_numbers(stack: Stack) -> None:
    asks = "lookback=600000&step=15000&ratePer=60000&groupByOperation=true"
    url = f"{stack.jaeger.url}/api/metrics/calls?service=forecaster&spanKind=internal&{asks}"

    def shows() -> bool:
        metrics = json.loads(get(url) or b"{}").get("metrics", [])
        return any(one["metricPoints"] for one in metrics)

    wait_until(shows, WITHIN, lambda: f"nothing at {url}")


def test_numbers_are_there_after_down_and_up(images: None) -> None:
    """Of the time before: what Prometheus sees itself comes anew."""
    with Stack(REPOSITORY, profiles=("metrics",)) as stack:
        stack.up()
        wait_until(lambda: bool(stack.prometheus.query("up")), WITHIN, lambda: "nothing is looked at")
        seen = time.time()

        stack.compose("down", "--timeout", "5")
        stack.up()

        assert stack.prometheus.ask("query", query="up", time=str(seen))["result"]


@each_service
def test_a_service_has_no_rights_and_its_limits(stack: Stack, name: str) -> None:
    assert_no_rights_and_limits(stack.services()[name])


@each_service
def test_a_process_of_a_service_has_no_capability(stack: Stack, name: str) -> None:
    assert_no_capability(stack.services()[name])


def test_all_are_there_and_what_is_asked_for_its_health_is_healthy(stack: Stack) -> None:
    services = stack.services()
    assert declared("metrics") == services.keys()
    assert {"healthy"} == {services[name]["State"]["Health"]["Status"] for name in NUMBERS}


@each_service
def test_a_service_writes_on_its_volume_only(stack: Stack, name: str) -> None:
    """And nothing lies on a volume without a name, of those that images declare."""
    mounts = stack.services()[name]["Mounts"]
    assert [f"{stack.name}_{name}"] == [each["Name"] for each in mounts if each["Type"] == "volume"]


def test_every_file_of_grafana_can_be_read_by_its_user(stack: Stack) -> None:
    environ = dict(
        pair.split("=", 1) for pair in stack.services()["grafana"]["Config"]["Env"] if pair.startswith("GF_")
    )
    home = environ["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    folders = [home.rpartition("/")[0], environ["GF_PATHS_PROVISIONING"]]

    read = stack.compose("exec", "-T", "grafana", "sh", "-c", f"cat $(find {' '.join(folders)} -type f)")

    shipped = [path for path in DASHBOARDS[0].parents[1].rglob("*") if path.is_file()]
    assert sum(len(path.read_bytes()) for path in shipped) == len(read.stdout.encode())


@pytest.fixture
def grafana(stack: Stack) -> str:
    """The address of a real Grafana."""
    if is_standin(stack.services()["grafana"]["Image"]):
        pytest.skip("the image is a stand-in and not Grafana: `docker compose --profile metrics pull`")
    return f"http://127.0.0.1:{stack.ports['GRAFANA_PORT']}"


def test_grafana_shows_every_dashboard_to_who_has_not_logged_in(grafana: str) -> None:
    shipped = {json.loads(path.read_text("utf-8"))["uid"] for path in DASHBOARDS}

    def shown() -> set[str]:
        return {each["uid"] for each in json.loads(get(f"{grafana}/api/search?type=dash-db") or b"[]")}

    wait_until(lambda: shipped == shown(), WITHIN, lambda: str(shown()))


def test_grafana_reaches_prometheus(grafana: str) -> None:
    """Who may look may ask for the health of a source, as for its numbers."""
    url = f"{grafana}/api/datasources/uid/prometheus/health"
    wait_until(lambda: "OK" == json.loads(get(url) or b"{}").get("status"), WITHIN, lambda: f"{get(url)!r}")


def test_nothing_is_left_behind(images: None) -> None:
    before = volumes()
    with Stack(REPOSITORY, profiles=("metrics",)) as other:
        other.up()
        assert other.left()
    assert ([], set()) == (other.left(), volumes() - before)


def test_what_stands_in_for_grafana_says_so(stack: Stack) -> None:
    """Nobody shall take its health for Grafana's."""
    told = json.loads(get(f"http://127.0.0.1:{stack.ports['GRAFANA_PORT']}/api/health") or b"{}")
    assert ("standin" in told) is is_standin(stack.services()["grafana"]["Image"])
