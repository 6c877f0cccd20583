"""How many bytes a span or log record can take in OTLP, without encoding it, and batches cut to fit.

Every figure is an upper bound. It costs a fraction of the encoding itself, so each span is encoded once,
by the exporter, in a batch that is known to fit.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

# A field costs a tag (at most 2 bytes in OTLP) and, unless it is a plain number, a length of up to 5 bytes.
_FIELD = 7
_NUMBER = 12
# Key-value field, its key, its value, and the value inside the value.
_PAIR = 4 * _FIELD
# Two ids and a parent's, kind, times, flags, dropped counts, status code: 110 bytes; and the field itself.
_SPAN = 128
_EVENT = 48
_LINK = 64
_LOG = 128
_ENVELOPE = 64

_UNENCODABLE = sys.maxsize
"""The size of what protobuf refuses: more than any limit, so it goes alone and takes nothing with it."""

T = TypeVar("T")


def span_bound(span: Any) -> int:
    """Bound the encoded size of one SDK span.

    Args:
        span: A `ReadableSpan`.

    Returns:
        Bytes in OTLP protobuf, before compression, without its resource and scope.
    """
    state = getattr(span.context, "trace_state", None) or {}
    size = _SPAN + _text(span.name) + _text(span.status.description or "")
    size += sum(len(key) + len(value) + 2 for key, value in state.items())
    size += attributes_bound(span.attributes)
    for event in span.events:
        size += _EVENT + _text(event.name) + attributes_bound(event.attributes)
    for link in span.links:
        size += _LINK + attributes_bound(link.attributes)
    return size


def log_bound(log: Any) -> int:
    """Bound the encoded size of one SDK log record.

    Args:
        log: A `ReadableLogRecord`, or a `LogData` of OpenTelemetry before 1.37.

    Returns:
        Bytes in OTLP protobuf, before compression, without its resource and scope.
    """
    record = log.log_record
    names = _text(record.severity_text or "") + _text(getattr(record, "event_name", None) or "")
    return _LOG + names + value_bound(record.body) + attributes_bound(record.attributes)


def attributes_bound(attributes: Mapping[str, Any] | None) -> int:
    """Bound the encoded size of a mapping of attributes."""
    if not attributes:
        return 0
    return sum(_PAIR + _length(key) + value_bound(value) for key, value in attributes.items())


def value_bound(value: Any) -> int:
    """Bound the encoded size of one attribute value, beyond the fields that hold it."""
    if isinstance(value, str):
        return _length(value)
    if value is None or isinstance(value, (int, float)):
        return _NUMBER
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_PAIR + _length(str(key)) + value_bound(item) for key, item in value.items())
    if isinstance(value, Sequence):
        return sum(2 * _FIELD + value_bound(item) for item in value)
    return 0  # the encoder leaves anything else out


def split(items: Iterable[T], bound: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Cut items into batches, in order, that each encode to at most `limit` bytes.

    Args:
        items: Spans or log records of the SDK.
        bound: Bounds the encoded size of one item.
        limit: Bytes. An item that is larger by itself makes a batch of its own.

    Yields:
        Batches that are never empty.
    """
    batch: list[T] = []
    size, seen = 0, set[tuple[int, int]]()
    for item in items:
        own, envelope = bound(item), _envelope(item)
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


def _envelope(item: Any) -> tuple[int, int]:
    return id(_resource(item)), id(item.instrumentation_scope)


def envelope_bound(item: Any) -> int:
    """Bound what the resource and the scope of an item add to a batch, once."""
    resource, scope = _resource(item), item.instrumentation_scope
    size = _ENVELOPE + attributes_bound(resource.attributes) + _length(resource.schema_url or "")
    if scope is not None:
        size += _length(scope.name) + _length(scope.version or "") + _length(scope.schema_url or "")
        size += attributes_bound(scope.attributes)
    return size


def _resource(item: Any) -> Any:
    # Log data of OpenTelemetry before 1.37 keeps it one level down.
    return item.resource if hasattr(item, "resource") else item.log_record.resource


def _text(value: str) -> int:
    """Bound a string whose field makes the encoder refuse the whole batch, if it cannot be encoded."""
    try:
        return len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        return _UNENCODABLE


def _length(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))
