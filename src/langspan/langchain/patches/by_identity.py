"""Values for objects of other packages, kept as long as these live."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """Values that are kept for objects as long as these live; equality and hash are not asked."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[Any], T]] = {}

    def keep(self, owner: Any, value: T) -> None:
        """Keep a value for an object."""
        key = id(owner)
        self._kept[key] = weakref.ref(owner, functools.partial(self._forget, key)), value

    def of(self, owner: Any) -> T | None:
        """Return the value that is kept for an object, if there is one."""
        kept = self._kept.get(id(owner))
        return kept[1] if kept is not None and kept[0]() is owner else None

    def pairs(self) -> Iterator[tuple[Any, T]]:
        """Yield the objects that are alive, each with its value."""
        for owner, value in list(self._kept.values()):
            if (alive := owner()) is not None:
                yield alive, value

    def _forget(self, key: int, gone: weakref.ref[Any]) -> None:
        kept = self._kept.get(key)
        if kept is not None and kept[0] is gone:  # else the address is another object's by now
            del self._kept[key]
