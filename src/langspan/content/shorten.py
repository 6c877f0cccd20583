"""Encoding of a plain JSON tree as JSON text of limited size. A note marks each omission and its extent.

All long texts are cut to one common length, so a long document does not push out the question that follows
it. Only if that is not enough do lists and objects lose their last items.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, Final, Self

from langspan._values import valid_utf8
from langspan.content.room import Room
from langspan.content.structure import STRUCTURE_KEYS

# The tree has no NaN and no cycles; the default encoder would write NaN, which is not valid JSON.
_encode: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode

_MARKER: Final = 48  # characters; longer than any note, so that cutting always makes a text shorter
_ITEM_LIMITS: Final = (1500, 1000, 700, 500, 350, 250, 180, 128, 90, 64, 45, 32, 22, 16, 11, 8, 5, 3, 2, 1)
_MIN_TEXT_LENGTH: Final = 64  # characters; if texts of this length do not fit, whole items are omitted
_MAX_ATTEMPTS: Final = 5
_SMALL: Final = 512  # characters; only a limit of OpenTelemetry's can be so low
_BARE_ITEMS: Final = 4  # as many as a part of a message has
_BARE_LENGTHS: Final = (48, 32, 24, 16, 8, 4, 0)
OMITTED_KEY: Final = "…"
"""The key of the note about omitted items in a dictionary."""


class OmissionNote(str):
    """A note in place of omitted items. It keeps their number, because more may be omitted later."""

    __slots__ = ("items",)

    items: int

    def __new__(cls, count: int) -> Self:
        """Create the note.

        Args:
            count: The number of omitted items.
        """
        note = super().__new__(cls, f"…[{count} more left out]")
        note.items = count
        return note


def to_json(tree: Any, room: Room, text_length: int, *, keeps_shape: bool = False) -> str | None:
    """Encode a tree as JSON, shortening it until it fits; None if not even a note would fit.

    Args:
        tree: None, bools, finite numbers, strings, lists and dictionaries with string keys; acyclic.
        room: The maximum size of the JSON text.
        text_length: The total number of characters of all strings in the tree.
        keeps_shape: In very little room, cut texts to almost nothing rather than leave out fields.
    """
    if text_length <= room.least:
        text = _encode(tree)
        if text.isascii():
            if len(text) <= room.least:
                return text
        elif room.load(text := valid_utf8(text)) <= 1:
            return text
    return _shorten(tree, room, keeps_shape=keeps_shape and room.least < _SMALL)


def _encode_valid(tree: Any) -> str:
    """Return the JSON text with lone surrogates replaced."""
    return valid_utf8(_encode(tree))


def _shorten(tree: Any, room: Room, *, keeps_shape: bool) -> str | None:
    text = _fit(tree, room, None)
    if text is None and keeps_shape:
        return _bare(tree, room)
    # Cutting texts was not enough: find the largest number of items that fits by binary search.
    low, high = 0, len(_ITEM_LIMITS) - 1 if text is None else -1
    while low <= high:
        middle = (low + high) // 2
        found = _fit(tree, room, _ITEM_LIMITS[middle])
        if found is None:
            low = middle + 1
        else:
            text, high = found, middle - 1
    return _bare(tree, room) if text is None else text


def _bare(tree: Any, room: Room) -> str | None:
    """Encode a note in place of the tree; in very little room the start of what there is, without notes."""
    for limit in _BARE_LENGTHS if room.least < _SMALL else ():
        text = _encode_valid(_cut_bare(tree, limit))
        if room.load(text) <= 1:
            return text
    note = _encode(f"[left out: {type(tree).__name__} of more than {room.least} bytes]")
    return note if room.load(note) <= 1 else None


def _fit(tree: Any, room: Room, items: int | None) -> str | None:
    """Encode the first `items` of each container with texts cut as needed; None if that cannot fit."""
    shortest = _encode_valid(_cut(tree, _MIN_TEXT_LENGTH, items))
    if room.load(shortest) > 1:
        return None
    lengths: list[int] = []
    _collect_text_lengths(tree, lengths, items)
    lengths.sort()
    budget = room.least
    for _ in range(_MAX_ATTEMPTS):
        limit = _common_length(lengths, budget)
        if limit <= _MIN_TEXT_LENGTH:
            break
        text = _encode_valid(_cut(tree, limit, items))
        load = room.load(text)
        if load <= 1:
            return text
        budget = int(budget / load * 0.98)
    return shortest


def _collect_text_lengths(tree: Any, lengths: list[int], items: int | None) -> None:
    if tree.__class__ is str:
        lengths.append(len(tree))
    elif tree.__class__ is dict:
        for value in islice(tree.values(), items):
            _collect_text_lengths(value, lengths, items)
    elif tree.__class__ is list:
        for value in tree[:items]:
            _collect_text_lengths(value, lengths, items)


def _common_length(lengths: list[int], budget: int) -> int:
    """Return the length to which texts must be cut so that their total fits the budget."""
    left = len(lengths)
    for length in lengths:
        if length * left > budget:
            return budget // left
        budget -= length
        left -= 1
    return lengths[-1] if lengths else 0


def _cut(tree: Any, limit: int, items: int | None) -> Any:
    if tree.__class__ is str:
        return (
            tree if len(tree) <= limit + _MARKER else f"{tree[:limit]}…[cut: {len(tree)} characters in all]"
        )
    if tree.__class__ is list:
        return _cut_list(tree, limit, items)
    if tree.__class__ is dict:
        return _cut_dict(tree, limit, items)
    return tree


def _cut_list(tree: list[Any], limit: int, items: int | None) -> list[Any]:
    before = tree[-1].items if tree and isinstance(tree[-1], OmissionNote) else 0
    present = tree[:-1] if before else tree
    kept = [_cut(value, limit, items) for value in present[:items]]
    missing = len(present) - len(kept) + before
    return [*kept, OmissionNote(missing)] if missing else kept


def _cut_dict(tree: dict[str, Any], limit: int, items: int | None) -> dict[str, Any]:
    mark = tree.get(OMITTED_KEY)
    before = mark.items if isinstance(mark, OmissionNote) else 0
    present = [pair for pair in tree.items() if pair[1] is not mark] if before else list(tree.items())
    kept = {key: _cut(value, limit, items) for key, value in present[:items]}
    missing = len(present) - len(kept) + before
    return kept | {OMITTED_KEY: OmissionNote(missing)} if missing else kept


def _cut_bare(tree: Any, limit: int) -> Any:
    if isinstance(tree, OmissionNote):
        return None
    if tree.__class__ is str:
        return tree if len(tree) <= limit + 1 else f"{tree[:limit]}…"
    if tree.__class__ is list:
        return [_cut_bare(value, limit) for value in tree[:1]]
    if tree.__class__ is dict:
        return {
            key: value if key in STRUCTURE_KEYS else _cut_bare(value, limit)
            for key, value in islice(tree.items(), _BARE_ITEMS)
        }
    return tree
