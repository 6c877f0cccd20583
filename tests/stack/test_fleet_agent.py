"""The fleet's agent, run: what it does with each signal, and what it keeps while its gateway is away."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from support.backends import free_ports, get, running, wait_until
from support.fleet import Member, collector
from support.handmade import HandMade
from support.otlp import receive

CANARY = "canary-of-the-agents-log"
ARRIVE_WITHIN = 30.0
GRACE = 2.0
"""Seconds that the agent is given to end; docker-compose.scale.yml gives it more."""
REQUESTS = 60
"""More than the consumers of its queue."""


def agent(folder: Path, gateway: int) -> Member:
    """Describe an agent whose only gateway is on a port of this machine."""
    return collector(folder, "agent", 0, {"FLEET_GATEWAYS": json.dumps([f"127.0.0.1:{gateway}"])})


def send(to: Member, signal: str, items: dict[str, Any]) -> None:
    """Send what an application would."""
    answer = httpx.post(f"http://127.0.0.1:{to.ports['http']}/v1/{signal}", json=items, trust_env=False)
    assert (200, {"partialSuccess": {}}) == (answer.status_code, answer.json())


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """An agent without a gateway, which takes spans only to keep them."""
    (nobody,) = free_ports(1)
    with running(agent(tmp_path_factory.mktemp("agent"), nobody)) as member:
        yield member


def test_what_applications_measure_is_on_its_page(alone: Member) -> None:
    points = [{"asInt": "7", "startTimeUnixNano": "1", "timeUnixNano": "2"}]
    counted = {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": True}
    measured = [{"scopeMetrics": [{"metrics": [{"name": "tokens", "sum": counted}]}]}]

    send(alone, "metrics", {"resourceMetrics": measured})

    page = (get(f"http://127.0.0.1:{alone.ports['metrics']}/metrics") or b"").decode()
    assert ["7"] == re.findall(r"^tokens_total(?:{.*})? (\S+)", page, re.MULTILINE)


def test_logs_are_counted_and_their_content_is_not_printed(alone: Member) -> None:
    records = [{"body": {"stringValue": CANARY}}] * 17

    send(alone, "logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})

    wait_until(lambda: '"log records": 17' in alone.log.read_text(), ARRIVE_WITHIN, alone.log.read_text)
    assert CANARY not in alone.log.read_text()


def end_by_force(member: Member) -> None:
    """Ask it to end, and kill it after a while, as compose and `down.sh` do."""
    assert member.process is not None
    member.process.terminate()
    try:
        member.process.wait(GRACE)
    except subprocess.TimeoutExpired:
        member.kill()


def test_an_agent_that_is_killed_while_its_gateway_is_away_has_everything_when_both_are_back(
    tmp_path: Path,
) -> None:
    """It does not end when asked then; its spans are in its files."""
    (port,) = free_ports(1)
    member = agent(tmp_path, port)
    member.start()
    sent: set[str] = set()
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{member.ports['http']}/v1/traces")
    for _ in range(REQUESTS):
        made = HandMade()
        made.tracer.start_span("kept").end()
        assert SpanExportResult.SUCCESS is exporter.export(made.spans)
        sent |= made.parents.keys()
    exporter.shutdown()

    end_by_force(member)

    with receive("grpc", port=port) as gateway, running(member):
        gateway.wait_for(lambda got: {span.span_id for span in got.spans} >= sent, ARRIVE_WITHIN)
