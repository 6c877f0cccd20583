"""From an OpenTelemetry SDK through the real collector into the real Jaeger, and back through its API."""

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from support.backends import Backends, free_ports, running_collector, running_jaeger
from support.handmade import HandMade, request_size, send
from support.otlp_data import Span

MIB = 1024 * 1024
PROMPT = "gen_ai.input.messages"


def parents(spans: list[Span]) -> dict[str, str | None]:
    """Return each span's id with its parent's."""
    return {span.span_id: span.parent_id for span in spans}


def six_megabytes() -> HandMade:
    """Make a root with 30 spans of 200 kB each."""
    made = HandMade()
    with made.tracer.start_as_current_span("root"):
        for number in range(30):
            made.tracer.start_span(f"child {number}", attributes={PROMPT: "x" * 200_000}).end()
    assert request_size(made.spans) > 6_000_000
    return made


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_parents_arrive_unchanged(backends: Backends, protocol: str) -> None:
    made = HandMade()
    tracer = made.tracer
    with tracer.start_as_current_span("root"), tracer.start_as_current_span("middle"):
        tracer.start_span("leaf 1").end()
        tracer.start_span("leaf 2").end()

    assert SpanExportResult.SUCCESS is send(made.spans, backends.collector, protocol)

    assert made.parents == parents(backends.jaeger.trace(made.trace_id, spans=4))


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_every_field_of_a_span_arrives_unchanged(backends_in_memory: Backends, protocol: str) -> None:
    made = HandMade()
    attributes: dict[str, Any] = {
        "gen_ai.request.model": "größer-模型",
        "gen_ai.usage.input_tokens": 2**40,
        "gen_ai.request.temperature": 0.25,
        "gen_ai.request.stream": False,
        "gen_ai.response.finish_reasons": ["stop", "length"],
    }
    with made.tracer.start_as_current_span("earlier") as earlier:
        links = [Link(earlier.get_span_context(), {"why": "resumed"})]
        span = made.tracer.start_span("chat m", kind=SpanKind.CLIENT, attributes=attributes, links=links)
        span.add_event("exception", {"exception.type": "TimeoutError"})
        span.set_status(Status(StatusCode.ERROR, "TimeoutError"))
        span.end()

    assert SpanExportResult.SUCCESS is send(made.spans, backends_in_memory.collector, protocol)

    earlier_stored, stored = backends_in_memory.jaeger.trace(made.trace_id, spans=2)
    original = made.spans[0]
    assert ("chat m", "CLIENT") == (stored.name, stored.kind)
    assert ("ERROR", "TimeoutError") == (stored.status, stored.status_message)
    assert attributes == stored.attributes
    assert [("exception", {"exception.type": "TimeoutError"})] == [
        (e.name, e.attributes) for e in stored.events
    ]
    assert [(earlier_stored.span_id, {"why": "resumed"})] == [(k.span_id, k.attributes) for k in stored.links]
    assert (original.start_time, original.end_time) == (stored.start, stored.end)
    assert ("stack", "1.0") == (stored.scope.name, stored.scope.version)
    assert "stack-test" == stored.resource["service.name"]


def test_a_trace_of_6_mb_in_requests_below_4_mib_arrives_whole(backends_in_memory: Backends) -> None:
    made = six_megabytes()
    requests = [made.spans[start : start + 15] for start in range(0, 31, 15)]
    assert max(map(request_size, requests)) < 4 * MIB

    assert {SpanExportResult.SUCCESS} == {send(request, backends_in_memory.collector) for request in requests}

    stored = backends_in_memory.jaeger.trace(made.trace_id, spans=31)
    assert made.parents == parents(stored)
    assert 30 * 200_000 == sum(len(span.attributes.get(PROMPT, "")) for span in stored)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_one_request_of_6_mb_passes_every_hop(backends_in_memory: Backends, protocol: str) -> None:
    made = six_megabytes()

    assert SpanExportResult.SUCCESS is send(made.spans, backends_in_memory.collector, protocol)

    assert made.parents == parents(backends_in_memory.jaeger.trace(made.trace_id, spans=31))


def test_a_span_of_20_mb_arrives_together_with_its_neighbours(backends_in_memory: Backends) -> None:
    """With a size limit on the collector's batches, all three would be dropped."""
    made = HandMade()
    with made.tracer.start_as_current_span("root"):
        made.tracer.start_span("small").end()
        made.tracer.start_span("big", attributes={PROMPT: "x" * 20_000_000}).end()

    assert SpanExportResult.SUCCESS is send(made.spans, backends_in_memory.collector)

    stored = backends_in_memory.jaeger.trace(made.trace_id, spans=3)
    assert {"root": 0, "small": 0, "big": 20_000_000} == {
        s.name: len(s.attributes.get(PROMPT, "")) for s in stored
    }


def test_spans_sent_while_jaeger_is_away_arrive_when_it_is_back(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    made = HandMade()
    made.tracer.start_span("patient").end()

    with running_collector(tmp_path, f"127.0.0.1:{port}") as collector:
        assert SpanExportResult.SUCCESS is send(made.spans, collector)
        with running_jaeger(tmp_path, otlp_port=port) as jaeger:
            assert ["patient"] == [span.name for span in jaeger.trace(made.trace_id)]
