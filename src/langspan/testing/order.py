"""The order of siblings that ran at the same time, which differs from run to run. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from langspan.cli.outline import OutlineLine
from langspan.conventions.names import LANGGRAPH_STEP
from langspan.testing.patterns import Line, Pattern, compare, is_same


@dataclass(slots=True)
class _Found:
    """A line of the outline with the ones below it."""

    line: OutlineLine
    below: list[_Found] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        yield Line(self.line.depth, self.line.text)
        for each in self.below:
            yield from each.lines()


@dataclass(slots=True)
class _Expected:
    """A line that a test expects with the ones below it."""

    pattern: Pattern
    below: list[_Expected] = field(default_factory=list)

    def patterns(self) -> Iterator[Pattern]:
        yield self.pattern
        for each in self.below:
            yield from each.patterns()


def arranged(lines: Sequence[OutlineLine], expected: Sequence[Pattern]) -> list[Line]:
    """Put siblings that ran at the same time into the order in which a test expects them.

    What ran at the same time: spans that overlap, and nodes of the same step of a graph, which may not
    overlap if they are fast. All others stay in the order in which they started.
    """
    found, patterns = _found_tree(lines), _expected_tree(expected)
    return [line for each in _arrange(found, patterns) for line in each.lines()]


def _found_tree(lines: Sequence[OutlineLine]) -> list[_Found]:
    top: list[_Found] = []
    path: list[_Found] = []
    for line in lines:
        del path[line.depth :]
        each = _Found(line)
        (path[-1].below if path else top).append(each)
        path.append(each)
    return top


def _expected_tree(patterns: Sequence[Pattern]) -> list[_Expected]:
    top: list[_Expected] = []
    path: list[_Expected] = []
    for pattern in patterns:
        del path[pattern.depth :]
        each = _Expected(pattern)
        (path[-1].below if path else top).append(each)
        path.append(each)
    return top


def _arrange(found: Sequence[_Found], expected: Sequence[_Expected]) -> list[_Found]:
    """Return siblings, and what is below them, in the order that suits those expected."""
    result: list[_Found] = []
    first = 0
    for together in _clusters(found):
        free = list(range(first, len(expected)))
        places: list[tuple[int, _Found]] = []
        for each in together:
            place = _place(each, expected, free)
            if place is None:
                places.append((_rest_in(expected, free), each))
                continue
            free.remove(place)
            first = max(first, place + 1)
            places.append((place, _Found(each.line, _arrange(each.below, expected[place].below))))
        result += [each for _, each in sorted(places, key=lambda pair: pair[0])]
    return result


def _clusters(found: Sequence[_Found]) -> Iterator[list[_Found]]:
    together: list[_Found] = []
    end, step = 0, None
    for each in found:
        row = each.line.row
        own = None if row is None else row.attributes.get(LANGGRAPH_STEP)
        start = end if row is None else row.start_ns
        if together and start >= end and (own is None or own != step):
            yield together
            together = []
        together.append(each)
        end, step = max(end, start if row is None else row.end_ns or start), own
    if together:
        yield together


def _place(each: _Found, expected: Sequence[_Expected], free: Sequence[int]) -> int | None:
    """Return which of those expected a line is: the first that is the same with all below, or by itself."""
    alike = [place for place in free if _is_named_so(each, expected[place].pattern)]
    return next((place for place in alike if _fits(each, expected[place])), alike[0] if alike else None)


def _is_named_so(each: _Found, pattern: Pattern) -> bool:
    return not pattern.is_rest and pattern.matches(each.line.text)


def _fits(each: _Found, expected: _Expected) -> bool:
    own = _Found(each.line, _arrange(each.below, expected.below))
    return is_same(compare(list(expected.patterns()), list(own.lines())))


def _rest_in(expected: Sequence[_Expected], free: Sequence[int]) -> int:
    return next((place for place in free if expected[place].pattern.is_rest), len(expected))
