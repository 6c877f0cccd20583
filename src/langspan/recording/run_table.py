"""Open runs and recently ended ones.

A bounded, thread-safe table that knows nothing of spans: what it holds is up to the caller. Entries that
outlive a bound are handed back, so that the caller can end them outside the lock.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

from langspan._stats import Tally

Entry = TypeVar("Entry")
Ended = TypeVar("Ended")

# Looking for entries that are too old costs a little; once in this many starts is often enough.
_SWEEP_EVERY = 64


class RunTable(Generic[Entry, Ended]):
    """Open runs by run id, and what is left of those that ended lately.

    Args:
        max_open: Most runs held open; the oldest is evicted for a new one.
        max_age: Seconds after which an open run is evicted.
        max_ended: At least as many of the latest ended runs are remembered, and at most twice as many.
        ended_context: What to remember of a run that ended; must be quick and must not fail.
        evicted: Counts the runs that have to leave because there are too many, or they are too old.
        clock: Monotonic seconds; injected by tests.
    """

    def __init__(
        self,
        *,
        max_open: int,
        max_age: float,
        max_ended: int,
        ended_context: Callable[[Entry], Ended],
        evicted: Tally | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_open = max_open
        self._max_age = max_age
        self._max_ended = max_ended
        self._ended_context = ended_context
        self._evicted = evicted or Tally()
        self._clock = clock
        self._forget()
        _TABLES.add(self)

    def _forget(self) -> None:
        """Start empty, with a fresh lock: the old one may be held by a thread that a fork left behind."""
        self._lock = threading.Lock()
        # By the number of the id: hashing a UUID itself runs Python code, each time.
        self._open: dict[object, tuple[float, Entry]] = {}
        # Two generations: when the younger is full it becomes the elder, and the elder is dropped whole.
        # Half as exact as forgetting one by one, and several times cheaper.
        self._ended: dict[object, Ended] = {}
        self._ended_before: dict[object, Ended] = {}
        self._starts = 0
        self._is_drained = False

    def __len__(self) -> int:
        """How many runs are open."""
        return len(self._open)

    def add(self, run_id: UUID, entry: Entry) -> list[Entry]:
        """Hold an open run.

        Returns:
            Entries that had to leave: over the count, too old, or a former one of the same id. Once the
            table is drained nothing is held any more, and the entry itself comes back.
        """
        evicted: list[Entry] = []
        key = run_id.int if type(run_id) is UUID else run_id
        with self._lock:
            if self._is_drained:
                return [entry]
            held = (self._clock(), entry)
            former = self._open.setdefault(key, held)
            if former is not held:
                evicted.append(former[1])
                del self._open[key]  # the table is in the order of the starts
                self._open[key] = held
            self._starts += 1
            if self._starts % _SWEEP_EVERY == 0 or len(self._open) > self._max_open:
                self._sweep(evicted)
        return evicted

    def _sweep(self, evicted: list[Entry]) -> None:
        """Evict the oldest runs while there are too many, and all that are too old."""
        latest = self._clock() - self._max_age
        over = len(self._open) - self._max_open
        leaving: list[object] = []
        for key, (started, _) in self._open.items():
            if len(leaving) >= over and started >= latest:
                break
            leaving.append(key)
        for key in leaving:
            evicted.append(self._open.pop(key)[1])
            self._evicted.add()

    def get(self, run_id: UUID) -> Entry | None:
        """The open run of that id, if any."""
        key = run_id.int if type(run_id) is UUID else run_id
        held = self._open.get(key)  # atomic by itself: no lock
        return None if held is None else held[1]

    def open(self) -> list[Entry]:
        """The open runs, in the order of their starts."""
        with self._lock:
            return [entry for _, entry in self._open.values()]

    def take(self, run_id: UUID, entry: Entry | None = None) -> Entry | None:
        """Take an open run out and remember what is left of it.

        Args:
            run_id: The run.
            entry: Take out this one only, not a later run of the same id.

        Returns:
            The entry for the first caller only, so that a run ends exactly once whoever asks.
        """
        key = run_id.int if type(run_id) is UUID else run_id
        with self._lock:
            if entry is not None and self.get(run_id) is not entry:
                return None
            held = self._open.pop(key, None)
            if held is None:
                return None
            if len(self._ended) >= self._max_ended:
                self._ended_before = self._ended
                self._ended = {}
            self._ended[key] = self._ended_context(held[1])
        return held[1]

    def ended(self, run_id: UUID) -> Ended | None:
        """What is left of a recently ended run, if it is still remembered."""
        key = run_id.int if type(run_id) is UUID else run_id
        with self._lock:
            found = self._ended.get(key)
            return self._ended_before.get(key) if found is None else found

    def drain(self) -> list[Entry]:
        """Take out all open runs for good, newest first, so that children come before their parents."""
        with self._lock:
            self._is_drained = True
            entries = [entry for _, entry in reversed(self._open.values())]
            self._open.clear()
        return entries


# Tables of this process, so that a forked child can empty them: its parent's runs end in the parent.
_TABLES: weakref.WeakSet[RunTable[Any, Any]] = weakref.WeakSet()


def _forget_all() -> None:
    for table in list(_TABLES):
        table._forget()  # noqa: SLF001 - same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
