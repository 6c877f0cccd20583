from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from langspan.export.size import envelope_bound, log_bound, span_bound, split, value_bound

NS = st.integers(0, 2**63 - 1)
TEXT = st.text(max_size=40) | st.sampled_from(["x" * 300, "é" * 200, "日本語" * 100, "🙂" * 99])
SCALARS = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ATTRIBUTES = st.dictionaries(TEXT, VALUES, max_size=6)
STATES = st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True), st.just("v"), max_size=3)
CONTEXTS = st.builds(
    SpanContext,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    is_remote=st.booleans(),
    trace_flags=st.just(TraceFlags(1)),
    trace_state=STATES.map(lambda pairs: TraceState(list(pairs.items()))),
)
SPANS = st.builds(
    ReadableSpan,
    name=TEXT,
    context=CONTEXTS,
    parent=st.none() | CONTEXTS,
    resource=ATTRIBUTES.map(Resource),
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(Event, name=TEXT, attributes=ATTRIBUTES, timestamp=NS), max_size=3),
    links=st.lists(st.builds(Link, CONTEXTS, ATTRIBUTES), max_size=3),
    kind=st.sampled_from(SpanKind),
    status=st.just(Status()) | st.builds(Status, st.just(StatusCode.ERROR), TEXT),
    start_time=NS,
    end_time=NS,
    instrumentation_scope=st.builds(InstrumentationScope, TEXT, TEXT, TEXT),
)


SPAN_LISTS = st.lists(ATTRIBUTES.map(lambda attributes: make_span(attributes=attributes)), max_size=8)


def make_span(**changes) -> ReadableSpan:
    context = SpanContext(1, 1, is_remote=False)
    parts = {"name": "s", "context": context, "resource": Resource({}), "start_time": 1, "end_time": 2}
    return ReadableSpan(**{**parts, "instrumentation_scope": InstrumentationScope("t"), **changes})


def encoded_size(spans) -> int:
    return encode_spans(spans).ByteSize()


@settings(deadline=None)
@given(SPANS)
def test_the_bound_is_never_below_the_encoded_size_of_a_span(span):
    assert encoded_size([span]) <= span_bound(span) + envelope_bound(span)


MANY = range(200)
CONTEXT = SpanContext(1, 1, is_remote=False)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"attributes": {f"{n}": "x" for n in MANY}}, id="attributes"),
        pytest.param(
            {"attributes": {"a" * 200: "x" * 200} | {f"{n}" * 99: "x" * 200 for n in MANY}}, id="long"
        ),
        pytest.param({"attributes": {f"{n}": -1 for n in MANY}}, id="negative numbers"),
        pytest.param({"attributes": {"list": [-1] * 200}}, id="list of numbers"),
        pytest.param({"attributes": {"list": ["x" * 200] * 200}}, id="list of strings"),
        pytest.param({"attributes": {"a": {f"{n}": {"b": "x" * 200} for n in MANY}}}, id="maps"),
        pytest.param({"attributes": {"a": "x" * 2**22, "b": "x" * 2**22}}, id="huge"),
        pytest.param({"events": [Event("e" * 200, {"a": 1}, 2**63) for _ in MANY]}, id="events"),
        pytest.param({"links": [Link(CONTEXT, {"a": 1}) for _ in MANY]}, id="links"),
    ],
)
def test_the_bound_holds_for_many_of_one_thing(changes):
    """Many, so that a bound that is too low by a byte each is not made up for by the others."""
    span = make_span(**changes)
    assert encoded_size([span]) <= span_bound(span)


@settings(deadline=None)
@given(body=VALUES, attributes=ATTRIBUTES, text=TEXT)
def test_the_bound_is_never_below_the_encoded_size_of_a_log_record(body, attributes, text):
    record = SimpleNamespace(
        timestamp=1,
        observed_timestamp=2**62,
        trace_id=2**128 - 1,
        span_id=2**64 - 1,
        trace_flags=TraceFlags(1),
        severity_text=text,
        severity_number=SimpleNamespace(value=24),
        body=body,
        attributes=attributes,
        event_name=text,
        context=None,
        dropped_attributes=3,
        resource=Resource({}),
    )
    log = SimpleNamespace(
        log_record=record,
        resource=record.resource,
        instrumentation_scope=InstrumentationScope("t"),
        dropped_attributes=3,
    )
    assert encode_logs([log]).ByteSize() <= log_bound(log) + envelope_bound(log)


