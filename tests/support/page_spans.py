"""OTLP JSON spans made by hand, for what shows files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

SECOND = 1_000_000_000
BEGIN = 1_764_316_800 * SECOND
"""When the traces that are made here begin, in nanoseconds since the epoch."""


def wrapped(value: Any) -> dict[str, Any]:
    """A value as OTLP JSON has it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [wrapped(each) for each in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": pairs(value)}}
    return {"stringValue": value}


def pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP JSON has them."""
    return [{"key": key, "value": wrapped(value)} for key, value in attributes.items()]


def span(
    span_id: str = "01",
    parent: str = "",
    name: str = "step",
    *,
    trace: str = "feed",
    at: float = 0,
    takes: float | None = 1,
    error: str = "",
    attributes: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A span whose times are in seconds since `BEGIN`."""
    start = BEGIN + int(at * SECOND)
    ended = {} if takes is None else {"endTimeUnixNano": str(start + int(takes * SECOND))}
    status = {"status": {"code": 2, "message": error}} if error else {}
    ids = {"traceId": trace, "spanId": span_id, "parentSpanId": parent}
    times = {"startTimeUnixNano": str(start), **ended}
    return {**ids, "name": name, **times, "attributes": pairs(attributes or {}), **status, **more}


def request(*spans: Mapping[str, Any], resource: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An OTLP JSON object that holds these spans."""
    scopes = [{"scope": {}, "spans": list(spans)}]
    return {"resourceSpans": [{"resource": {"attributes": pairs(resource or {})}, "scopeSpans": scopes}]}


def line(*spans: Mapping[str, Any]) -> str:
    """A line of a file that holds these spans."""
    return json.dumps(request(*spans)) + "\n"


def chat(
    span_id: str, parent: str, *, model: str = "m", tokens: tuple[int, int] = (10, 2), **more: Any
) -> Any:
    """A model call, with its tokens."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": tokens[0],
        "gen_ai.usage.output_tokens": tokens[1],
        **more.pop("attributes", {}),
    }
    return span(span_id, parent, f"chat {model}", attributes=attributes, **more)


def messages(*said: tuple[str, str]) -> str:
    """Messages of one text each, as an attribute holds them."""
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said],
        ensure_ascii=False,
    )


def large(spans: int) -> Iterator[dict[str, Any]]:
    """An agent with so many spans: steps with three model calls each, and something said in each call."""
    yield span("0", name="invoke_agent large", takes=spans)
    for number in range(1, spans):
        step = number - (number - 1) % 4
        if step == number:
            yield span(str(number), "0", f"node {number}", at=number, takes=0.9)
            continue
        attributes = {
            "gen_ai.input.messages": messages(("user", f"question {number} " * 30)),
            "gen_ai.output.messages": messages(("assistant", f"answer {number} " * 30)),
        }
        error = "429" if number % 500 == 3 else ""
        yield chat(str(number), str(step), at=number, takes=0.5, attributes=attributes, error=error)
