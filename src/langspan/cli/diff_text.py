"""A comparison of two runs, drawn for a terminal. Pure functions from rows and a style to text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from langspan.cli.columns import duration_text, printable, truncate
from langspan.cli.terminal import Style
from langspan.diff.changes import Change
from langspan.diff.compare import Comparison, Row
from langspan.diff.html import MARKS
from langspan.diff.words import ARROW, SAME, figures_text, said_in, shown_rows, sums_table

_COLOURS: Final = {"same": "", "changed": "33", "removed": "31", "added": "32"}
_DIM: Final = "2"
_GAP: Final = "  "
_STATES: Final = frozenset({"input", "output"})
_REPEATED: Final = _STATES | {"messages"}
_MOST_INDENT: Final = 30
_MIN_NAME: Final = 20
# What two runs say differently is shown from shortly before the place where it differs.
_BEFORE: Final = 15


def draw_comparison(
    comparison: Comparison, names: Sequence[str], style: Style, *, full: bool
) -> Iterator[str]:
    """Yield the lines of a comparison: the sums of both runs, where they part, and their spans.

    Args:
        comparison: The two runs.
        names: What to call them.
        style: How to draw.
        full: Draw all spans, also where nothing changed.
    """
    yield from _sums(comparison, names, style)
    yield ""
    yield _parting(comparison)
    yield ""
    for row, left_out in shown_rows(comparison, full=full):
        told = row.changes if full or _is_parting(row, comparison) else _news(row)
        yield _draw_row(row, left_out, _untold(row, told), style)
        for change in told:
            yield from _draw_change(change, row.depth, style)


def _is_parting(row: Row, comparison: Comparison) -> bool:
    return comparison.parting is not None and comparison.parting.row is row


def _news(row: Row) -> list[Change]:
    """Return the changes that are told in full: below the root, others repeat what was said before."""
    repeated = _REPEATED if row.depth else _STATES
    return [change for change in row.changes if change.what not in repeated]


def _untold(row: Row, told: Sequence[Change]) -> str:
    names = [change.what for change in row.changes if change not in told]
    return f" ({', '.join(names)})" if names else ""


def _sums(comparison: Comparison, names: Sequence[str], style: Style) -> Iterator[str]:
    titles = [truncate(printable(name), style.width // 3, style) for name in names]
    duration = partial(duration_text, style=style)
    table = [("", *titles), *sums_table(comparison.sums, duration)]
    widths = [max(len(cells[column]) for cells in table) for column in range(3)]
    for name, left, right in table:
        yield f"{name.ljust(widths[0])}{_GAP}{left.rjust(widths[1])}{_GAP}{right.rjust(widths[2])}".rstrip()


def _parting(comparison: Comparison) -> str:
    if comparison.parting is None:
        return SAME
    path = " > ".join(map(printable, comparison.parting.path))
    return f"They part at {path}: {printable(comparison.parting.what)}"


def _draw_row(row: Row, left_out: int, untold: str, style: Style) -> str:
    mark = f"{MARKS[row.kind]} {_indent(row.depth)}"
    figures = figures_text(row, partial(duration_text, style=style)).replace(ARROW, style.pick(ARROW, "->"))
    figures = figures.replace("·", style.pick("·", "-"))
    below = f" and {left_out} below, the same" if left_out else untold
    room = style.width - len(mark) - len(_GAP) - len(figures) - len(below)
    name = truncate(printable(row.span.name), max(room, _MIN_NAME), style)
    blank = " " * max(room - len(name), 0)
    painted = style.paint(mark + name, _COLOURS[row.kind]) + style.paint(below, _DIM)
    return f"{painted}{blank}{_GAP}{style.paint(figures, _DIM)}".rstrip()


def _draw_change(change: Change, depth: int, style: Style) -> Iterator[str]:
    indent = f"  {_indent(depth)}   "
    yield style.paint(f"{indent}{printable(change.what)}", _DIM)
    left, right = (printable(said_in(value)) for value in (change.left, change.right))
    room = max(style.width - len(indent) - len(_GAP), _MIN_NAME)
    start = _differ_from(left, right) if max(len(left), len(right)) > room else 0
    for mark, text, colour in (("-", left, "31"), ("+", right, "32")):
        shown = style.pick("…", "~") + text[start:] if start else text
        yield f"{indent}{style.paint(f'{mark} {truncate(shown, room, style)}', colour)}"


def _differ_from(left: str, right: str) -> int:
    """Return from where on to show two texts, so that their first difference is in sight."""
    same = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
    return max(same - _BEFORE, 0)


def _indent(depth: int) -> str:
    return "  " * min(depth, _MOST_INDENT)
