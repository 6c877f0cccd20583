"""Whether the code that runs has interrupted a context variable that is being set.

Python 3.11 collects garbage in the middle of an allocation, also of one that `ContextVar.set` makes. What
the collector closes then, a stream that the application has dropped, must not set a variable in the same
context: that frees the mapping which the interrupted call is copying, and variables get lost or the process
crashes. Newer versions collect between two instructions, where that cannot happen.

So while Python 3.11 collects, langspan sets no variable in the thread's own context: the body of a stream
is closed in the context that is current, and spans end in a copy, for processors and exporters set variables.
"""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Callable
from contextvars import copy_context
from threading import get_ident
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_INTERRUPTS: Final = sys.version_info < (3, 12)


class Collection:
    """The garbage collection that is under way, of which a process never has two.

    Attributes:
        thread: The thread that collects; None if none does, or if collections interrupt nothing.
    """

    __slots__ = ("thread",)

    def __init__(self) -> None:
        self.thread: int | None = None

    def is_here(self) -> bool:
        """Whether the code that asks runs inside the collection."""
        return self.thread is not None and self.thread == get_ident()

    def told(self, phase: str, _: dict[str, Any]) -> None:
        """Note that a collection starts or stops, as one of `gc.callbacks`."""
        self.thread = get_ident() if phase == "start" else None


collection: Final = Collection()


def watch() -> None:
    """Have the collector tell of its collections from now on, on a Python where they interrupt."""
    if _INTERRUPTS and collection.told not in gc.callbacks:
        gc.callbacks.append(collection.told)


def apart(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function that does the same in a copy of the context if a collection is under way here."""
    return functools.partial(copy_context().run, function) if collection.is_here() else function
