"""Alignment of sequences: nothing is lost, the order is kept, and as much as possible has a counterpart."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.diff import align as module
from langspan.diff.align import align

SEQUENCES = st.lists(st.sampled_from("abc"), max_size=7)


def aligned(left, right):
    return align(left, right, key=lambda item: item, likeness=lambda _a, _b: 0)


@pytest.fixture(params=["weighed", "by occurrence"])
def either_way(request, monkeypatch):
    """Both ways to find pairs: that of short sequences and that of long ones."""
    if request.param == "by occurrence":
        monkeypatch.setattr(module, "_MOST_PAIRS", -1)


def check_whole(left, right):
    pairs = aligned(left, right)
    assert list(range(len(left))) == [i for i, _ in pairs if i is not None]
    assert list(range(len(right))) == [j for _, j in pairs if j is not None]
    assert all(left[i] == right[j] for i, j in pairs if i is not None and j is not None)


@given(SEQUENCES, SEQUENCES)
def test_every_item_is_there_once_in_its_order_and_pairs_have_one_key(left, right):
    check_whole(left, right)


@given(SEQUENCES, SEQUENCES)
def test_the_same_holds_for_long_sequences(left, right):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_PAIRS", -1)
        check_whole(left, right)


def longest_common(left, right):
    """The length of the longest common subsequence, found by trying all."""
    ways = (
        size
        for size in range(len(left), -1, -1)
        for chosen in combinations(left, size)
        if is_within(chosen, right)
    )
    return next(ways)


def is_within(chosen, sequence):
    rest = iter(sequence)
    return all(item in rest for item in chosen)


@given(SEQUENCES, SEQUENCES)
def test_as_many_as_possible_have_a_counterpart(left, right):
    assert longest_common(left, right) == sum(None not in pair for pair in aligned(left, right))


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        ("", "", []),
        ("ab", "ab", [(0, 0), (1, 1)]),
        ("ab", "", [(0, None), (1, None)]),
        ("a", "b", [(0, None), (None, 0)]),
        ("abc", "ac", [(0, 0), (1, None), (2, 1)]),
        ("ac", "abc", [(0, 0), (None, 1), (1, 2)]),
    ],
)
def test_what_has_no_counterpart_stands_between_the_pairs(left, right, pairs):
    assert pairs == aligned(left, right)


def test_of_equal_keys_the_most_alike_are_counterparts():
    pairs = align(["x1"], ["x2", "x1"], key=lambda item: item[0], likeness=lambda a, b: int(a == b))
    assert [(None, 0), (0, 1)] == pairs


def test_thousands_of_siblings_are_aligned():
    left = [str(n % 50) for n in range(5000)]
    assert 1 == sum(None in pair for pair in aligned(left, left[:2500] + left[2501:]))


def test_a_missing_one_in_each_of_two_long_sequences_is_found():
    whole = [str(n % 50) for n in range(5000)]
    pairs = aligned(whole[:1000] + whole[1001:], whole[:1200] + whole[1201:])
    assert 2 == sum(None in pair for pair in pairs)
