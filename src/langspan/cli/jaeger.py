"""The JSON that Jaeger's UI downloads and its API answers with, as OTLP JSON. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_KINDS: Final = {"bool": "boolValue", "int64": "intValue", "float64": "doubleValue", "string": "stringValue"}
_ERROR: Final = 2
# What Jaeger makes of the status of a span; as attributes they would say it twice.
_STATUS: Final = frozenset({"error", "otel.status_code", "otel.status_description"})


def is_jaeger(item: Mapping[str, Any]) -> bool:
    """Return whether a JSON object is what Jaeger answers with, in either version of its API."""
    return isinstance(item.get("data"), list) or isinstance(item.get("result"), dict)


def as_otlp(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Convert what Jaeger answers with.

    Raises:
        KeyError, TypeError, AttributeError, ValueError: It is something else.
    """
    if "result" in item:
        return dict(item["result"])  # its newer API answers in OTLP
    return {"resourceSpans": [each for trace in item["data"] for each in _resources(trace)]}


def _resources(trace: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    processes = trace.get("processes") or {}
    for span in trace.get("spans") or ():
        process = processes.get(span.get("processID")) or {}
        name = {"key": "service.name", "value": {"stringValue": str(process.get("serviceName", ""))}}
        attributes = [name, *map(_attribute, process.get("tags") or ())]
        yield {"resource": {"attributes": attributes}, "scopeSpans": [{"spans": [_span(span)]}]}


def _span(span: Mapping[str, Any]) -> dict[str, Any]:
    tags = {tag["key"]: tag for tag in span.get("tags") or ()}
    start = int(span["startTime"]) * 1000
    return {
        "traceId": span["traceID"],
        "spanId": span["spanID"],
        "parentSpanId": _parent(span),
        "name": span.get("operationName", ""),
        "startTimeUnixNano": start,
        "endTimeUnixNano": start + int(span.get("duration", 0)) * 1000,
        "attributes": [_attribute(tag) for key, tag in tags.items() if key not in _STATUS],
        "status": _status({key: tag.get("value") for key, tag in tags.items()}),
        "events": list(map(_event, span.get("logs") or ())),
        "links": list(_links(span)),
    }


def _event(log: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a log of a span; the name of an event is a field of it."""
    fields = {field["key"]: field for field in log.get("fields") or ()}
    name = str((fields.pop("event", None) or {}).get("value", ""))
    attributes = list(map(_attribute, fields.values()))
    return {"name": name, "timeUnixNano": int(log.get("timestamp", 0)) * 1000, "attributes": attributes}


def _links(span: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for reference in span.get("references") or ():
        if reference.get("refType") != "CHILD_OF" or reference.get("traceID") != span["traceID"]:
            yield {"traceId": str(reference["traceID"]), "spanId": str(reference["spanID"])}


def _parent(span: Mapping[str, Any]) -> str:
    """Return the span's parent; references to other traces are links."""
    for reference in span.get("references") or ():
        if reference.get("refType") == "CHILD_OF" and reference.get("traceID") == span["traceID"]:
            return str(reference["spanID"])
    return str(span.get("parentSpanID") or "")


def _status(tags: Mapping[str, object]) -> dict[str, Any]:
    failed = tags.get("otel.status_code") == "ERROR" or tags.get("error") in {True, "true"}
    if not failed:
        return {}
    return {"code": _ERROR, "message": str(tags.get("otel.status_description", ""))}


def _attribute(tag: Mapping[str, Any]) -> dict[str, Any]:
    kind = _KINDS.get(str(tag.get("type", "string")).lower(), "stringValue")
    value = tag.get("value")
    return {"key": tag["key"], "value": {kind: str(value) if kind == "stringValue" else value}}
