"""The shipped collector with sampling.yaml on top: what arrives is what its policies keep, trace by trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import NonRecordingSpan, Status, StatusCode, set_span_in_context

from support.backends import (
    COLLECTOR_CONFIG,
    Backends,
    Collector,
    free_ports,
    get,
    running_collector,
    running_jaeger,
    wait_until,
)
from support.handmade import HandMade, send
from support.sampling_policies import POLICIES, Trace, by_id, decided, wanted
from support.sampling_policies import SETTINGS as POLICY_SETTINGS
from support.sending_apps import run_app

pytest.importorskip("langgraph", reason="the application needs it: pip install langgraph langchain")

APP = Path(__file__).with_name("sampling_app.py")
SAMPLING = COLLECTOR_CONFIG.with_name("sampling.yaml")
WITHIN = 60.0
SMALL_QUEUE = "exporters: {otlp_grpc/jaeger: {sending_queue: {queue_size: 20000, batch: {min_size: 1000}}}}"
"""Bytes: for the smaller part of what is sent."""
SETTINGS = {"OTELCOL_SPAN_METRICS_EVERY": "1s", **POLICY_SETTINGS}


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    folder = tmp_path_factory.mktemp("sampling")
    with (
        running_jaeger(folder) as jaeger,
        running_collector(folder, jaeger.otlp, env=SETTINGS, more=[SAMPLING]) as collector,
    ):
        yield Backends(collector, jaeger)


@pytest.fixture(scope="module")
def made(backends: Backends) -> dict[str, Trace]:
    """The traces of the application, all of them decided on."""
    before = decided(get(backends.collector.own))
    found = by_id(run_app(APP, backends.collector))

    def since() -> int:
        return decided(get(backends.collector.own)) - before

    wait_until(
        lambda: since() >= len(found), WITHIN, lambda: f"{since()} of {len(found)} traces are decided on"
    )
    return found


def test_each_policy_is_said_here_too() -> None:
    policies = yaml.safe_load(re.sub(r"\$\{.*?:-(.*?)\}", r"\1", SAMPLING.read_text()))["processors"]
    assert [*POLICIES] == [policy["name"] for policy in policies["tail_sampling"]["policies"]]


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "share"])
def test_the_mix_has_traces_that_only_one_policy_keeps(made: dict[str, Trace], policy: str) -> None:
    """So that each policy is needed, and seen to work."""
    reasons = [{name for name, keeps in POLICIES.items() if keeps(trace)} for trace in made.values()]
    assert {policy} in reasons


def test_the_mix_has_traces_of_which_nothing_is_kept(made: dict[str, Trace]) -> None:
    left_out = [trace for trace in made.values() if not any(keeps(trace) for keeps in POLICIES.values())]
    assert len(made) / 5 < len(left_out) < len(made)


def test_the_traces_that_arrive_are_those_that_the_policies_keep_and_whole(
    backends: Backends, made: dict[str, Trace]
) -> None:
    expected = wanted(made)
    for trace_id, spans in expected.items():
        backends.jaeger.trace(trace_id, spans=len(spans), within=WITHIN)

    arrived = {trace_id: backends.jaeger.stored(trace_id) for trace_id in made}

    assert expected == {trace_id: spans for trace_id, spans in arrived.items() if spans}


def test_numbers_count_every_span(backends: Backends, made: dict[str, Trace]) -> None:
    """Also of traces that are left out."""
    spans = sum(map(len, made.values()))

    def counted() -> int:
        page = (get(backends.collector.metrics) or b"").decode()
        found = re.findall(
            r'^traces_span_metrics_calls_total{.*service_name="forecaster".*} (\S+)$', page, re.MULTILINE
        )
        return int(sum(map(float, found)))

    wait_until(lambda: counted() == spans, WITHIN, lambda: f"{counted()} of {spans} spans are counted")


def failed_trace(text: str = "") -> HandMade:
    """A trace of one span, which failed."""
    trace = HandMade()
    root = trace.tracer.start_span("root", attributes={"text": text})
    root.set_status(Status(StatusCode.ERROR))
    root.end()
    return trace


def test_what_comes_after_the_decision_goes_the_way_of_its_trace(backends: Backends) -> None:
    trace = failed_trace()
    send(trace.spans, backends.collector)
    backends.jaeger.trace(trace.trace_id, within=WITHIN)

    root = NonRecordingSpan(trace.spans[0].context)
    trace.tracer.start_span("late", set_span_in_context(root)).end()
    send(trace.spans[1:], backends.collector)

    assert ["root", "late"] == [span.name for span in backends.jaeger.trace(trace.trace_id, 2, WITHIN)]


def test_a_trace_whose_root_is_elsewhere_is_decided_on_in_the_end(tmp_path: Path, backends: Backends) -> None:
    trace = HandMade()
    root = trace.tracer.start_span("elsewhere")
    child = trace.tracer.start_span("here", set_span_in_context(root))
    child.set_status(Status(StatusCode.ERROR))
    child.end()
    env = {**SETTINGS, "OTELCOL_SAMPLING_WAIT_AT_MOST": "3s"}
    with running_collector(tmp_path, backends.jaeger.otlp, env=env, more=[SAMPLING]) as collector:
        send(trace.spans, collector)
        assert ["here"] == [span.name for span in backends.jaeger.trace(trace.trace_id, within=WITHIN)]


def test_what_waits_for_its_decision_is_decided_on_when_the_collector_is_stopped(
    tmp_path: Path, backends: Backends
) -> None:
    """By SIGTERM, as docker does it. What does not get out any more is sent after the next start."""
    trace = failed_trace()
    env = {**SETTINGS, "OTELCOL_SAMPLING_WAIT": "60s"}
    with running_collector(tmp_path, backends.jaeger.otlp, env=env, more=[SAMPLING]) as collector:
        send(trace.spans, collector)

        collector.service.stop()
        collector.service.start()

        assert ["root"] == [span.name for span in backends.jaeger.trace(trace.trace_id, within=WITHIN)]


def test_what_was_decided_to_keep_waits_for_room_in_the_queue(tmp_path: Path) -> None:
    """Nobody is there any more to be told to try again: what does not fit would be lost."""
    (port,) = free_ports(1)
    small = tmp_path / "small.yaml"
    small.write_text(SMALL_QUEUE)
    traces = [failed_trace("x" * 5_000) for _ in range(20)]
    with running_collector(tmp_path, f"127.0.0.1:{port}", env=SETTINGS, more=[SAMPLING, small]) as collector:
        for trace in traces:
            assert SpanExportResult.SUCCESS is send(trace.spans, collector, "http")
        wait_until(lambda: queued(collector) > 0.5, WITHIN, lambda: "the queue does not fill")

        with running_jaeger(tmp_path, port) as jaeger:
            for trace in traces:
                jaeger.trace(trace.trace_id, within=WITHIN)


def queued(collector: Collector) -> float:
    """Return how full the queue is."""
    page = (get(collector.own) or b"").decode()
    size, capacity = (
        float(re.findall(rf"^otelcol_exporter_queue_{what}{{.*}} (\S+)$", page, re.MULTILINE)[0])
        for what in ("size", "capacity")
    )
    return size / capacity
