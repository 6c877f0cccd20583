"""OTLP in its binary form: one request, or the collector's file of requests with their lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from langspan.cli.lines import MAX_LINE_BYTES, Readable
from langspan.cli.terminal import CliError

_TAG: Final = 0x0A
_LENGTH_BYTES: Final = 4
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\f\b")
_FIRST_CONTROL, _MIB = 0x20, 1024 * 1024
_HEAD: Final = 4096


def is_protobuf(head: bytes) -> bool:
    """Return whether a file that begins so holds binary OTLP, and no text.

    Args:
        head: The beginning of the file.
    """
    binary = any(byte < _FIRST_CONTROL and byte not in _TEXT_CONTROLS for byte in head[:_HEAD])
    return binary and (head[0] == _TAG or _has_length(head))


def _has_length(head: bytes) -> bool:
    """Return whether the bytes begin with the length of a request, as the collector writes it."""
    size = int.from_bytes(head[:_LENGTH_BYTES])
    return head[_LENGTH_BYTES : _LENGTH_BYTES + 1] == bytes([_TAG]) and 0 < size <= MAX_LINE_BYTES


def requests(stream: Readable) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the number of each request and the request as OTLP JSON.

    Raises:
        CliError: The bytes are no request, or one is too large.
    """
    head = stream.read(_LENGTH_BYTES + 1)
    if not _has_length(head):
        yield 1, _decoded(1, head + _read(stream, MAX_LINE_BYTES))
        return
    number, rest = 1, head[_LENGTH_BYTES:]
    while head:
        size = int.from_bytes(head[:_LENGTH_BYTES])
        if size > MAX_LINE_BYTES:
            raise CliError(f"request {number} is longer than {MAX_LINE_BYTES // _MIB} MiB")
        yield number, _decoded(number, rest + _exactly(stream, size - len(rest), number))
        head, rest, number = stream.read(_LENGTH_BYTES), b"", number + 1


def _read(stream: Readable, limit: int) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise CliError(f"the request is longer than {limit // _MIB} MiB, the longest that is read")
    return data


def _exactly(stream: Readable, size: int, number: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise CliError(f"request {number} is cut off")
    return data


def _decoded(number: int, data: bytes) -> Mapping[str, Any]:
    # Imported here: a file of JSON lines needs none of it.
    from google.protobuf.message import DecodeError  # noqa: PLC0415
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415
        ExportTraceServiceRequest,
    )

    try:
        request = ExportTraceServiceRequest.FromString(data)
    except DecodeError as error:
        raise CliError("not a text file; is it compressed, or binary OTLP of another signal?") from error
    if not request.resource_spans:
        raise CliError(f"request {number} holds no spans; is it of another signal?")
    return {"resourceSpans": [_resource(each) for each in request.resource_spans]}


def _resource(resource: Any) -> dict[str, Any]:
    return {
        "resource": {"attributes": list(map(_pair, resource.resource.attributes))},
        "scopeSpans": [{"spans": list(map(_span, scope.spans))} for scope in resource.scope_spans],
    }


def _span(span: Any) -> dict[str, Any]:
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": list(map(_pair, span.attributes)),
        "status": {"code": span.status.code, "message": span.status.message},
        "events": list(map(_event, span.events)),
        "links": list(map(_link, span.links)),
    }


def _event(event: Any) -> dict[str, Any]:
    attributes = list(map(_pair, event.attributes))
    return {"name": event.name, "timeUnixNano": event.time_unix_nano, "attributes": attributes}


def _link(link: Any) -> dict[str, Any]:
    attributes = list(map(_pair, link.attributes))
    return {"traceId": link.trace_id.hex(), "spanId": link.span_id.hex(), "attributes": attributes}


def _pair(pair: Any) -> dict[str, Any]:
    return {"key": pair.key, "value": _value(pair.value)}


def _value(value: Any) -> dict[str, Any]:
    kind = value.WhichOneof("value")
    if kind is None:
        return {}
    if kind == "array_value":
        return {"arrayValue": {"values": list(map(_value, value.array_value.values))}}
    words = kind.split("_")
    return {words[0] + "".join(map(str.title, words[1:])): getattr(value, kind)}
