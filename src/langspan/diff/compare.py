"""Two runs aligned: a row for each span and its counterpart, in tree order. Pure; nothing is recursive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from langspan.diff.align import align
from langspan.diff.changes import Change, asked_of, changes_of, figures_of, outcome_of
from langspan.page.figures import Sums, sums_of
from langspan.page.spans import Span
from langspan.page.trees import Node, by_trace, roots_of

Kind: TypeAlias = Literal["same", "changed", "removed", "added"]
Pair: TypeAlias = "tuple[Node | None, Node | None]"


@dataclass(frozen=True, slots=True)
class Row:
    """A span and its counterpart in the other run; one of them may be missing.

    Attributes:
        left: The span of the first run.
        right: That of the second one.
        depth: How many spans are above it.
        changes: What the two say differently.
        figures: The tokens and the cost that differ.
        below: How many rows are below this one.
        same_below: Whether all of those are the same in both runs, but for their times.
    """

    left: Span | None
    right: Span | None
    depth: int
    changes: tuple[Change, ...] = ()
    figures: tuple[Change, ...] = ()
    below: int = 0
    same_below: bool = True

    @property
    def span(self) -> Span:
        """The span of the second run, or of the first if it has no counterpart."""
        span = self.right or self.left
        if span is None:
            raise ValueError("a row is of at least one span")
        return span

    @property
    def kind(self) -> Kind:
        """What became of the span."""
        if self.right is None:
            return "removed"
        if self.left is None:
            return "added"
        return "changed" if self.changes or self.figures else "same"

    @property
    def keeps_shape(self) -> bool:
        """Whether the runs have the same shape here."""
        return self.kind in {"same", "changed"} and not any(change.is_of_shape for change in self.changes)


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two runs part.

    Attributes:
        row: The span, or the two, that do.
        path: The names from the root down to there.
        what: What is different.
    """

    row: Row
    path: Sequence[str]
    what: str


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side.

    Attributes:
        rows: Their spans, aligned, in tree order.
        sums: What each of them comes to.
    """

    rows: Sequence[Row]
    sums: tuple[Sums, Sums]

    @property
    def same_shape(self) -> bool:
        """Whether both have the same spans in the same places, with the same outcomes."""
        return all(row.keeps_shape for row in self.rows)

    @cached_property
    def parting(self) -> Parting | None:
        """Where the runs part; None if nowhere.

        It is the first difference in the course of the runs: what a span is asked comes before what is below
        it, and what comes of it after that.
        """
        above: list[Row] = []
        for row in self.rows:
            if found := _ended(above, row.depth):
                return found
            above.append(row)
            if what := _at_start(row):
                return _parting(above, what)
        return _ended(above, 0)


def compare(left: Iterable[Span], right: Iterable[Span]) -> Comparison:
    """Align two runs: the spans of one trace each, or of several, each with its counterpart in turn."""
    runs = list(left), list(right)
    roots = [[root for each in by_trace(run).values() for root in roots_of(each)] for run in runs]
    return Comparison(_with_below(_rows(*roots)), (sums_of(runs[0]), sums_of(runs[1])))


def _rows(left: Sequence[Node], right: Sequence[Node]) -> list[Row]:
    rows = []
    # Two single roots are the same run, whatever it is called by now.
    alone = len(left) == len(right) == 1
    tops = [(left[0], right[0])] if alone else _counterparts(left, right)
    stack: list[tuple[Pair, int]] = [(pair, 0) for pair in reversed(tops)]
    while stack:
        (a, b), depth = stack.pop()
        rows.append(_row(a.span if a else None, b.span if b else None, depth))
        below = _counterparts(a.children if a else (), b.children if b else ())
        stack += [(pair, depth + 1) for pair in reversed(below)]
    return rows


def _row(left: Span | None, right: Span | None, depth: int) -> Row:
    if left is None or right is None:
        return Row(left, right, depth)
    return Row(left, right, depth, tuple(changes_of(left, right)), tuple(figures_of(left, right)))


def _counterparts(left: Sequence[Node], right: Sequence[Node]) -> list[Pair]:
    left, right = _in_order(left), _in_order(right)
    pairs = align(left, right, _key, _likeness)
    return [(None if i is None else left[i], None if j is None else right[j]) for i, j in pairs]


def _key(node: Node) -> tuple[str, str]:
    """Return what counterparts have in common: the kind and the name, of which model calls may change."""
    span = node.span
    return span.operation, "" if span.calls_model else span.name


def _likeness(left: Node, right: Node) -> int:
    """Return how alike two spans with one key are, from 0 to 3."""
    a, b = left.span, right.span
    return (a.name == b.name) + (outcome_of(a) == outcome_of(b)) + (asked_of(a) == asked_of(b))


def _in_order(siblings: Sequence[Node]) -> list[Node]:
    """Return siblings by start, and those that all ran at the same time by name: who began is chance."""
    ordered: list[Node] = []
    together: list[Node] = []
    until = 0
    for node in siblings:
        end = node.span.end_ns or node.span.start_ns
        if together and node.span.start_ns < until:
            until = min(until, end)
        else:
            ordered += sorted(together, key=_rank)
            together, until = [], end
        together.append(node)
    return ordered + sorted(together, key=_rank)


def _rank(node: Node) -> tuple[tuple[str, str], tuple[str, ...]]:
    return _key(node), asked_of(node.span)


def _with_below(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with what is below each."""
    done: list[Row] = []
    waiting: list[tuple[int, int, bool]] = []  # of rows to the right: depth, rows in all, are they the same
    for row in reversed(rows):
        below, same = 0, True
        while waiting and waiting[-1][0] > row.depth:
            _, count, is_same = waiting.pop()
            below, same = below + count, same and is_same
        done.append(Row(row.left, row.right, row.depth, row.changes, row.figures, below, same))
        waiting.append((row.depth, below + 1, same and row.kind == "same"))
    return done[::-1]


def _at_start(row: Row) -> str:
    if row.kind in {"removed", "added"}:
        return f"only in the {'first' if row.kind == 'removed' else 'second'} run"
    return ", ".join(change.what for change in row.changes if not change.at_end)


def _parting(above: Sequence[Row], what: str) -> Parting:
    return Parting(above[-1], [row.span.name for row in above], what)


def _ended(above: list[Row], depth: int) -> Parting | None:
    """Take the rows from this depth on off the way down; return the first of which something else came."""
    while len(above) > depth:
        what = ", ".join(change.what for change in above[-1].changes if change.at_end)
        if what:
            return _parting(above, what)
        above.pop()
    return None
