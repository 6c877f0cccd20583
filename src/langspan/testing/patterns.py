"""Trees as a test writes them: lines with wildcards, compared with those of an outline. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Final, TypeAlias

_REST: Final = "..."
_STEM: Final = re.compile(r"([\s│├└─|`]*(?:- )?)(.*)")
_SPACES: Final = re.compile(r"\s+")

Edit: TypeAlias = tuple[str, int, str]
"""Where a line of the two trees is ("-" only expected, "+" only found, " " in both), its depth and text."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of either tree: how deep it stands, and its text."""

    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A line that a test expects: `*` stands for any text, a line of `...` for any number of siblings."""

    depth: int
    text: str
    regex: re.Pattern[str] = field(repr=False)

    @property
    def is_rest(self) -> bool:
        """Whether the line stands for any number of siblings, with all that is below them."""
        return self.text == _REST

    def matches(self, text: str) -> bool:
        """Return whether the pattern describes a text, however many spaces it has."""
        return self.regex.fullmatch(one_spaced(text)) is not None


def one_spaced(text: str) -> str:
    """Return a text with each run of white space as one space."""
    return _SPACES.sub(" ", text).strip()


def parse(text: str) -> list[Pattern]:
    """Read a tree that was drawn with lines, with `|-`, or only indented by spaces.

    Raises:
        ValueError: A line stands to the left of the first one, so that it has no place in the tree.
    """
    found: list[Pattern] = []
    first, columns = None, list[int]()
    for line in dedent(text).splitlines():
        stem, label = _STEM.findall(line)[0]
        if not label:
            continue
        column = len(stem)
        first = column if first is None else first
        while columns and column <= columns[-1]:
            columns.pop()
        if not columns and column != first:
            raise ValueError(f"no line above is the parent or a sibling of {line.strip()!r}")
        columns.append(column)
        found.append(_pattern(len(columns) - 1, one_spaced(label)))
    return found


def _pattern(depth: int, text: str) -> Pattern:
    return Pattern(depth, text, re.compile(".*".join(map(re.escape, text.split("*")))))


def compare(expected: Sequence[Pattern], found: Sequence[Line]) -> list[Edit]:
    """Align two trees with the fewest differences.

    Returns:
        Their lines in order; the trees are the same if every one is in both.
    """
    costs = _costs(expected, found)
    return list(_edits(expected, found, costs))


def is_same(edits: Sequence[Edit]) -> bool:
    """Return whether an alignment shows no difference."""
    return all(mark == " " for mark, _, _ in edits)


def _costs(expected: Sequence[Pattern], found: Sequence[Line]) -> list[list[int]]:
    """Return for each pair of positions how many lines differ from there to the ends."""
    ends = _ends(found)
    costs = [[0] * (len(found) + 1) for _ in range(len(expected) + 1)]
    costs[-1] = list(range(len(found), -1, -1))
    for i in range(len(expected) - 1, -1, -1):
        for j in range(len(found), -1, -1):
            costs[i][j] = min(costs[a][b] + cost for a, b, cost in _steps(expected, found, ends, i, j))
    return costs


def _steps(
    expected: Sequence[Pattern], found: Sequence[Line], ends: Sequence[int], i: int, j: int
) -> Iterator[tuple[int, int, int]]:
    """Yield where one can go from a pair of positions, the best first, and what that costs."""
    if j < len(found) and i < len(expected):
        pattern, line = expected[i], found[j]
        if pattern.depth == line.depth and pattern.is_rest:
            yield i, ends[j], 0
        elif pattern.depth == line.depth and pattern.matches(line.text):
            yield i + 1, j + 1, 0
    if i < len(expected):
        yield i + 1, j, 0 if expected[i].is_rest else 1
    if j < len(found):
        yield i, j + 1, 1


def _ends(found: Sequence[Line]) -> list[int]:
    """Return for each line where what is below it ends."""
    ends, open_lines = [len(found)] * len(found), list[int]()
    for index, line in enumerate(found):
        while open_lines and found[open_lines[-1]].depth >= line.depth:
            ends[open_lines.pop()] = index
        open_lines.append(index)
    return ends


def _edits(
    expected: Sequence[Pattern], found: Sequence[Line], costs: Sequence[Sequence[int]]
) -> Iterator[Edit]:
    ends, i, j = _ends(found), 0, 0
    while i < len(expected) or j < len(found):
        steps = _steps(expected, found, ends, i, j)
        a, b, cost = next(step for step in steps if costs[step[0]][step[1]] + step[2] == costs[i][j])
        if b > j:
            mark = "+" if cost else " "
            yield from ((mark, line.depth, line.text) for line in found[j:b])
        elif cost:
            yield "-", expected[i].depth, expected[i].text
        i, j = a, b
