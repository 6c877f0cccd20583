"""Spans and log records with what protobuf refuses: they arrive, and so does all else that they say."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from langspan.export.otlp import encode_log_record, encode_span, trace_request
from langspan.export.otlp import values as otlp_values
from support.otlp_data import decode

CONTEXT = SpanContext(1, 2, False)
RESOURCE = Resource({})
LOG = {
    "timestamp": 1,
    "observed_timestamp": 2,
    "severity_number": None,
    "severity_text": None,
    "trace_flags": None,
    "trace_id": 0,
    "span_id": 0,
    "body": None,
    "attributes": None,
}


def span(attributes: Mapping[Any, Any] | None = None, **fields: Any) -> ReadableSpan:
    given = {"name": "s", "context": CONTEXT, "resource": RESOURCE, **fields}
    return ReadableSpan(attributes=attributes, **given)


def parsed(of: ReadableSpan) -> Any:
    return trace_pb2.Span.FromString(encode_span(of))


def received(of: ReadableSpan) -> Any:
    """The span as a receiver reads it."""
    (found,) = decode(ExportTraceServiceRequest.FromString(trace_request([(of, encode_span(of))])))
    return found


def nested(depth: int, wrap: Any) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = wrap(value)
    return value


class Hostile(Sequence[Any]):
    """A sequence whose every method raises."""

    def __getitem__(self, index: Any) -> Any:
        raise SystemError

    def __len__(self) -> int:
        raise SystemError


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("no such file: \udcff", "no such file: \ufffd"),
        ("\ud83d\ude00", "😀"),  # the two halves of a character
        ("x" * 100 + "\ud800", "x" * 100 + "\ufffd"),
    ],
)
def test_a_lone_surrogate_arrives_as_the_replacement_character(text: str, arrives: str) -> None:
    """In every text of a span: name, status, keys, values, and those of its events."""
    status, events = Status(StatusCode.ERROR, text), [Event(text, {text: text}, 1)]
    found = parsed(
        span(
            {text: text, "more": [text], "a": 1},
            name=text,
            status=status,
            events=events,
        )
    )
    assert [arrives] * 3 == [found.name, found.status.message, found.events[0].name]
    assert [arrives, "more", "a"] == [each.key for each in found.attributes]
    assert arrives == found.attributes[0].value.string_value == found.events[0].attributes[0].key
    assert arrives == found.attributes[1].value.array_value.values[0].string_value


@pytest.mark.parametrize(
    ("number", "text"),
    [(2**63, "9223372036854775808"), (-(2**63) - 1, "-9223372036854775809"), (1 << 40_000, hex(1 << 40_000))],
    ids=["large", "small", "huge"],
)
def test_an_integer_beyond_64_bits_arrives_as_its_digits(number: int, text: str) -> None:
    """As hexadecimal ones where Python refuses to write decimal ones."""
    found = received(span({"n": number, "more": [1, number]}))
    assert {"n": text, "more": [1, text]} == found.attributes


@pytest.mark.parametrize("value", [Decimal(1), object(), [1, object()], {"a": {1, 2}}, Hostile()])
def test_a_value_without_encoding_is_counted_as_dropped(value: Any) -> None:
    found = parsed(span({"before": 1, "it": value, "after": 2}))
    assert ["before", "after"] == [each.key for each in found.attributes]
    assert 1 == found.dropped_attributes_count


@pytest.mark.parametrize(("depth", "wrap"), [(46, lambda it: [it]), (31, lambda it: {"k": it})])
def test_what_is_nested_as_deep_as_receivers_parse_arrives(depth: int, wrap: Any) -> None:
    value = nested(depth, wrap)
    on_event = span(events=[Event("e", {"a": value}, 1)])
    assert {"a": value} == received(span({"a": value})).attributes
    assert {"a": value} == received(on_event).events[0].attributes


@pytest.mark.parametrize(
    ("depth", "wrap"), [(47, lambda it: [it]), (32, lambda it: {"k": it}), (5000, lambda it: [it])]
)
def test_what_is_nested_deeper_is_counted_as_dropped(depth: int, wrap: Any) -> None:
    """One such value would have the receiver refuse the whole request."""
    found = parsed(span({"a": nested(depth, wrap), "b": 1}))
    assert (["b"], 1) == ([each.key for each in found.attributes], found.dropped_attributes_count)


def test_a_list_that_contains_itself_is_counted_as_dropped() -> None:
    itself: list[Any] = []
    itself += [itself, itself]
    assert 1 == parsed(span({"a": itself})).dropped_attributes_count


def test_an_attribute_that_cannot_be_encoded_is_dropped_from_a_resource_alone() -> None:
    resource = SimpleNamespace(attributes={"a": object(), "b": 1}, schema_url="")
    request = trace_request([(span(resource=resource), b"")])
    (group,) = ExportTraceServiceRequest.FromString(request).resource_spans
    assert (["b"], 1) == (
        [each.key for each in group.resource.attributes],
        group.resource.dropped_attributes_count,
    )


@pytest.mark.parametrize("time", [None, -1, 2**64, 1.5, "now"])
def test_a_time_that_is_none_is_left_out(time: Any) -> None:
    found = parsed(span(start_time=time, end_time=7))
    assert (0, 7) == (found.start_time_unix_nano, found.end_time_unix_nano)


def test_ids_too_large_are_cut() -> None:
    found = parsed(span(context=SpanContext(2**200 + 5, 2**100 + 6, False)))
    assert (5, 6) == (int.from_bytes(found.trace_id), int.from_bytes(found.span_id))


@pytest.mark.parametrize(
    "fields",
    [
        {"context": None},
        {"kind": None},
        {"status": None},
        {"name": None},
        {"name": []},
        {"events": [Event([], None, 1)]},
    ],
)
def test_a_span_without_something_is_encoded_with_the_rest(fields: Any) -> None:
    assert ["a"] == [each.key for each in parsed(span({"a": 1}, **fields)).attributes]


def test_a_span_of_other_private_names_is_read_by_its_properties() -> None:
    public = ("name", "kind", "context", "parent", "start_time", "end_time", "attributes", "events", "links")
    counts = ("dropped_attributes", "dropped_events", "dropped_links", "status")
    stock = span(
        {"a": 1}, events=[Event("e", {"b": 2}, 3)], start_time=1, end_time=2, parent=SpanContext(1, 9, True)
    )
    other: Any = SimpleNamespace(**{name: getattr(stock, name) for name in (*public, *counts)})
    assert encode_span(stock) == encode_span(other)


@pytest.mark.parametrize("body", [object(), Decimal(1), Hostile(), [object()]])
def test_a_log_record_whose_body_has_no_encoding_arrives_without_it(body: Any) -> None:
    record = SimpleNamespace(**{**LOG, "body": body, "attributes": {"a": 1, "b": body}})
    found = LogRecord.FromString(encode_log_record(SimpleNamespace(log_record=record)))
    assert (1, ["a"], 1) == (
        found.time_unix_nano,
        [each.key for each in found.attributes],
        found.dropped_attributes_count,
    )
    assert found.body.WhichOneof("value") is None


def test_few_keys_are_kept_encoded() -> None:
    """And no long one."""
    encoder = otlp_values.AttributeEncoder(9)
    for number in range(3000):
        encoder.append([], {f"k{number}": "x", "k" * 100: "x"})
    assert otlp_values._MAX_KEYS >= len(encoder)
    assert otlp_values._MAX_LENGTH >= max(map(len, encoder))


def test_few_values_of_a_key_are_kept_encoded() -> None:
    """And no long one, nor what is in front of long ones."""
    encoder = otlp_values.AttributeEncoder(9)
    for number in range(3000):
        encoder.append([], {"id": f"id {number}", "text": "x" * number, "number": 10**number})
    assert otlp_values._MAX_VALUES >= len(encoder["id"])
    assert otlp_values._MAX_LENGTH >= max(map(len, encoder["text"]))
    assert otlp_values._MAX_LENGTH + 1 >= len(encoder["text"].heads)
    assert 10 >= len(encoder["number"].heads)


def test_threads_share_what_is_kept() -> None:
    """While others fill and empty the same dictionaries, each gets its own spans encoded."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    wrong: list[Any] = []

    def encode(thread: int) -> None:
        for number in range(300):
            attributes = {"same": f"{thread}", f"k{thread}.{number}": "x", "id": f"{thread}.{number}"}
            if received(span(attributes)).attributes != attributes:
                wrong.append(attributes)

    threads = [threading.Thread(target=encode, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    assert [] == wrong


def chat_spans(count: int) -> list[ReadableSpan]:
    """Spans with ten attributes, as of a chat."""
    provider = TracerProvider(ALWAYS_ON, RESOURCE, shutdown_on_exit=False)
    tracer = provider.get_tracer("app")
    spans: list[Any] = []
    for number in range(count):
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.temperature": 0.7,
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.response.id": f"chatcmpl-{number}",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.input_tokens": 1000 + number,
            "gen_ai.usage.output_tokens": number,
            "app.request.id": f"019a2b3c-0000-7000-8000-{number:012}",
        }
        spans.append(tracer.start_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=attributes))
        spans[-1].end()
    return spans


def test_the_span_of_a_chat_takes_few_calls_of_python_functions() -> None:
    """A figure that does not depend on the machine: 40 at most, where the stock encoder takes 100."""
    spans = chat_spans(100)
    calls = 0

    def count(*event: Any) -> None:
        nonlocal calls
        calls += event[1] == "call"

    sys.setprofile(count)
    try:
        trace_request([(span, encode_span(span)) for span in spans])
    finally:
        sys.setprofile(None)
    assert calls <= 40 * len(spans)
