"""Traces as JSON, an object on a line for each. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from langspan.cli.facts import TraceFacts
from langspan.cli.rows import SpanRow
from langspan.conventions.names import ERROR_TYPE

_NS_PER_MS: Final = 1_000_000


def as_line(item: Mapping[str, Any]) -> str:
    """Return an object as a line of JSON, in ASCII, so that any terminal and pipe takes it."""
    return json.dumps(item, default=str)


def trace_data(trace: TraceFacts, *, spans: bool) -> dict[str, Any]:
    """Return what is known of a trace, times in milliseconds.

    Args:
        trace: The trace.
        spans: Whether with each of its spans.
    """
    tokens = trace.tokens
    return {
        "trace_id": trace.trace_id,
        "name": trace.root.name,
        "start": _time(trace.start_ns),
        "duration_ms": trace.duration_ns / _NS_PER_MS,
        "span_count": len(trace.rows),
        "input_tokens": tokens and tokens[0],
        "output_tokens": tokens and tokens[1],
        "cost_usd": trace.dollars,
        "failed": trace.failed,
        "outcome": trace.root.outcome,
        "errors": [_error(row) for row in trace.causes],
        "conversations": sorted(trace.conversations),
        **({"spans": list(map(_span, trace.rows))} if spans else {}),
    }


def _error(row: SpanRow) -> dict[str, Any]:
    kind = row.attributes.get(ERROR_TYPE)
    return {"span": row.name, "span_id": row.span_id, "type": kind, "message": row.message}


def _span(row: SpanRow) -> dict[str, Any]:
    return {
        "span_id": row.span_id,
        "parent_id": row.parent_id,
        "name": row.name,
        "start": _time(row.start_ns),
        "duration_ms": None if row.end_ns is None else (row.end_ns - row.start_ns) / _NS_PER_MS,
        "failed": row.failed,
        "message": row.message,
        "attributes": dict(row.attributes),
    }


def _time(nanoseconds: int) -> str | None:
    seconds, rest = divmod(nanoseconds, 10**9)
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest // 1000).isoformat()
    except (OverflowError, ValueError, OSError):
        return None
