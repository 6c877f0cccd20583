"""Open runs and recently ended ones.

A bounded, thread-safe table that knows nothing of spans: what it holds is up to the caller. Entries that
outlive a bound are handed back, so that the caller can end them outside the lock.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

Entry = TypeVar("Entry")
Trail = TypeVar("Trail")

# Looking for entries that are too old costs a little; once in this many starts is often enough.
_SWEEP_EVERY = 64


class Runs(Generic[Entry, Trail]):
    """Open runs by run id, and what is left of those that ended lately.

    Args:
        max_open: Most runs held open; the oldest is evicted for a new one.
        max_age: Seconds after which an open run is evicted.
        max_ended: Most ended runs remembered, least recently ended forgotten first.
        clock: Monotonic seconds; injected by tests.
    """

    def __init__(
        self,
        *,
        max_open: int,
        max_age: float,
        max_ended: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_open = max_open
        self._max_age = max_age
        self._max_ended = max_ended
        self._clock = clock
        self._forget()
        _TABLES.add(self)

    def _forget(self) -> None:
        """Start empty, with a fresh lock: the old one may be held by a thread that a fork left behind."""
        self._lock = threading.Lock()
        self._open: OrderedDict[UUID, tuple[float, Entry]] = OrderedDict()
        self._ended: OrderedDict[UUID, Trail] = OrderedDict()
        self._starts = 0

    def __len__(self) -> int:
        """How many runs are open."""
        return len(self._open)

    def add(self, run_id: UUID, entry: Entry) -> list[Entry]:
        """Hold an open run.

        Returns:
            Entries that had to leave: over the count, too old, or a former one of the same id.
        """
        now = self._clock()
        with self._lock:
            former = self._open.pop(run_id, None)
            evicted = [] if former is None else [former[1]]
            self._open[run_id] = (now, entry)
            if len(self._open) > self._max_open:
                evicted.append(self._open.popitem(last=False)[1][1])
            self._starts += 1
            if self._starts % _SWEEP_EVERY == 0:
                evicted.extend(self._expired(now))
        return evicted

    def _expired(self, now: float) -> list[Entry]:
        expired = []
        while self._open:
            started, entry = next(iter(self._open.values()))
            if now - started <= self._max_age:
                break
            self._open.popitem(last=False)
            expired.append(entry)
        return expired

    def get(self, run_id: UUID) -> Entry | None:
        """The open run of that id, if any."""
        with self._lock:
            held = self._open.get(run_id)
        return None if held is None else held[1]

    def end(self, run_id: UUID, trail: Trail) -> bool:
        """Take an open run out and remember what is left of it.

        Returns:
            True for the first caller only, so that a run ends exactly once whoever asks.
        """
        with self._lock:
            if self._open.pop(run_id, None) is None:
                return False
            self._ended[run_id] = trail
            if len(self._ended) > self._max_ended:
                self._ended.popitem(last=False)
        return True

    def ended(self, run_id: UUID) -> Trail | None:
        """What is left of a recently ended run, if it is still remembered."""
        with self._lock:
            return self._ended.get(run_id)

    def drain(self) -> list[Entry]:
        """Take out all open runs, newest first, so that children come before their parents."""
        with self._lock:
            entries = [entry for _, entry in reversed(self._open.values())]
            self._open.clear()
        return entries


# Tables of this process, so that a forked child can empty them: its parent's runs end in the parent.
_TABLES: weakref.WeakSet[Runs[Any, Any]] = weakref.WeakSet()


def _forget_all() -> None:
    for table in list(_TABLES):
        table._forget()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
