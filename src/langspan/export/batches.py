"""The queue between the application and an exporter, with its two threads.

The first thread encodes each item as soon as there are some, so that the size of all that waits is known
whatever the receiver does; the second forms batches of encoded items and delivers them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation

from langspan._stats import SignalStats
from langspan.export.answers import bounded
from langspan.export.backlog import ENCODED_AT_ONCE, Backlog, Bounds
from langspan.export.delivery import Delivery, Item, Outcome
from langspan.export.forks import call_in_child
from langspan.export.ledger import Ledger, Loss

_logger = logging.getLogger("langspan")


class BatchQueue:
    """A queue with its threads, which start at once, and in a forked child with its first item.

    Args:
        name: For the names of the threads.
        delivery: Where batches go.
        ledger: Where items are counted.
        bounds: The bounds.
    """

    def __init__(self, name: str, delivery: Delivery, ledger: Ledger, bounds: Bounds) -> None:
        self.delivery = delivery
        self.ledger = ledger
        self.backlog = Backlog(ledger, bounds)
        self._name = name
        self._wake_at = min(ENCODED_AT_ONCE, bounds.batch)
        self._reset()
        call_in_child(self._after_fork)
        self._start()

    def _reset(self) -> None:
        self._changed = threading.Condition(self.ledger.lock)
        self._wake = SimpleQueue[None]()  # because its `put` may interrupt itself, unlike an event
        self._due = 0  # what came up to here is sent without waiting for others
        self._is_asleep = True
        self._is_running = self._is_closed = False

    def _after_fork(self) -> None:
        was_closed = self._is_closed
        # Again, in case that the ledger's turn comes later: the lock is shared.
        self.ledger.reset()
        self.backlog.empty()
        self._reset()
        self._is_closed = self.backlog.is_over = was_closed

    # -- recording

    def put(self, value: Any) -> None:
        """Take an item, or count it as lost; it takes no lock and does not raise."""
        backlog = self.backlog
        if self._is_closed:
            backlog.refused.append(Loss.ALREADY_SHUTDOWN)
            return
        incoming = len(backlog.incoming)
        if incoming + len(backlog.ready) - backlog.on_the_way >= backlog.bounds.items:
            backlog.refused.append(Loss.QUEUE_FULL)
        else:
            backlog.incoming.append(value)
        if self._is_asleep and incoming + 1 >= self._wake_at:
            self._is_asleep = False
            self._wake.put(None)
        if not self._is_running:
            self._start()

    def stats(self) -> SignalStats:
        """Return what became of the items of this process so far."""
        with self._changed:
            return self.backlog.stats()

    # -- flushing and closing

    def flush(self, timeout: float) -> bool:
        """Have everything sent that was recorded before.

        Args:
            timeout: The longest time to wait, in seconds.

        Returns:
            Whether nothing of it waits any more.
        """
        with self._changed:
            latest = self.backlog.latest
            self._send_up_to(latest)
            return self._changed.wait_for(lambda: self.backlog.is_past(latest), timeout)

    def force_flush(self, timeout: float) -> bool:
        """Flush as the SDK's processors do.

        Returns:
            Whether nothing of what was recorded before waits any more, and nothing was lost meanwhile.
        """
        before = self.stats().lost_total
        return self.flush(timeout) and self.stats().lost_total == before

    def close(self) -> None:
        """Send everything and close the exporter; what is recorded from now on is lost. It blocks."""
        with self._changed:
            self._is_closed = True
            self._send_up_to(self.backlog.latest)
            if self._is_running:
                self._changed.wait_for(lambda: self.backlog.is_over)
                return
        self._finish()

    def abandon(self) -> None:
        """Count everything that waits as lost, also what is on the way, and send nothing more."""
        self._is_closed = True
        self.delivery.stop()
        with self._changed:
            self.backlog.finish(self.delivery.latest or "no answer so far")
            self._send_up_to(0)

    def _send_up_to(self, position: int) -> None:
        self._due = max(self._due, position)
        self._wake.put(None)
        self._changed.notify_all()

    def _finish(self) -> None:
        try:
            self.delivery.close()
        except Exception:
            _logger.debug("langspan: an exporter could not be closed", exc_info=True)
        with self._changed:
            self.backlog.finish(self.delivery.latest or "no answer so far")
            self._changed.notify_all()

    # -- threads

    def _start(self) -> None:
        with self._changed:
            if self._is_running or self._is_closed:
                return
            self._is_running = True
            try:
                for call, role in ((self._encode_all, "encode"), (self._deliver_all, "export")):
                    threading.Thread(target=call, name=f"{self._name}-{role}", daemon=True).start()
            except RuntimeError:  # the interpreter exits, or the system has no thread to give
                self._is_running = False

    def _encode_all(self) -> None:
        backlog = self.backlog
        tick = time.monotonic() + backlog.bounds.delay
        while not (backlog.is_over or (self._is_closed and not backlog.incoming)):
            self._sleep(max(tick - time.monotonic(), 0))
            while backlog.incoming:
                self._encode_some()
            is_time = self._is_closed or time.monotonic() >= tick
            with self._changed:
                backlog.count_refused()
                if is_time:
                    self._due = max(self._due, backlog.latest)
                self._changed.notify_all()
            if is_time:
                tick = time.monotonic() + backlog.bounds.delay
            self.ledger.tell()

    def _sleep(self, timeout: float) -> None:
        self._is_asleep = True
        # Looked at again, because `put` may have seen the thread awake.
        if len(self.backlog.incoming) < self._wake_at and not self._is_closed:
            with contextlib.suppress(Empty):
                self._wake.get(timeout=timeout)
        self._is_asleep = False

    def _encode_some(self) -> None:
        with self._changed:
            values = self.backlog.take()
        bodies = [self._encode(value) for value in values]
        with self._changed:
            self.backlog.keep(values, bodies)
            if self._is_batch_due():
                self._changed.notify_all()

    def _encode(self, value: Any) -> bytes | str:
        try:
            return self.delivery.encode(value)
        except Exception as error:  # noqa: BLE001 - one bad item must not stop the others
            return bounded(f"{type(error).__name__}: {error}")

    def _deliver_all(self) -> None:
        with suppress_instrumentation():
            while batch := self._next_batch():
                for outcome in _outcomes(self.delivery, batch):
                    with self._changed:
                        self.backlog.settle(outcome)
                    # Before anybody who waits for it goes on.
                    self.ledger.tell()
                    with self._changed:
                        self._changed.notify_all()
                    if self.backlog.is_over:
                        break
            self._finish()

    def _next_batch(self) -> list[Item]:
        """Wait for a batch; an empty one says that there will be none."""
        with self._changed:
            self._changed.wait_for(self._is_batch_due)
            return [] if self.backlog.is_over else self.backlog.form_batch(self.delivery)

    def _is_batch_due(self) -> bool:
        backlog = self.backlog
        if not backlog.ready:
            return backlog.is_over or (self._is_closed and backlog.is_drained())
        return backlog.ready[0].position <= self._due or backlog.has_full_batch(self.delivery.limit)


def _outcomes(delivery: Delivery, batch: Sequence[Item]) -> Iterator[Outcome]:
    """Deliver a batch; if that fails for an unforeseen reason, the rest of it counts as lost."""
    left = len(batch)
    try:
        for outcome in delivery.deliver(batch):
            left -= outcome.sent + outcome.lost
            yield outcome
    except Exception as error:  # noqa: BLE001 - the thread must go on
        yield Outcome(0, left, Loss.FAILED, bounded(f"{type(error).__name__}: {error}"))
