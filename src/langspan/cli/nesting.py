"""Spans in tree order. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from langspan.cli.columns import printable
from langspan.cli.rows import SpanRow
from langspan.cli.terminal import Style

# Deeper spans are drawn no further to the right: no terminal shows it, and the stems would fill the memory.
_LONGEST_STEM: Final = 300


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One line of the tree; without a row it represents a parent that is not in the data."""

    label: str
    row: SpanRow | None
    stem: str


def by_trace(rows: Iterable[SpanRow]) -> dict[str, list[SpanRow]]:
    """Group rows by trace, oldest trace first; if a span occurs twice, the last copy counts."""
    traces: dict[str, dict[str, SpanRow]] = defaultdict(dict)
    for row in rows:
        traces[row.trace_id][row.span_id] = row
    aged = {trace: sorted(spans.values(), key=lambda row: row.start_ns) for trace, spans in traces.items()}
    return dict(sorted(aged.items(), key=lambda item: item[1][0].start_ns))


def nested(rows: Sequence[SpanRow], style: Style) -> Iterator[TreeLine]:
    """Yield every row exactly once, parents first, siblings by start time.

    Not recursive, because a trace may be deeper than Python's stack.
    """
    children: dict[str | None, list[SpanRow]] = defaultdict(list)
    known = {row.span_id for row in rows}
    for row in sorted(rows, key=lambda row: row.start_ns):
        children[row.parent_id].append(row)
    seen: set[str] = set()
    for parent in _missing_parents(children, known):
        if parent is not None:
            yield TreeLine(f"(missing parent {printable(parent)})", None, "")
        yield from _descend(children, parent, seen, style)
    # The remaining spans are in a cycle of parents.
    for row in rows:
        if row.span_id not in seen:
            yield TreeLine("(spans that are each other's parent)", None, "")
            yield from _descend({**children, "": [row]}, "", seen, style)


def _missing_parents(children: dict[str | None, list[SpanRow]], known: set[str]) -> list[str | None]:
    """Return the parents that are not in the data, ordered by their first child; None is no parent."""
    absent = [parent for parent in children if parent not in known]
    return sorted(absent, key=lambda parent: children[parent][0].start_ns)


def _descend(
    children: dict[str | None, list[SpanRow]], top: str | None, seen: set[str], style: Style
) -> Iterator[TreeLine]:
    beams, spaces = style.pick("│  ", "|  "), "   "
    fork, corner = style.pick("├─ ", "|- "), style.pick("└─ ", "`- ")
    # Each entry: the row, the stem before it (None at the left edge), and whether it is the last child.
    stack = [(row, None if top is None else "", i == 0) for i, row in enumerate(reversed(children[top]))]
    while stack:
        row, before, last = stack.pop()
        if row.span_id in seen:
            continue
        seen.add(row.span_id)
        own = "" if before is None else before + (corner if last else fork)
        below = "" if before is None else before + (spaces if last else beams)
        if len(below) > _LONGEST_STEM:
            below = before or ""
        yield TreeLine(printable(row.name), row, own)
        nested = reversed(children.get(row.span_id, ()))
        stack += [(child, below, i == 0) for i, child in enumerate(nested)]
