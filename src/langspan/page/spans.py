"""Whole spans: everything that OTLP JSON says of each, in plain values. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from langspan.conventions import names

_FAILED: Final = (2, "STATUS_CODE_ERROR")
# Deeper values are left out: nobody reads them, and each level takes a level of the stack.
_DEEPEST: Final = 50


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during a span, at a time in nanoseconds since the epoch."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Another span that a span points to."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """A span with all that it says. Ids are opaque; times are nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    message: str = ""
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
    resource: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """The GenAI operation (`gen_ai.operation.name`), or an empty string."""
        return self.text(names.GEN_AI_OPERATION_NAME)

    @property
    def calls_model(self) -> bool:
        """Whether tokens and cost are the span's own, not the sum of its children's."""
        return self.operation in names.MODEL_CALLS

    @property
    def duration_ns(self) -> int | None:
        """How long the span took; None if it did not end."""
        return None if self.end_ns is None else max(self.end_ns - self.start_ns, 0)

    @property
    def error_type(self) -> str:
        """The class of the error (`error.type`), `error` if it has none, or an empty string."""
        return (self.text(names.ERROR_TYPE) or "error") if self.failed else ""

    def text(self, key: str) -> str:
        """Return an attribute that is text, or an empty string."""
        value = self.attributes.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | float | None:
        """Return an attribute that is a finite number, or None."""
        value = self.attributes.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if abs(value) < float("inf") else None


def spans_of(item: Mapping[str, Any]) -> Iterator[Span]:
    """Yield the spans of one OTLP JSON object.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, OverflowError: A span is not as OTLP has it.
    """
    for resource_spans in item.get("resourceSpans") or ():
        resource = _attributes((resource_spans.get("resource") or {}).get("attributes"))
        for scope_spans in resource_spans.get("scopeSpans") or ():
            for span in scope_spans.get("spans") or ():
                yield _span(span, resource)


def _span(span: Mapping[str, Any], resource: Mapping[str, Any]) -> Span:
    status = span.get("status") or {}
    return Span(
        trace_id=_text(span["traceId"]).lower(),
        span_id=_text(span["spanId"]).lower(),
        parent_id=_text(span.get("parentSpanId", "")).lower() or None,
        name=_text(span.get("name", "")) or "(no name)",
        start_ns=_time(span.get("startTimeUnixNano", 0)),
        end_ns=_time(span.get("endTimeUnixNano", 0)) or None,
        attributes=_attributes(span.get("attributes")),
        failed=status.get("code") in _FAILED,
        message=_text(status.get("message", "")),
        events=[_event(event) for event in span.get("events") or ()],
        links=[_link(link) for link in span.get("links") or ()],
        resource=resource,
    )


def _event(event: Mapping[str, Any]) -> Event:
    time_ns = _time(event.get("timeUnixNano", 0))
    return Event(_text(event.get("name", "")), time_ns, _attributes(event.get("attributes")))


def _link(link: Mapping[str, Any]) -> Link:
    ids = _text(link["traceId"]).lower(), _text(link["spanId"]).lower()
    return Link(*ids, _attributes(link.get("attributes")))


def _attributes(pairs: Any) -> dict[str, Any]:
    return {_text(pair["key"]): _plain(pair.get("value") or {}, _DEEPEST) for pair in pairs or ()}


def _plain(wrapped: Mapping[str, Any], levels: int) -> Any:
    """Unwrap an OTLP value, in which 64-bit integers are strings because JSON numbers lose digits."""
    if not levels:
        return "..."
    for kind, value in wrapped.items():
        if kind == "intValue":
            return int(value)
        if kind == "arrayValue":
            return [_plain(each, levels - 1) for each in value.get("values") or ()]
        if kind == "kvlistValue":
            return {
                _text(p["key"]): _plain(p.get("value") or {}, levels - 1) for p in value.get("values") or ()
            }
        return value if isinstance(value, str | bool | int | float) else None
    return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.200}")
    return value


def _time(value: Any) -> int:
    number = int(value)
    if not 0 <= number < 2**64:
        raise ValueError(f"a time does not fit into 64 bits: {value!s:.100}")
    return number
