"""Hypothesis strategies for the SDK's spans and log records: made by a provider, and constructed."""

import itertools
import warnings
from typing import Any

from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk import _logs as sdk_logs
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from support.otlp_stock import encodes_none

INT64 = st.integers(-(2**63), 2**63 - 1)
UINT32 = st.integers(0, 2**32 - 1)
TIMES = st.none() | st.integers(0, 2**64 - 1)
TEXTS = st.text(max_size=20) | st.sampled_from(["", "chat", "é" * 70, "x" * 200, "語" * 300])
KEYS = st.sampled_from(["gen_ai.operation.name", "a", "é", "k" * 100]) | st.text(min_size=1, max_size=10)
NULLS = st.none() if encodes_none() else st.nothing()
SCALARS = st.booleans() | INT64 | st.floats() | TEXTS
LISTS = st.one_of(
    *(st.lists(each, max_size=4) for each in (st.booleans(), st.integers(0, 2000), st.floats(), TEXTS))
)
VALUES = st.recursive(
    NULLS | SCALARS | st.binary(max_size=40) | st.tuples(TEXTS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | INT64, inner, max_size=4),
    max_leaves=8,
)
PLAIN_ATTRIBUTES = st.dictionaries(KEYS, SCALARS | LISTS, max_size=6)
ATTRIBUTES = st.none() | st.dictionaries(KEYS, VALUES, max_size=6)
STATES = st.builds(
    TraceState, st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2"])), max_size=3)
)
CONTEXTS = st.builds(
    SpanContext,
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64 - 1),
    st.booleans(),
    st.builds(TraceFlags, st.integers(0, 255)),
    st.none() | STATES,
)
STATUSES = st.builds(Status, st.just(StatusCode.ERROR), st.none() | TEXTS) | st.builds(
    Status, st.sampled_from([StatusCode.UNSET, StatusCode.OK])
)
EVENTS = st.builds(Event, TEXTS, ATTRIBUTES, st.integers(0, 2**64 - 1))
LINKS = st.builds(Link, CONTEXTS, ATTRIBUTES)
# Equal resources and scopes share a group. For us they are equal if they are encoded alike. For the stock
# encoder another order of attributes makes no difference, nor 1 for True; but NaN does, and None for "".
IDENTIFYING = st.dictionaries(
    KEYS, TEXTS | st.integers(2, 2000) | st.lists(TEXTS, max_size=3), max_size=3
).map(lambda found: dict(sorted(found.items())))
RESOURCES = st.builds(Resource, IDENTIFYING, st.sampled_from(["", "https://example.org/1"]))
SCOPES = st.builds(
    InstrumentationScope,
    TEXTS,
    st.none() | TEXTS.filter(bool),
    st.none() | st.just("https://example.org/2"),
    IDENTIFYING,
)

CONSTRUCTED_SPANS = st.builds(
    ReadableSpan,
    TEXTS,
    CONTEXTS,
    st.none() | CONTEXTS,
    RESOURCES,
    ATTRIBUTES,
    st.lists(EVENTS, max_size=2),
    st.lists(LINKS, max_size=2),
    st.sampled_from(SpanKind),
    status=st.none() | STATUSES,
    start_time=TIMES,
    end_time=TIMES,
    instrumentation_scope=st.none() | SCOPES,
)


class _Ids(IdGenerator):
    """Ids that are the same in each run."""

    def __init__(self) -> None:
        self._ids = itertools.count(2**60)

    def generate_span_id(self) -> int:
        return next(self._ids)

    def generate_trace_id(self) -> int:
        return next(self._ids)


@st.composite
def provider_spans(draw: st.DrawFn) -> list[ReadableSpan]:
    """Spans that a provider with drawn limits has made, one or several, in one or several scopes."""
    limits = SpanLimits(
        **draw(st.fixed_dictionaries({}, optional={f"max_{name}": st.integers(0, 3) for name in _LIMITS}))
    )
    provider = TracerProvider(ALWAYS_ON, draw(RESOURCES), False, id_generator=_Ids(), span_limits=limits)
    tracers = [
        provider.get_tracer("a", "1"),
        provider.get_tracer("b", None, "https://example.org/3", {"x": 1}),
    ]
    return [_end_span(draw, draw(st.sampled_from(tracers))) for _ in range(draw(st.integers(1, 4)))]


_LIMITS = (
    "span_attributes",
    "events",
    "links",
    "event_attributes",
    "link_attributes",
    "span_attribute_length",
)


def _end_span(draw: st.DrawFn, tracer: trace.Tracer) -> Any:
    parent = draw(st.none() | CONTEXTS)
    context = None if parent is None else trace.set_span_in_context(trace.NonRecordingSpan(parent))
    span: Any = tracer.start_span(
        draw(TEXTS),
        context,
        draw(st.sampled_from(SpanKind)),
        draw(PLAIN_ATTRIBUTES),
        draw(st.lists(st.builds(Link, CONTEXTS, PLAIN_ATTRIBUTES), max_size=3)),
        draw(st.none() | st.integers(0, 2**63)),
    )
    span.set_attributes(draw(PLAIN_ATTRIBUTES))
    for _ in range(draw(st.integers(0, 4))):
        span.add_event(draw(TEXTS), draw(PLAIN_ATTRIBUTES), draw(st.none() | st.integers(0, 2**63)))
    if draw(st.booleans()):
        span.record_exception(ValueError(draw(TEXTS)))
    span.set_status(draw(STATUSES))
    span.end(draw(st.none() | st.integers(0, 2**63)))
    return span


@st.composite
def log_records(draw: st.DrawFn) -> Any:
    """One log record as the logger of this version of the SDK hands it to processors."""
    place = draw(st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), st.integers(0, 255)))
    fields = {
        "timestamp": draw(TIMES),
        "observed_timestamp": draw(st.integers(0, 2**64 - 1)),
        "severity_text": draw(st.none() | TEXTS),
        "severity_number": draw(st.sampled_from(sdk_logs_severity())),
        "body": draw(VALUES),
        "attributes": draw(ATTRIBUTES if encodes_none() else PLAIN_ATTRIBUTES),
    }
    return _log(place, fields, draw(RESOURCES), draw(st.none() | SCOPES), draw(st.none() | TEXTS))


def sdk_logs_severity() -> list[Any]:
    """The severities that the stock encoder of this version can encode."""
    from opentelemetry._logs import SeverityNumber

    return [*SeverityNumber, None] if encodes_none() else [*SeverityNumber]


def _log(
    place: tuple[int, int, int], fields: dict[str, Any], resource: Resource, scope: Any, event: Any
) -> Any:
    trace_id, span_id, flags = place
    if hasattr(sdk_logs, "ReadableLogRecord"):
        from opentelemetry._logs import LogRecord

        span = trace.NonRecordingSpan(SpanContext(trace_id, span_id, False, TraceFlags(flags)))
        record = LogRecord(context=trace.set_span_in_context(span), event_name=event, **fields)
        return sdk_logs.ReadableLogRecord(record, resource, scope)
    old: Any = sdk_logs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = old.LogRecord(
            trace_id=trace_id, span_id=span_id, trace_flags=TraceFlags(flags), resource=resource, **fields
        )
    return old.LogData(record, scope)
