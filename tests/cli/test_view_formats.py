"""`langspan view` on other formats: binary OTLP, and what Jaeger downloads. All draw the same tree."""

from __future__ import annotations

import json

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from langspan.export.file import OtlpJsonFileExporter


@pytest.fixture
def spans():
    """A trace with numbers, an error, and content with a line feed."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("outer", attributes={"a": [1, 2], "b": True, "c": 0.5}):
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 12, "error.type": "a.B"}
        with tracer.start_as_current_span("chat m", attributes=attributes) as inner:
            inner.set_status(StatusCode.ERROR, "line\nfeed")
    return memory.get_finished_spans()


@pytest.fixture
def expected(spans, tmp_path, view):
    """What is drawn of the same trace from JSON lines."""
    exporter = OtlpJsonFileExporter(tmp_path / "json")
    exporter.export(spans)
    exporter.shutdown()
    code, out, _ = view((tmp_path / "json").read_bytes())
    assert (0, True) == (code, "✗ a.B: line feed" in out)
    return out


def test_one_binary_request_is_drawn(view, spans, expected):
    assert (0, expected, "") == view(encode_spans(spans).SerializeToString())


def test_binary_requests_with_their_lengths_are_drawn(view, spans, expected):
    """As the collector's file exporter writes them."""
    requests = [encode_spans([span]).SerializeToString() for span in spans]
    data = b"".join(len(request).to_bytes(4) + request for request in requests)
    assert (0, expected, "") == view(data)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda data: len(data).to_bytes(4) + data[:-1], "request 1 is cut off", id="cut off"),
        pytest.param(
            lambda data: data[:-1], "is it compressed, or binary OTLP of another signal", id="short"
        ),
    ],
)
def test_broken_binary_requests_are_named(view, spans, change, problem):
    code, out, err = view(change(encode_spans(spans).SerializeToString()))
    assert (1, "") == (code, out)
    assert problem in err


def tag(key, kind, value):
    return {"key": key, "type": kind, "value": value}


def jaeger(spans):
    """The same spans as Jaeger's UI downloads them."""
    return {
        "data": [
            {
                "traceID": f"{spans[0].context.trace_id:032x}",
                "spans": [jaeger_span(span) for span in spans],
                "processes": {"p1": {"serviceName": "shop", "tags": []}},
            }
        ],
        "total": 0,
        "errors": None,
    }


def jaeger_span(span):
    trace_id = f"{span.context.trace_id:032x}"
    kinds = {bool: "bool", int: "int64", float: "float64"}
    tags = [tag(key, kinds.get(type(value), "string"), value) for key, value in span.attributes.items()]
    if span.status.status_code is StatusCode.ERROR:
        tags += [
            tag("otel.status_code", "string", "ERROR"),
            tag("error", "bool", True),
            tag("otel.status_description", "string", span.status.description),
        ]
    parent = span.parent and {
        "refType": "CHILD_OF",
        "traceID": trace_id,
        "spanID": f"{span.parent.span_id:016x}",
    }
    link = {"refType": "FOLLOWS_FROM", "traceID": "f" * 32, "spanID": "f" * 16}
    return {
        "traceID": trace_id,
        "spanID": f"{span.context.span_id:016x}",
        "operationName": span.name,
        "references": [link, *([parent] if parent else [])],
        "startTime": span.start_time // 1000,
        "duration": (span.end_time - span.start_time) // 1000,
        "tags": tags,
        "logs": [],
        "processID": "p1",
    }


@pytest.mark.parametrize("indent", [None, 2])
def test_what_jaeger_downloads_is_drawn(view, spans, expected, indent):
    code, out, err = view(json.dumps(jaeger(spans), indent=indent))
    assert (0, "") == (code, err)
    drawn, wanted = (
        [line.split("━")[0].split() for line in text.splitlines()[3:]] for text in (out, expected)
    )
    assert wanted == drawn
    assert out.splitlines()[-1].endswith("12  ✗ a.B: line feed")


def test_what_jaegers_newer_interface_answers_is_drawn(view, spans, expected, tmp_path):
    item = json.loads((tmp_path / "json").read_text("utf-8"))
    assert (0, expected, "") == view(json.dumps({"result": item}))
