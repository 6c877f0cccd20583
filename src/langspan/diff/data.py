"""A comparison as plain values for JSON. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langspan.diff.changes import Change
from langspan.diff.compare import Comparison, Row
from langspan.page.figures import Sums
from langspan.page.spans import Span


def comparison_data(comparison: Comparison, names: Sequence[str]) -> dict[str, Any]:
    """Return a comparison as plain values.

    Args:
        comparison: The two runs.
        names: What to call them.
    """
    parting = comparison.parting
    return {
        "left": {"name": names[0], **_sums(comparison.sums[0])},
        "right": {"name": names[1], **_sums(comparison.sums[1])},
        "same_shape": comparison.same_shape,
        "parting": None if parting is None else {"path": list(parting.path), "what": parting.what},
        "rows": [_row(row) for row in comparison.rows],
    }


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "spans": sums.spans,
        "errors": sums.errors,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "cost": dict(sums.cost),
        "seconds": sums.duration_ns / 1e9,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "depth": row.depth,
        "left": _span(row.left),
        "right": _span(row.right),
        "changes": [_change(change) for change in (*row.changes, *row.figures)],
    }


def _span(span: Span | None) -> Mapping[str, Any] | None:
    if span is None:
        return None
    seconds = None if span.duration_ns is None else span.duration_ns / 1e9
    return {"trace_id": span.trace_id, "span_id": span.span_id, "name": span.name, "seconds": seconds}


def _change(change: Change) -> dict[str, Any]:
    return {"what": change.what, "left": change.left, "right": change.right}
