"""The body of a `Span` message."""

from __future__ import annotations

import struct
from operator import attrgetter
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from langspan.export.otlp.values import AttributeEncoder
from langspan.export.otlp.wire import (
    FIXED32,
    FIXED64,
    FRAME,
    VARINT,
    TextFields,
    fixed64,
    frame,
    span_id,
    tag,
    text_field,
    trace_id,
    uint32_field,
)

# Fields of a span. Ids have a constant length, which belongs to the tag here.
_TRACE_ID, _SPAN_ID, _PARENT_ID = tag(1, FRAME) + b"\x10", tag(2, FRAME) + b"\x08", tag(4, FRAME) + b"\x08"
_TRACE_STATE, _NAME, _STATUS = tag(3, FRAME), tag(5, FRAME), tag(15, FRAME)
_START_TIME, _END_TIME = tag(7, FIXED64), tag(8, FIXED64)
_EVENTS, _LINKS = tag(11, FRAME), tag(13, FRAME)
_DROPPED_ATTRIBUTES, _DROPPED_EVENTS, _DROPPED_LINKS = tag(10, VARINT), tag(12, VARINT), tag(14, VARINT)
_pack_times: Final = struct.Struct("<cQcQ").pack
# By the value of the SDK's `SpanKind`; OTLP counts from 1.
_KINDS: Final[dict[Any, bytes]] = {value: tag(6, VARINT) + bytes([value + 1]) for value in range(5)}
# Bit 8 says that it is known whether the parent is in another process; bit 9 that it is.
_FLAGS: Final = {remote: tag(16, FIXED32) + bytes([0, 1 + 2 * remote, 0, 0]) for remote in (False, True)}

# Fields of a status.
_MESSAGE: Final = tag(2, FRAME)
# By the value of the SDK's `StatusCode`, which is OTLP's.
_CODES: Final = {0: b"", 1: tag(3, VARINT) + b"\x01", 2: tag(3, VARINT) + b"\x02"}
_STATUSES: Final = {value: frame(_STATUS, code) for value, code in _CODES.items()}

# Fields of an event.
_EVENT_TIME, _EVENT_NAME, _EVENT_DROPPED = tag(1, FIXED64), tag(2, FRAME), tag(4, VARINT)
_pack_time: Final = struct.Struct("<cQ").pack

# Fields of a link; its ids are numbered as the span's.
_LINK_DROPPED: Final = tag(5, VARINT)
_LINK_FLAGS: Final = {remote: tag(6, FIXED32) + bytes([0, 1 + 2 * remote, 0, 0]) for remote in (False, True)}

_names: Final = TextFields(_NAME)
_event_names: Final = TextFields(_EVENT_NAME)
_span_attributes: Final = AttributeEncoder(9)
_event_attributes: Final = AttributeEncoder(3)
_link_attributes: Final = AttributeEncoder(4)


# Reading a property of the SDK is a call. If it stores their values by other names, the properties are read.
_FIELDS: Final = (
    "name",
    "kind",
    "context",
    "parent",
    "start_time",
    "end_time",
    "attributes",
    "events",
    "links",
)
_read_stored: Final = attrgetter(*[f"_{name}" for name in _FIELDS])
_read_properties: Final = attrgetter(*_FIELDS)


def encode_span(span: ReadableSpan) -> bytes:
    """Encode an ended span.

    Args:
        span: A span of the SDK. Its resource and scope are left to `trace_request`.

    Returns:
        The body of one `Span` message, without tag and length.
    """
    try:
        name, kind, context, parent, start, end, attributes, events, links = _read_stored(span)
    except AttributeError:
        name, kind, context, parent, start, end, attributes, events, links = _read_properties(span)
    parts = [
        _names[name] if type(name) is str else text_field(_NAME, name),
        _KINDS.get(getattr(kind, "_value_", None), b""),
        _encode_times(start, end),
    ]
    if context is not None:
        _append_context(parts, context)
    if parent:
        parts += (_PARENT_ID, span_id(parent.span_id))
    left_out = _span_attributes.append(parts, attributes)
    if events:
        parts.extend([frame(_EVENTS, _encode_event(event)) for event in events])
    if links:
        parts.extend([frame(_LINKS, _encode_link(link)) for link in links])
    if dropped := span.dropped_attributes + left_out:
        parts.append(uint32_field(_DROPPED_ATTRIBUTES, dropped))
    if dropped := span.dropped_events:
        parts.append(uint32_field(_DROPPED_EVENTS, dropped))
    if dropped := span.dropped_links:
        parts.append(uint32_field(_DROPPED_LINKS, dropped))
    parts += (_encode_status(span.status), _FLAGS[bool(parent and parent.is_remote)])
    return b"".join(parts)


def _append_context(parts: list[bytes], context: SpanContext) -> None:
    parts += (_TRACE_ID, trace_id(context.trace_id), _SPAN_ID, span_id(context.span_id))
    if state := context.trace_state:
        members = [f"{key}={value}" for key, value in state.items()]
        parts.append(text_field(_TRACE_STATE, ",".join(members)))


def _encode_times(start: Any, end: Any) -> bytes:
    try:
        return _pack_times(_START_TIME, start, _END_TIME, end)
    except struct.error:  # one of them is None, or beyond 64 bits
        return _pack_times(_START_TIME, fixed64(start), _END_TIME, fixed64(end))


def _encode_event(event: Any) -> bytes:
    parts = [_pack_time(_EVENT_TIME, fixed64(event.timestamp)), _encode_event_name(event.name)]
    dropped = event.dropped_attributes + _event_attributes.append(parts, event.attributes)
    parts.append(uint32_field(_EVENT_DROPPED, dropped))
    return b"".join(parts)


def _encode_event_name(name: Any) -> bytes:
    return _event_names[name] if type(name) is str else text_field(_EVENT_NAME, name)


def _encode_link(link: Any) -> bytes:
    # Without its trace state, as the stock encoder leaves it out.
    context = link.context
    parts = [_TRACE_ID + trace_id(context.trace_id) + _SPAN_ID + span_id(context.span_id)]
    dropped = link.dropped_attributes + _link_attributes.append(parts, link.attributes)
    parts.append(uint32_field(_LINK_DROPPED, dropped))
    parts.append(_LINK_FLAGS[bool(context.is_remote)])
    return b"".join(parts)


def _encode_status(status: Any) -> bytes:
    if status is None:
        return b""
    code, message = status.status_code._value_, status.description
    if not message:
        return _STATUSES[code]
    return frame(_STATUS, text_field(_MESSAGE, message) + _CODES[code])
