"""What `Instrumentation.stats` returns, and the counters behind it."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class SignalStats:
    """What became of the items of one signal in this process.

    At any moment, `recorded = sent + waiting + left_out + lost_total`. With several exporters, an item counts
    once for each. Of a provider that langspan did not build, nothing is known, so that all is 0.

    Attributes:
        recorded: The items that ended, or were emitted, since the process started or was forked.
        sent: Those that a receiver accepted.
        waiting: Those that are in a queue or on their way, or whose trace `keep` has not decided yet.
        left_out: Those that `keep` did not keep.
        lost: Those that are lost, by reason; no entry for a reason that did not occur.
    """

    recorded: int = 0
    sent: int = 0
    waiting: int = 0
    left_out: int = 0
    lost: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def lost_total(self) -> int:
        """The number of lost items, for whatever reason."""
        return sum(self.lost.values())

    def __add__(self, other: SignalStats) -> SignalStats:
        """Return the sum, as of several exporters."""
        lost = Counter(self.lost)
        lost.update(other.lost)
        return SignalStats(
            self.recorded + other.recorded,
            self.sent + other.sent,
            self.waiting + other.waiting,
            self.left_out + other.left_out,
            MappingProxyType(dict(lost)),
        )


@dataclass(frozen=True, slots=True)
class Stats:
    """What became of everything that langspan recorded in this process.

    Attributes:
        spans: The spans.
        metric_data_points: The data points of metrics.
        log_records: The log records, among them langspan's events.
        runs_evicted: The open runs that were ended and marked incomplete, because they were too many or too
            old.
        internal_errors: The errors inside langspan that the application did not notice.
        values_dropped: The captured values that are not recorded, because `redact` raised.
        process_id: The process that all this is about. A forked child starts at zero.
    """

    spans: SignalStats
    metric_data_points: SignalStats
    log_records: SignalStats
    runs_evicted: int
    internal_errors: int
    values_dropped: int
    process_id: int


class Tally:
    """A counter of rare things, by process. It takes no lock, for it may count inside a finalizer."""

    __slots__ = ("_numbers", "_process", "_total")

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._numbers = itertools.count(1)
        self._total = 0

    def add(self) -> None:
        """Count one more."""
        if self._process != os.getpid():
            self._start()
        self._total = next(self._numbers)

    @property
    def total(self) -> int:
        """How many were counted in this process."""
        return self._total if self._process == os.getpid() else 0


@dataclass(frozen=True, slots=True)
class Tallies:
    """What is counted besides the items of the signals; see `Stats`."""

    runs_evicted: Tally = field(default_factory=Tally)
    internal_errors: Tally = field(default_factory=Tally)
    values_dropped: Tally = field(default_factory=Tally)
