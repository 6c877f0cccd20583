"""The body of a `LogRecord` message."""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

from langspan.export.otlp.values import AttributeEncoder, encode_value
from langspan.export.otlp.wire import (
    FIXED32,
    FIXED64,
    FRAME,
    VARINT,
    fixed64,
    frame,
    span_id,
    tag,
    text_field,
    trace_id,
    uint32_field,
)

_TIME, _OBSERVED_TIME = tag(1, FIXED64), tag(11, FIXED64)
_SEVERITY_NUMBER, _SEVERITY_TEXT, _EVENT_NAME = tag(2, VARINT), tag(3, FRAME), tag(12, FRAME)
_BODY, _DROPPED_ATTRIBUTES = tag(5, FRAME), tag(7, VARINT)
# Ids have a constant length, which belongs to the tag here.
_FLAGS, _TRACE_ID, _SPAN_ID = tag(8, FIXED32), tag(9, FRAME) + b"\x10", tag(10, FRAME) + b"\x08"
_pack_times: Final = Struct("<cQcQ").pack
_pack_flags: Final = Struct("<cI").pack
_MAX_FLAGS: Final = 2**32 - 1

_log_attributes: Final = AttributeEncoder(6)


def encode_log_record(log: Any) -> bytes:
    """Encode a log record.

    Args:
        log: A `ReadableLogRecord` of the SDK, or its `LogData` before OpenTelemetry 1.39. Its resource and
            scope are left to `logs_request`.

    Returns:
        The body of one `LogRecord` message, without tag and length. A body of a type that OTLP does not know
        is left empty.
    """
    record = log.log_record
    severity = getattr(record.severity_number, "value", None)
    parts = [
        _pack_times(_TIME, fixed64(record.timestamp), _OBSERVED_TIME, fixed64(record.observed_timestamp)),
        uint32_field(_SEVERITY_NUMBER, severity),
        text_field(_SEVERITY_TEXT, record.severity_text),
        frame(_BODY, _encode_body(record.body)),
    ]
    left_out = _log_attributes.append(parts, record.attributes)
    dropped = left_out + _dropped_attributes(log)
    parts.append(uint32_field(_DROPPED_ATTRIBUTES, dropped))
    parts.append(_encode_place(record))
    parts.append(text_field(_EVENT_NAME, getattr(record, "event_name", None)))
    return b"".join(parts)


def _encode_body(body: Any) -> bytes:
    try:
        return encode_value(body)
    except Exception:  # noqa: BLE001 - a value of the host's own class may raise anything
        return b""


def _dropped_attributes(log: Any) -> int:
    # Before OpenTelemetry 1.39, the record inside counts.
    count = getattr(log, "dropped_attributes", None)
    return getattr(log.log_record, "dropped_attributes", 0) if count is None else count


def _encode_place(record: Any) -> bytes:
    """Return the fields that say which span the record belongs to."""
    flags = record.trace_flags
    place = _pack_flags(_FLAGS, flags & _MAX_FLAGS) if flags else b""
    if record.trace_id:
        place += _TRACE_ID + trace_id(record.trace_id)
    if record.span_id:
        place += _SPAN_ID + span_id(record.span_id)
    return place
