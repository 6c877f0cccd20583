"""Alignment of two sequences: which items are each other's counterparts. Pure functions of any items."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

Item = TypeVar("Item")
Pairing: TypeAlias = "list[tuple[int | None, int | None]]"

# So many pairs of items are weighed one by one; with more, only keys are looked at.
_MOST_PAIRS: Final = 250_000


def align(
    left: Sequence[Item],
    right: Sequence[Item],
    key: Callable[[Item], Hashable],
    likeness: Callable[[Item, Item], int],
) -> Pairing:
    """Align two sequences so that as much as possible has a counterpart, in the same order.

    Args:
        left: The first sequence.
        right: The second one.
        key: Items can be counterparts only if their keys are equal.
        likeness: How alike two such items are, from 0 on; together it should weigh less than a pair more.

    Returns:
        The numbers of each pair, in order; None stands for a missing counterpart.
    """
    keys = [key(item) for item in left], [key(item) for item in right]
    begin, end = 0, (len(left), len(right))
    if _is_long(*end):
        begin, end = _middle(*keys)
    inner = slice(begin, end[0]), slice(begin, end[1])
    inner_keys = keys[0][inner[0]], keys[1][inner[1]]
    if _is_long(end[0] - begin, end[1] - begin):
        found = _by_occurrence(*inner_keys)
    else:
        found = _by_weight(left[inner[0]], right[inner[1]], inner_keys, likeness)
    before = [(i, i) for i in range(begin)]
    after = list(zip(range(end[0], len(left)), range(end[1], len(right)), strict=True))
    pairs = [*before, *((begin + i, begin + j) for i, j in found), *after]
    return _filled(pairs, len(left), len(right))


def _is_long(left: int, right: int) -> bool:
    return left * right > _MOST_PAIRS


def _middle(left: Sequence[Hashable], right: Sequence[Hashable]) -> tuple[int, tuple[int, int]]:
    """Return where two sequences begin to differ, and where each of them ends to."""
    shorter = min(len(left), len(right))
    begin = next((i for i in range(shorter) if left[i] != right[i]), shorter)
    rest = shorter - begin
    same = next((i for i in range(rest) if left[-1 - i] != right[-1 - i]), rest)
    return begin, (len(left) - same, len(right) - same)


def _by_weight(
    left: Sequence[Item],
    right: Sequence[Item],
    keys: tuple[Sequence[Hashable], Sequence[Hashable]],
    likeness: Callable[[Item, Item], int],
) -> list[tuple[int, int]]:
    """Return the pairs that weigh most together: the longest common subsequence, of these the most alike."""
    # Of what follows from each pair of places on, the best number of pairs and their likeness; and whether
    # the two items there are the first of these pairs.
    best = [[(0, 0)] * (len(right) + 1) for _ in range(len(left) + 1)]
    paired = set[tuple[int, int]]()
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            found = max(best[i + 1][j], best[i][j + 1])
            if keys[0][i] == keys[1][j]:
                pairs, alike = best[i + 1][j + 1]
                with_pair = pairs + 1, alike + likeness(left[i], right[j])
                if with_pair >= found:
                    found = with_pair
                    paired.add((i, j))
            best[i][j] = found
    return list(_way(best, paired))


def _way(
    best: Sequence[Sequence[tuple[int, int]]], paired: set[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    i = j = 0
    while i < len(best) - 1 and j < len(best[0]) - 1:
        if (i, j) in paired:
            yield i, j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1


def _by_occurrence(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pair the first occurrences of each key, then the second ones and so on, as far as the order allows."""
    places: dict[Hashable, deque[int]] = defaultdict(deque)
    for j, key in enumerate(right):
        places[key].append(j)
    candidates = [(i, places[key].popleft()) for i, key in enumerate(left) if places[key]]
    return _longest_rise(candidates)


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest subsequence in which the second numbers rise as the first ones do."""
    ends: list[int] = []  # the lowest end of a rise of each length
    at: list[int] = []  # and the pair that has it
    before: list[int | None] = []
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        at[length : length + 1] = [number]
        before.append(at[length - 1] if length else None)
    rise: list[tuple[int, int]] = []
    last = at[-1] if at else None
    while last is not None:
        rise.append(pairs[last])
        last = before[last]
    return rise[::-1]


def _filled(pairs: Sequence[tuple[int, int]], left: int, right: int) -> Pairing:
    """Put those without a counterpart between the pairs, the left ones first."""
    filled: Pairing = []
    i = j = 0
    for next_i, next_j in [*pairs, (left, right)]:
        filled += [(each, None) for each in range(i, next_i)]
        filled += [(None, each) for each in range(j, next_j)]
        filled.append((next_i, next_j))
        i, j = next_i + 1, next_j + 1
    return filled[:-1]
