"""OTLP messages as plain data: ids in hexadecimal, attributes as Python values, times in nanoseconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True)
class Scope:
    name: str
    version: str
    schema_url: str


@dataclass(frozen=True)
class Event:
    name: str
    attributes: dict[str, Any]
    time: int


@dataclass(frozen=True)
class Link:
    trace_id: str
    span_id: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Span:
    name: str
    trace_id: str
    span_id: str
    parent_id: str | None
    kind: str
    status: str
    status_message: str
    attributes: dict[str, Any]
    events: tuple[Event, ...]
    links: tuple[Link, ...]
    start: int
    end: int
    scope: Scope
    resource: dict[str, Any]


@dataclass(frozen=True)
class Point:
    """One data point: `count`, `sum`, `bounds` and `buckets` of a histogram, else `value`."""

    attributes: dict[str, Any]
    value: float | None = None
    count: int | None = None
    sum: float | None = None
    bounds: tuple[float, ...] = ()
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    description: str
    kind: str
    points: tuple[Point, ...]
    scope: Scope
    resource: dict[str, Any]


@dataclass(frozen=True)
class Log:
    event_name: str
    body: Any
    attributes: dict[str, Any]
    severity: int
    trace_id: str
    span_id: str
    time: int
    scope: Scope
    resource: dict[str, Any]


def decode(request: Any) -> Iterator[Span | Metric | Log]:
    """Read every span, metric or log record out of one export request."""
    for groups, scopes, items, build in (
        ("resource_spans", "scope_spans", "spans", _span),
        ("resource_metrics", "scope_metrics", "metrics", _metric),
        ("resource_logs", "scope_logs", "log_records", _log),
    ):
        for group in getattr(request, groups, ()):
            resource = _dict(group.resource.attributes)
            for scoped in getattr(group, scopes):
                scope = Scope(scoped.scope.name, scoped.scope.version, scoped.schema_url)
                yield from (build(item, scope, resource) for item in getattr(scoped, items))


def _span(span: Any, scope: Scope, resource: dict[str, Any]) -> Span:
    return Span(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        kind=KINDS[span.kind],
        status=STATUSES[span.status.code],
        status_message=span.status.message,
        attributes=_dict(span.attributes),
        events=tuple(Event(e.name, _dict(e.attributes), e.time_unix_nano) for e in span.events),
        links=tuple(Link(k.trace_id.hex(), k.span_id.hex(), _dict(k.attributes)) for k in span.links),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        scope=scope,
        resource=resource,
    )


def _metric(metric: Any, scope: Scope, resource: dict[str, Any]) -> Metric:
    kind = metric.WhichOneof("data")
    points = tuple(_point(point) for point in getattr(metric, kind).data_points)
    return Metric(metric.name, metric.unit, metric.description, kind, points, scope, resource)


def _point(point: Any) -> Point:
    attributes = _dict(point.attributes)
    if hasattr(point, "bucket_counts"):
        bounds, buckets = tuple(point.explicit_bounds), tuple(point.bucket_counts)
        return Point(attributes, count=point.count, sum=point.sum, bounds=bounds, buckets=buckets)
    return Point(attributes, value=getattr(point, point.WhichOneof("value")))


def _log(log: Any, scope: Scope, resource: dict[str, Any]) -> Log:
    return Log(
        event_name=getattr(log, "event_name", ""),  # the protocol of OpenTelemetry 1.29 has no such field
        body=_value(log.body),
        attributes=_dict(log.attributes),
        severity=log.severity_number,
        trace_id=log.trace_id.hex(),
        span_id=log.span_id.hex(),
        time=log.time_unix_nano,
        scope=scope,
        resource=resource,
    )


def _dict(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _dict(value.kvlist_value.values)
    return getattr(value, kind) if kind else None
