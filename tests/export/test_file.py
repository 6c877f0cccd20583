from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from langspan.export.file import OtlpJsonFileExporter
from support.otlp_data import decode


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spans.jsonl"


@pytest.fixture
def provider(path):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OtlpJsonFileExporter(path)))
    yield provider
    provider.shutdown()


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def spans(line):
    return line["resourceSpans"][0]["scopeSpans"][0]["spans"]


def from_otlp_json(line):
    """Parse OTLP JSON strictly, after turning its hexadecimal ids into the base64 of Protobuf's JSON."""
    import base64

    for span in spans(line):
        for record in (span, *span.get("links", ())):
            for key in record.keys() & {"traceId", "spanId", "parentSpanId"}:
                record[key] = base64.b64encode(bytes.fromhex(record[key])).decode()
    return ParseDict(line, TracesData())


def test_a_line_read_back_is_the_span_that_was_written(provider, path):
    tracer = provider.get_tracer("scope", "1.0")
    first = tracer.start_span("first")
    link = Link(first.get_span_context(), {"why": "resumed"})
    attributes = {"text": "日本語 🙂", "int": 2**53 + 1, "float": 0.5, "bool": True, "list": ["a", "b"]}
    with tracer.start_as_current_span("s", kind=SpanKind.CLIENT, links=[link], attributes=attributes) as span:
        span.add_event("e", {"k": 1})
        span.set_status(Status(StatusCode.ERROR, "boom"))
    [read] = decode(from_otlp_json(lines(path)[0]))
    context = span.get_span_context()
    assert ("s", "CLIENT", "ERROR", "boom") == (read.name, read.kind, read.status, read.status_message)
    assert (f"{context.trace_id:032x}", f"{context.span_id:016x}") == (read.trace_id, read.span_id)
    assert attributes == read.attributes
    assert (("e", {"k": 1}),) == tuple((event.name, event.attributes) for event in read.events)
    assert (f"{first.get_span_context().span_id:016x}",) == tuple(link.span_id for link in read.links)
    assert (span.start_time, span.end_time) == (read.start, read.end)


def test_ids_are_lower_case_hexadecimal(provider, path):
    with provider.get_tracer("t").start_as_current_span("parent") as parent:
        provider.get_tracer("t").start_span("child").end()
    [child] = spans(lines(path)[0])
    context = parent.get_span_context()
    assert f"{context.trace_id:032x}" == child["traceId"]
    assert f"{context.span_id:016x}" == child["parentSpanId"]


def test_enums_are_numbers_and_long_integers_are_strings(provider, path):
    provider.get_tracer("t").start_span("s", kind=SpanKind.CLIENT, attributes={"n": 7}).end()
    [span] = spans(lines(path)[0])
    assert 3 == span["kind"]
    assert {"intValue": "7"} == span["attributes"][0]["value"]
    assert isinstance(span["startTimeUnixNano"], str)


def test_each_export_is_one_line(provider, path):
    for name in ("a", "line\nbreak"):
        provider.get_tracer("t").start_span(name).end()
    assert [["a"], ["line\nbreak"]] == [[span["name"] for span in spans(line)] for line in lines(path)]


def test_an_existing_file_is_continued(provider, path):
    provider.get_tracer("t").start_span("old").end()
    exporter = OtlpJsonFileExporter(path)
    exporter.shutdown()
    provider.get_tracer("t").start_span("new").end()
    assert ["old", "new"] == [spans(line)[0]["name"] for line in lines(path)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_file_is_readable_by_its_owner_only(provider, path):
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_a_path_that_cannot_be_written_is_an_error_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        OtlpJsonFileExporter(tmp_path / "missing" / "spans.jsonl")


def test_the_path_comes_from_the_environment_by_default(tmp_path, monkeypatch):
    monkeypatch.setenv("LANGSPAN_FILE", str(tmp_path / "named"))
    exporter = OtlpJsonFileExporter()
    exporter.shutdown()
    assert tmp_path / "named" == exporter.path


def test_after_a_shutdown_nothing_is_written(path):
    exporter = OtlpJsonFileExporter(path)
    exporter.shutdown()
    assert SpanExportResult.FAILURE == exporter.export([])
    assert b"" == path.read_bytes()


def test_importing_the_package_imports_only_what_every_use_needs():
    """The file exporter, gRPC and the metrics SDK are loaded when something asks for them."""
    modules = ("google.protobuf", "grpc", "opentelemetry.sdk.metrics", "opentelemetry.sdk._logs")
    script = f"import sys, langspan.export; print([name for name in {modules} if name in sys.modules])"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]" == output.stdout.strip()
