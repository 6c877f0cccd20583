"""What waits for one exporter: bounded in items and bytes, exact in what it counts.

A passive container. Whoever records only appends to a deque, without a lock: recording can happen in a
finalizer or in a signal handler, while the same thread holds any lock there is. For everything else, the
caller holds the lock of the ledger.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from langspan._stats import SignalStats
from langspan.export.delivery import Delivery, Item, Outcome
from langspan.export.ledger import Ledger, Loss
from langspan.export.otlp import span_frame_size as frame_size

ENCODED_AT_ONCE: Final = 64
"""So many items are encoded at a time, outside the lock."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a queue.

    Attributes:
        items: How many items may wait, those in the request under way not counted. Threads that record at
            the same moment may exceed it by one each.
        bytes: How many bytes of encoded items may wait. A single item may be larger.
        batch: How many items are sent in one request.
        delay: How long an item waits for others to share its request, in seconds.
    """

    items: int
    bytes: int
    batch: int
    delay: float


class Backlog:
    """Items on their way from `incoming`, where they are recorded, to `ready`, where they are encoded.

    Items have positions, counted from 1. They are settled in their order, but for those lost at the door.

    Args:
        ledger: Where items are counted.
        bounds: The bounds.

    Attributes:
        incoming: Items that are not encoded yet. Anybody may append.
        refused: The reasons for which items were lost at the door and that are not counted yet. Likewise.
        ready: Encoded items. Those in the request under way stay until its answer.
        on_the_way: How many of `ready` are in the request under way.
        is_over: Whether everything is settled for good.
    """

    def __init__(self, ledger: Ledger, bounds: Bounds) -> None:
        self.ledger = ledger
        self.bounds = bounds
        self.empty()

    def empty(self) -> None:
        """Start empty, as in a forked child."""
        self.incoming = deque[Any]()
        self.refused = deque[Loss]()
        self.ready = deque[Item]()
        self.on_the_way = 0
        self.is_over = False
        self._refused = 0
        self._taken = 0  # out of `incoming`, so far
        self._encoding = 0
        self._bytes = 0

    @property
    def latest(self) -> int:
        """The position of the latest item."""
        return self._taken + len(self.incoming)

    def is_past(self, position: int) -> bool:
        """Return whether every item up to this position is settled."""
        if self.ready:
            return self.ready[0].position > position
        return self.is_over or self._taken - self._encoding >= position

    def is_drained(self) -> bool:
        """Return whether nothing waits."""
        return not (self.incoming or self._encoding or self.ready)

    def stats(self) -> SignalStats:
        """Return what became of the items so far."""
        self.count_refused()
        incoming = len(self.incoming)  # once, because it may grow
        waiting = incoming + self._encoding + len(self.ready)
        return self.ledger.stats(self._taken + incoming + self._refused, waiting)

    def count_refused(self) -> None:
        """Count the items that were lost at the door."""
        while self.refused:
            self._refused += 1
            reason = self.refused.popleft()
            full = f"the queue of {self.bounds.items} {self.ledger.items} is full"
            self.ledger.lose(1, reason, full if reason is Loss.QUEUE_FULL else "")
        if self.is_over:
            # Recorded by a thread that looked just before the end.
            self._lose_incoming(Loss.ALREADY_SHUTDOWN)

    def take(self) -> list[Any]:
        """Take some items that came in, to encode them."""
        values = [self.incoming.popleft() for _ in range(min(len(self.incoming), ENCODED_AT_ONCE))]
        self._taken += len(values)
        self._encoding = len(values)
        return values

    def keep(self, values: Sequence[Any], bodies: Sequence[bytes | str]) -> None:
        """Keep items that were taken and encoded.

        Args:
            values: The items.
            bodies: Their bytes, or a text that says why one could not be encoded.
        """
        if self.is_over:
            return  # counted as lost already
        first = self._taken - self._encoding + 1
        self._encoding = 0
        for position, (value, body) in enumerate(zip(values, bodies, strict=True), first):
            if isinstance(body, str):
                self.ledger.lose(1, Loss.FAILED, body)
            elif self.ready and self._bytes + len(body) > self.bounds.bytes:
                full = f"the queue of {self.bounds.bytes} bytes is full"
                self.ledger.lose(1, Loss.QUEUE_FULL, full)
            else:
                self.ready.append(Item(position, value, body))
                self._bytes += len(body)

    def has_full_batch(self, limit: int) -> bool:
        """Return whether there is no reason to wait for more items to share a request."""
        return len(self.ready) >= self.bounds.batch or self._bytes >= limit

    def form_batch(self, delivery: Delivery) -> list[Item]:
        """Return the next items that fit one request; they are on their way from now on."""
        batch: list[Item] = []
        size, scopes = 0, set[int]()
        for item in islice(self.ready, self.bounds.batch):
            size += frame_size(item.body)
            if (scope := id(item.value.instrumentation_scope)) not in scopes:
                scopes.add(scope)
                size += delivery.envelope(item.value)
            if batch and size > delivery.limit:
                break
            batch.append(item)
        self.on_the_way = len(batch)
        self.ledger.given += len(batch)
        return batch

    def settle(self, outcome: Outcome) -> None:
        """Count what became of the next items on the way."""
        if self.is_over:
            return  # counted as lost already
        for _ in range(outcome.sent + outcome.lost):
            self._bytes -= len(self.ready.popleft().body)
        self.on_the_way -= outcome.sent + outcome.lost
        self.ledger.sent += outcome.sent
        if outcome.lost:
            self.ledger.lose(outcome.lost, outcome.reason, outcome.words)
        elif outcome.words:
            self.ledger.advise(outcome.words)

    def finish(self, words: str) -> None:
        """End for good: what waits is lost, also what is on the way.

        Args:
            words: What the receiver said last.
        """
        self._lose_incoming(Loss.SHUT_DOWN, words)
        if lost := len(self.ready) + self._encoding:
            self.ledger.lose(lost, Loss.SHUT_DOWN, words)
        self.ready.clear()
        self._bytes = self._encoding = self.on_the_way = 0
        self.is_over = True
        self.count_refused()

    def _lose_incoming(self, reason: Loss, words: str = "") -> None:
        while self.incoming:
            self.incoming.popleft()
            self._taken += 1
            self.ledger.lose(1, reason, words)
