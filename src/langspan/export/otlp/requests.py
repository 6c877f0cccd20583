"""Whole export requests: encoded spans and log records, grouped by resource and by scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan

from langspan.export.otlp.values import AttributeEncoder
from langspan.export.otlp.wire import FRAME, VARINT, frame, frame_size, tag, text_field, uint32_field, varint

# Requests for spans and for log records differ in names only: both have these fields.
_RESOURCE_GROUP: Final = tag(1, FRAME)
_RESOURCE, _SCOPE_GROUP, _GROUP_SCHEMA_URL = tag(1, FRAME), tag(2, FRAME), tag(3, FRAME)
_SCOPE, _ITEM = tag(1, FRAME), tag(2, FRAME)
_RESOURCE_DROPPED: Final = tag(2, VARINT)
_SCOPE_NAME, _SCOPE_VERSION, _SCOPE_DROPPED = tag(1, FRAME), tag(2, FRAME), tag(4, VARINT)

# A group starts with a tag of one byte and a length of at most five.
_GROUP_START: Final = 6
_MAX_CACHED: Final = 64

_resource_attributes: Final = AttributeEncoder(1)
_scope_attributes: Final = AttributeEncoder(3)


class _HeadCache:
    """What a group starts with, by the identity of its resource or scope.

    A process has few of either, and they never change. The cache holds them, so that no other object can get
    the same identity; it is emptied when it is full.
    """

    def __init__(self, encode: Callable[[Any], bytes]) -> None:
        self._encode = encode
        self._heads: dict[int, tuple[Any, bytes]] = {}

    def get(self, owner: Any) -> bytes:
        found = self._heads.get(id(owner))
        if found is not None:
            return found[1]
        head = self._encode(owner)
        if len(self._heads) >= _MAX_CACHED:
            self._heads.clear()
        self._heads[id(owner)] = (owner, head)
        return head


def _encode_resource(resource: Any) -> bytes:
    if resource is None:
        return frame(_RESOURCE, b"")
    parts: list[bytes] = []
    left_out = _resource_attributes.append(parts, resource.attributes)
    parts.append(uint32_field(_RESOURCE_DROPPED, left_out))
    return frame(_RESOURCE, b"".join(parts)) + text_field(_GROUP_SCHEMA_URL, resource.schema_url)


def _encode_scope(scope: Any) -> bytes:
    if scope is None:
        return frame(_SCOPE, b"")
    parts = [text_field(_SCOPE_NAME, scope.name), text_field(_SCOPE_VERSION, scope.version)]
    left_out = _scope_attributes.append(parts, scope.attributes)
    parts.append(uint32_field(_SCOPE_DROPPED, left_out))
    return frame(_SCOPE, b"".join(parts)) + text_field(_GROUP_SCHEMA_URL, scope.schema_url)


_place_of: Final = attrgetter("resource", "instrumentation_scope")
_place_of_log_data: Final = attrgetter("log_record.resource", "instrumentation_scope")
_resource_heads: Final = _HeadCache(_encode_resource)
_scope_heads: Final = _HeadCache(_encode_scope)


def trace_request(spans: Iterable[tuple[ReadableSpan, bytes]]) -> bytes:
    """Build the body of an `ExportTraceServiceRequest`.

    Args:
        spans: Spans with their bodies from `encode_span`.

    Returns:
        The request. Spans of equal resources and scopes are together; otherwise the order stays.
    """
    return _request(spans, _place_of)


def logs_request(logs: Iterable[tuple[Any, bytes]]) -> bytes:
    """Build the body of an `ExportLogsServiceRequest`.

    Args:
        logs: Log records with their bodies from `encode_log_record`.

    Returns:
        The request, grouped as one for spans.
    """
    return _request(logs, _place_of_log)


def _place_of_log(log: Any) -> tuple[Any, Any]:
    # Before OpenTelemetry 1.39, the record inside a log item has the resource.
    return _place_of(log) if hasattr(log, "resource") else _place_of_log_data(log)


def _request(items: Iterable[tuple[Any, bytes]], place_of: Callable[[Any], tuple[Any, Any]]) -> bytes:
    groups: dict[bytes, dict[tuple[bytes, bool], list[bytes]]] = {}
    previous: tuple[Any, Any] = (groups, None)  # of no item
    parts: list[bytes] = []
    for item, body in items:
        resource, scope = place_of(item)
        if resource is not previous[0] or scope is not previous[1]:
            previous = resource, scope
            scopes = groups.setdefault(_resource_heads.get(resource), {})
            # No scope and one without a name are encoded alike, but kept apart, as the stock encoder does.
            parts = scopes.setdefault((_scope_heads.get(scope), scope is None), [])
        parts += (_ITEM, varint(len(body)), body)
    return b"".join([_encode_group(head, scopes) for head, scopes in groups.items()])


def _encode_group(resource_head: bytes, scopes: dict[tuple[bytes, bool], list[bytes]]) -> bytes:
    group = [resource_head]
    for (scope_head, _), parts in scopes.items():
        group += (_SCOPE_GROUP, varint(len(scope_head) + sum(map(len, parts))), scope_head, *parts)
    return frame(_RESOURCE_GROUP, b"".join(group))


def span_frame_size(body: bytes) -> int:
    """Return what an encoded span or log record adds to a request, in bytes, besides resource and scope."""
    return frame_size(len(body))


def envelope_size(item: Any) -> int:
    """Return what the resource and the scope of an item add to a request, once, in bytes.

    The sum of this and of all frames is the size of the request, or up to eight bytes more: the lengths that
    the two groups start with count as five bytes each.

    Args:
        item: A span or a log record.
    """
    resource, scope = _place_of_log(item)
    return 2 * _GROUP_START + len(_resource_heads.get(resource)) + len(_scope_heads.get(scope))
