"""Recognises an exception that was seen before, without keeping it alive."""

from __future__ import annotations

import weakref
from types import CodeType
from typing import TypeAlias

Sighting: TypeAlias = weakref.ref[BaseException] | tuple[int, CodeType | None, int]


def sighting_of(error: BaseException) -> Sighting:
    """Return what an exception is recognised by later.

    To hold the exception would hold every frame that it passed through, with all the host has in them. The
    built-in exceptions take no weak reference: they are known by address and by where they were raised.
    """
    try:
        return weakref.ref(error)
    except TypeError:
        return _address_and_origin(error)


def is_same(error: BaseException, seen: Sighting | None) -> bool:
    """Whether an exception is the one that was seen."""
    if seen is None:
        return False
    if isinstance(seen, tuple):
        return seen == _address_and_origin(error)
    return seen() is error


def _address_and_origin(error: BaseException) -> tuple[int, CodeType | None, int]:
    entry = error.__traceback__
    while entry is not None and entry.tb_next is not None:
        entry = entry.tb_next
    return (id(error), None, -1) if entry is None else (id(error), entry.tb_frame.f_code, entry.tb_lasti)
