"""Where an error came from: the spans that failed first, and those that only passed it on. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from langspan.cli.rows import SpanRow
from langspan.page.errors import passing_on


def marked(rows: Iterable[SpanRow]) -> list[SpanRow]:
    """Return the rows of one trace, those with `passes_on` set whose error a child of theirs had before."""
    rows = list(rows)
    passing = passing_on(rows)
    return [
        replace(row, passes_on=True) if row.failed and (row.trace_id, row.span_id) in passing else row
        for row in rows
    ]


def causes(rows: Iterable[SpanRow]) -> list[SpanRow]:
    """Return the spans of one trace in which an error began, oldest first."""
    found = (row for row in marked(rows) if row.failed and not row.passes_on)
    return sorted(found, key=lambda row: row.start_ns)


def is_failed_run(rows: Sequence[SpanRow]) -> bool:
    """Return whether the error reached the top of the trace, or was dealt with further down."""
    known = {row.span_id for row in rows}
    return any(row.failed for row in rows if row.parent_id not in known)
