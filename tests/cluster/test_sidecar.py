"""The collector that the operator puts beside an application: what it takes comes to the node's agent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cluster.manifests import effective, of_kind, selected
from docs.pages import page
from support.backends import (
    Collector,
    Jaeger,
    Service,
    binary,
    free_ports,
    get,
    running,
    running_collector,
    running_jaeger,
    wait_until,
)

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
ARRIVE_WITHIN = 20.0
each_cluster = pytest.mark.parametrize("folder", ["base", "sampling", "fleet"])


def config() -> Any:
    (sidecar,) = of_kind("operator", "OpenTelemetryCollector").values()
    return sidecar["spec"]["config"]


def targets() -> set[str]:
    """Return the addresses that a sidecar sends to."""
    return {exporter["endpoint"] for exporter in config()["exporters"].values()}


@each_cluster
def test_a_sidecar_sends_to_the_agents_which_let_every_namespace_in(folder: str) -> None:
    """Gateways take from agents only: a network policy says so."""
    (target,) = targets()
    found = re.fullmatch(r"([a-z-]+)\.langspan:(\d+)", target)
    assert found
    service = of_kind(folder, "Service")[found[1]]["spec"]
    (name,) = [port["targetPort"] for port in service["ports"] if port["port"] == int(found[2])]
    policies = [each for each in of_kind(folder, "NetworkPolicy").values() if each["spec"]["podSelector"]]
    let_in = [
        port["port"]
        for each in policies
        for rule in each["spec"].get("ingress", ())
        if {"namespaceSelector": {}} in rule["from"]
        and all(
            service["selector"].items() <= pod["metadata"]["labels"].items() for pod in selected(each, folder)
        )
        for port in rule["ports"]
    ]
    assert name in let_in


@each_cluster
def test_an_agent_takes_more_than_a_sidecar_may_send(folder: str, tmp_path: Path) -> None:
    """It may put what waits and one large request into one, and a refusal for its size is final."""
    protocols = config()["receivers"]["otlp"]["protocols"]
    accepted = protocols["grpc"]["max_recv_msg_size_mib"] * 2**20
    assert accepted == protocols["http"]["max_request_body_size"]
    agent = effective(folder, "langspan-agent", tmp_path)["receivers"]["otlp"]["protocols"]["grpc"]
    waiting = config()["exporters"]["otlp_grpc/jaeger"]["sending_queue"]["batch"]["min_size"]
    assert accepted + waiting < agent["max_recv_msg_size_mib"] * 2**20


def test_a_sidecar_tells_the_kubelet_that_it_is_alive() -> None:
    """The operator makes a probe of this extension, which asks the address of the pod."""
    assert "0.0.0.0:13133" == config()["extensions"]["health_check"]["endpoint"]


def test_the_page_sends_an_application_to_where_its_sidecar_listens() -> None:
    (told,) = re.findall(
        r"`endpoint: http://localhost:(\d+)`", " ".join(page("docs/recipes/kubernetes.md").prose)
    )
    listening = config()["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert f"127.0.0.1:{told}" == listening


def test_a_sidecar_counts_no_spans_of_its_own() -> None:
    """The agent does, or the gateways: twice would be wrong."""
    assert {"traces", "metrics", "logs"} == config()["service"]["pipelines"].keys()
    assert "connectors" not in config()


@pytest.fixture(scope="module")
def hops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Collector, Jaeger]]:
    """The address of a sidecar, the agent behind it, and the Jaeger behind that."""
    folder = tmp_path_factory.mktemp("sidecar")
    grpc, http, health, own = free_ports(4)
    with running_jaeger(folder, store="memory") as jaeger, running_collector(folder, jaeger.otlp) as agent:
        text = json.dumps(config())
        for shipped, here in (
            *((target, agent.grpc.removeprefix("http://")) for target in targets()),
            (":4317", f":{grpc}"),
            (":4318", f":{http}"),
            (":13133", f":{health}"),
            ("18888", str(own)),
            ("/var/lib/langspan", str(folder / "queue")),
        ):
            assert shipped in text
            text = text.replace(shipped, here)
        (folder / "sidecar.json").write_text(text)
        command: list[Path | str] = [binary("otelcol"), "--config", folder / "sidecar.json"]
        health_url = f"http://127.0.0.1:{health}/"
        with running(Service(command, {}, health_url, folder / "sidecar.log")):
            yield f"http://127.0.0.1:{http}", agent, jaeger


def send(sidecar: str, signal: str, items: dict[str, Any]) -> None:
    """Send what an application would."""
    answer = httpx.post(f"{sidecar}/v1/{signal}", json=items, trust_env=False)
    assert (200, {"partialSuccess": {}}) == (answer.status_code, answer.json())


def test_spans_come_to_jaeger_by_way_of_the_agent(hops: tuple[str, Collector, Jaeger]) -> None:
    sidecar, _, jaeger = hops
    span = {"traceId": TRACE, "spanId": SPAN, "name": "run", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    send(sidecar, "traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    assert [SPAN] == [found.span_id for found in jaeger.trace(TRACE, within=ARRIVE_WITHIN)]


def test_metrics_are_on_the_page_of_the_agent(hops: tuple[str, Collector, Jaeger]) -> None:
    sidecar, agent, _ = hops
    points = [{"asInt": "7", "startTimeUnixNano": "1", "timeUnixNano": "2"}]
    tokens = {
        "name": "tokens",
        "sum": {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": True},
    }
    send(sidecar, "metrics", {"resourceMetrics": [{"scopeMetrics": [{"metrics": [tokens]}]}]})

    def page() -> str:
        return (get(agent.metrics) or b"").decode()

    wait_until(lambda: bool(re.search(r"^tokens_total.* 7", page(), re.MULTILINE)), ARRIVE_WITHIN, page)


def test_logs_are_counted_by_the_agent(hops: tuple[str, Collector, Jaeger]) -> None:
    sidecar, agent, _ = hops
    records = [{"body": {"stringValue": "some"}}] * 17
    send(sidecar, "logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})
    wait_until(lambda: '"log records": 17' in agent.log.read_text(), ARRIVE_WITHIN, agent.log.read_text)
