"""Where every recorded item ended up: `recorded = sent + lost + waiting`, at any moment."""

from __future__ import annotations

import enum
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from langspan._stats import SignalStats
from langspan.export.advice import advice
from langspan.export.forks import call_in_child

_logger = logging.getLogger("langspan")

SECONDS_BETWEEN_LOG_LINES: Final = 60.0


class Loss(enum.StrEnum):
    """Why an item is lost. The values are also those of `error.type` in the SDK metrics."""

    QUEUE_FULL = "queue_full"
    """The queue held as many items or bytes as it may."""
    ALREADY_SHUTDOWN = "already_shutdown"
    """It ended after the shutdown."""
    SHUT_DOWN = "shut_down"
    """It was still waiting when the time for the shutdown was over."""
    TOO_LARGE = "too_large"
    """It alone is larger than the receiver accepts."""
    REJECTED = "rejected"
    """The receiver accepted a part of the request only."""
    REDIRECTED = "redirected"
    """The receiver answered with a redirect."""
    REFUSED = "refused"
    """The receiver answered with an error for which the OTLP specification allows no retry."""
    UNAVAILABLE = "unavailable"
    """The receiver could not be reached, or had no time, for as long as the exporter tries."""
    FAILED = "failed"
    """The exporter failed by itself: it raised, or said so."""


_UNANSWERED: Final = frozenset({Loss.UNAVAILABLE, Loss.SHUT_DOWN})
AT_THE_DOOR: Final = frozenset({Loss.QUEUE_FULL, Loss.ALREADY_SHUTDOWN, Loss.SHUT_DOWN})
"""The reasons for which an item never came to its exporter."""


class Ledger:
    """Counts what one exporter sent and lost, and logs losses within bounds.

    A loss is logged when the first one happens, at most once per minute after that, and once as a sum when
    the exporter is closed. All counts belong to `lock`: whoever moves an item counts it under the same hold.

    Args:
        items: The noun for what is counted, in the plural, such as "spans".
        clock: A monotonic clock, in seconds.

    Attributes:
        items: The noun for what is counted.
        lock: Held for every change. Reentrant, because a finalizer may record while it is held.
        sent: The number of items that a receiver accepted.
        lost: The number of lost items by reason.
        told: How many lost items the last flush knew of.
        given: The number of items that were passed to the exporter, whatever became of them.
    """

    def __init__(self, items: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.items = items
        self._clock = clock
        self.reset()
        call_in_child(self.reset)

    def reset(self) -> None:
        """Start at zero with a lock of its own, as in a forked child."""
        self.lock = threading.RLock()
        self.sent = 0
        self.given = 0
        self.lost = Counter[Loss]()
        self.told = 0
        self._untold = Counter[Loss]()
        self._words: dict[Loss, str] = {}
        self._advice = ""
        self._quiet_until = self._clock()
        self._closed = False

    @property
    def settled(self) -> int:
        """The number of items that are sent or lost."""
        return self.sent + self.lost.total()

    def stats(self, recorded: int, waiting: int) -> SignalStats:
        """Return the counts; the caller holds the lock and knows what is recorded and waits."""
        lost = {str(reason): count for reason, count in self.lost.items()}
        return SignalStats(recorded, self.sent, waiting, lost=MappingProxyType(lost))

    def lose(self, count: int, reason: Loss, words: str = "") -> None:
        """Count a loss; the caller holds the lock, and calls `tell` after it let it go.

        Args:
            count: How many items are lost.
            reason: Why.
            words: What the receiver or the exporter said, bounded by whoever read it.
        """
        self.lost[reason] += count
        self._untold[reason] += count
        if words:
            # The stock exporters suppress repeated log lines, so a later failure may come without words.
            self._words[reason] = words

    def advise(self, words: str) -> None:
        """Keep what the receiver said of items that it accepted, to be logged with the next `tell`."""
        self._advice = words

    def tell(self) -> None:
        """Log what is not logged yet, unless a line was logged within the last minute."""
        if not (self._untold or self._advice):
            return
        with self.lock:
            if self._closed or self._clock() < self._quiet_until:
                return
            self._quiet_until = self._clock() + SECONDS_BETWEEN_LOG_LINES
            untold, self._untold = self._untold, Counter()
            advice, self._advice = self._advice, ""
            details, what_to_do = self._details(untold), self._what_to_do(untold)
        if untold:
            _logger.warning(
                "langspan: %d %s could not be exported: %s%s",
                untold.total(),
                self.items,
                details,
                what_to_do,
            )
        if advice:
            _logger.warning("langspan: all %s were accepted, but %s", self.items, advice)

    def close(self, why: str) -> None:
        """Log the sum of all losses, once.

        Args:
            why: What ends, for the log line, such as "the process exits".
        """
        with self.lock:
            if self._closed:
                return
            self._closed = True
            lost, settled, details = self.lost.total(), self.settled, self._details(self.lost)
            what_to_do = self._what_to_do(self.lost)
        if lost:
            _logger.warning(
                "langspan: %s: %d of %d %s are lost: %s%s",
                why,
                lost,
                settled,
                self.items,
                details,
                what_to_do,
            )

    def _details(self, lost: Counter[Loss]) -> str:
        return "; ".join(
            f"{count} {reason} ({self._words.get(reason) or 'no reason given'})"
            for reason, count in lost.most_common()
        )

    def _what_to_do(self, lost: Counter[Loss]) -> str:
        unanswered = (self._words.get(reason, "") for reason in lost if reason in _UNANSWERED)
        return advice(self.items, self.sent, " ".join(unanswered))
