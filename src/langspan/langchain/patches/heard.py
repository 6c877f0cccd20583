"""Iterators of other packages whose items are heard as they pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import wrapt


class Heard(wrapt.ObjectProxy):  # type: ignore[type-arg] # older versions take none
    """An iterator of another package; each of its items is told to somebody else as well.

    Args:
        items: The iterator.
        hear: What is called with each item. It must not raise.
    """

    def __init__(self, items: Any, hear: Callable[[Any], None]) -> None:
        super().__init__(items)
        self._self_hear = hear

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        item = next(self.__wrapped__)
        self._self_hear(item)
        return item


class AsyncHeard(wrapt.ObjectProxy):  # type: ignore[type-arg]
    """The same for an asynchronous iterator."""

    def __init__(self, items: Any, hear: Callable[[Any], None]) -> None:
        super().__init__(items)
        self._self_hear = hear

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        item = await self.__wrapped__.__anext__()
        self._self_hear(item)
        return item
