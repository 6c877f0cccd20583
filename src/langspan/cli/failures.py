"""Where an error came from: the spans that failed first, and those that only passed it on. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from langspan.cli.rows import SpanRow
from langspan.conventions.names import ERROR_TYPE


def marked(rows: Iterable[SpanRow]) -> list[SpanRow]:
    """Return the rows of one trace, those with `passes_on` set whose error a child of theirs had before."""
    rows = list(rows)
    children: dict[str | None, list[SpanRow]] = defaultdict(list)
    for row in rows:
        if row.failed:
            children[row.parent_id].append(row)
    return [
        replace(row, passes_on=True)
        if row.failed and any(_is_same(row, child) for child in children[row.span_id])
        else row
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


def _is_same(row: SpanRow, child: SpanRow) -> bool:
    if _class_of(row) != _class_of(child):
        return False
    ours, theirs = row.message, child.message
    return not ours or not theirs or ours in theirs or theirs in ours


def _class_of(row: SpanRow) -> str:
    """Return the class of an error without its module, which not every instrumentation tells."""
    kind = str(row.attributes.get(ERROR_TYPE, "")) or row.message.partition(":")[0]
    return kind.rpartition(".")[2]
