"""Upper bounds for the size of spans and log records in OTLP, and batches that fit a limit.

A bound costs a fraction of the encoding, so that each span is encoded only once: by the exporter, in a batch
that is known to fit.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

# A tag (at most 2 bytes in OTLP) and, except for plain numbers, a length of up to 5 bytes.
_FIELD: Final = 7
_NUMBER: Final = 12
# The key-value field, its key, its value, and the value inside the value.
_PAIR: Final = 4 * _FIELD
# Ids, kind, times, flags, dropped counts and status code take 110 bytes, and the field itself adds some.
_SPAN: Final = 128
_EVENT: Final = 48
_LINK: Final = 64
_LOG: Final = 128
_ENVELOPE: Final = 64

_UNENCODABLE: Final = sys.maxsize
"""The bound of what Protobuf cannot encode: above any limit, so that no other item shares its batch."""

T = TypeVar("T")


def span_bound(span: Any) -> int:
    """Return an upper bound for the encoded size of one SDK span.

    Args:
        span: A `ReadableSpan`.

    Returns:
        Bytes in OTLP protobuf, before compression, without its resource and scope.
    """
    state = getattr(span.context, "trace_state", None) or {}
    size = _SPAN + _string_bound(span.name) + _string_bound(span.status.description or "")
    size += sum(len(key) + len(value) + 2 for key, value in state.items())
    size += attributes_bound(span.attributes)
    for event in span.events:
        size += _EVENT + _string_bound(event.name) + attributes_bound(event.attributes)
    for link in span.links:
        size += _LINK + attributes_bound(link.attributes)
    return size


def log_bound(log: Any) -> int:
    """Return an upper bound for the encoded size of one SDK log record.

    Args:
        log: A `ReadableLogRecord`, or a `LogData` from OpenTelemetry before 1.37.

    Returns:
        Bytes in OTLP protobuf, before compression, without its resource and scope.
    """
    record = log.log_record
    names = _string_bound(record.severity_text or "") + _string_bound(
        getattr(record, "event_name", None) or ""
    )
    return _LOG + names + value_bound(record.body) + attributes_bound(record.attributes)


def attributes_bound(attributes: Mapping[str, Any] | None) -> int:
    """Return an upper bound for the encoded size of a mapping of attributes, in bytes."""
    if not attributes:
        return 0
    return sum(_PAIR + _utf8_length(key) + value_bound(value) for key, value in attributes.items())


def value_bound(value: Any) -> int:
    """Return an upper bound for the encoded size of one attribute value, in bytes, without its own field."""
    if isinstance(value, str):
        return _utf8_length(value)
    if value is None or isinstance(value, (int, float)):
        return _NUMBER
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_PAIR + _utf8_length(str(key)) + value_bound(item) for key, item in value.items())
    if isinstance(value, Sequence):
        return sum(2 * _FIELD + value_bound(item) for item in value)
    return 0  # the encoder skips anything else


def split(items: Iterable[T], bound: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Split items, in order, into batches that each encode to at most `limit` bytes.

    Args:
        items: Spans or log records of the SDK.
        bound: Returns an upper bound for the encoded size of one item, in bytes.
        limit: The largest batch, in bytes. A larger item gets a batch of its own.

    Yields:
        Non-empty batches.
    """
    batch: list[T] = []
    size, seen = 0, set[tuple[int, int]]()
    for item in items:
        own, envelope = bound(item), _envelope_key(item)
        if batch and size + own + (0 if envelope in seen else envelope_bound(item)) > limit:
            yield batch
            batch, size, seen = [], 0, set()
        if envelope not in seen:
            seen.add(envelope)
            size += envelope_bound(item)
        batch.append(item)
        size += own
    if batch:
        yield batch


def _envelope_key(item: Any) -> tuple[int, int]:
    return id(_resource(item)), id(item.instrumentation_scope)


def envelope_bound(item: Any) -> int:
    """Return an upper bound for what the resource and scope of an item add to a batch, once, in bytes."""
    resource, scope = _resource(item), item.instrumentation_scope
    size = _ENVELOPE + attributes_bound(resource.attributes) + _utf8_length(resource.schema_url or "")
    if scope is not None:
        size += (
            _utf8_length(scope.name)
            + _utf8_length(scope.version or "")
            + _utf8_length(scope.schema_url or "")
        )
        size += attributes_bound(scope.attributes)
    return size


def _resource(item: Any) -> Any:
    # Before OpenTelemetry 1.37, it is an attribute of the inner log record.
    return item.resource if hasattr(item, "resource") else item.log_record.resource


def _string_bound(value: str) -> int:
    """Return the size of a string field, for which the encoder rejects the whole batch if it is invalid."""
    try:
        return len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        return _UNENCODABLE


def _utf8_length(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