@settings(deadline=None)
@given(SPAN_LISTS, st.integers(500, 5000))
def test_a_batch_of_more_than_one_span_fits_the_limit(spans, limit):
    assert all(len(batch) == 1 or encoded_size(batch) <= limit for batch in split(spans, span_bound, limit))


@settings(deadline=None)
@given(SPAN_LISTS, st.integers(1, 5000))
def test_splitting_keeps_every_span_once_and_in_order(spans, limit):
    assert spans == [span for batch in split(spans, span_bound, limit) for span in batch]


@pytest.mark.parametrize("content", [0, 2_000, 200_000], ids=["no content", "a page", "a book"])
def test_the_bound_of_a_typical_model_span_is_at_most_two_thirds_too_large(content):
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 1234,
        "gen_ai.input.messages": json.dumps(
            [{"role": "user", "parts": ["日" * content]}], ensure_ascii=False
        ),
    }
    span = make_span(name="chat gpt-4o-mini", attributes=attributes)
    assert 5 / 3 >= span_bound(span) / encoded_size([span])


def test_a_span_larger_than_the_limit_goes_alone():
    spans = [make_span(attributes={"a": "x" * size}) for size in (10, 5000, 10)]
    assert [1, 1, 1] == [len(batch) for batch in split(spans, span_bound, 2000)]


def test_small_spans_share_a_batch():
    assert [3] == [len(batch) for batch in split([make_span()] * 3, span_bound, 2000)]


def test_what_scopes_and_resources_add_to_a_batch_is_counted():
    scopes = [InstrumentationScope(f"scope {number} " + "x" * 500) for number in range(50)]
    spans = [make_span(instrumentation_scope=scope, resource=Resource({"r": "x" * 50})) for scope in scopes]
    batches = list(split(spans, span_bound, 5000))
    assert 5000 >= max(encoded_size(batch) for batch in batches)
    assert 1 < len(batches)


def test_what_spans_share_is_counted_once_in_each_batch():
    resource, scope = Resource({"r": "x" * 10_000}), InstrumentationScope("t")
    spans = [make_span(resource=resource, instrumentation_scope=scope) for _ in range(20)]
    assert [20] == [len(batch) for batch in split(spans, span_bound, 15_000)]


def test_what_spans_share_is_counted_again_in_the_next_batch():
    resource, scope = Resource({"r": "x" * 3000}), InstrumentationScope("t")
    content = {"a": "x" * 1000}
    spans = [make_span(resource=resource, instrumentation_scope=scope, attributes=content) for _ in range(8)]
    assert [1, 1] == [len(batch) for batch in split(spans[:2], span_bound, 4500)]
    assert 6000 >= max(encoded_size(batch) for batch in split(spans, span_bound, 6000))


@pytest.mark.parametrize(
    "changes",
    [{"name": "\ud800"}, {"status": Status(StatusCode.ERROR, "no such file: \udcff")}],
    ids=["name", "status"],
)
def test_a_span_that_cannot_be_encoded_goes_alone(changes):
    """The encoder refuses the whole batch for it, so it must not share one."""
    spans = [make_span(), make_span(**changes), make_span()]
    assert [1, 1, 1] == [len(batch) for batch in split(spans, span_bound, 10**9)]


def test_an_attribute_with_a_lone_surrogate_is_counted_without_an_error():
    """The encoder leaves out that attribute only, so the span can share a batch."""
    assert 3 == value_bound("\ud800")


@pytest.mark.parametrize(
    ("expected", "value"),
    [(0, object()), (3, b"abc"), (12, None)],
    ids=["left out by the encoder", "bytes", "nothing"],
)
def test_values_that_only_some_versions_encode_have_a_bound(expected, value):
    assert expected == value_bound(value)


def test_spans_without_a_scope_have_a_bound():
    span = make_span(instrumentation_scope=None)
    assert encoded_size([span]) <= span_bound(span) + envelope_bound(span)
