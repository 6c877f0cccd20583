"""How streamed answers are framed: server-sent events and JSON lines, written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

EVENT_STREAM = "text/event-stream"
JSON_LINES = "application/x-ndjson"


def sse(
    events: Iterable[dict[str, Any]], *, named: bool = False, last: str | None = None
) -> tuple[bytes, ...]:
    """Server-sent events; `named` ones carry their `type` as the event's name, `last` is sent as it is."""
    frames = [_frame(event, named=named) for event in events]
    return (*frames, f"data: {last}\n\n".encode()) if last else tuple(frames)


def _frame(event: dict[str, Any], *, named: bool) -> bytes:
    head = f"event: {event['type']}\n" if named else ""
    return f"{head}data: {json.dumps(event)}\n\n".encode()


def read_sse(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON events of a stream of server-sent events."""
    for line in body.decode().splitlines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def json_lines(events: Iterable[dict[str, Any]]) -> tuple[bytes, ...]:
    """One JSON object a line."""
    return tuple(json.dumps(event).encode() + b"\n" for event in events)


def read_json_lines(body: bytes) -> Iterator[dict[str, Any]]:
    """The objects of JSON lines."""
    yield from map(json.loads, body.decode().splitlines())
