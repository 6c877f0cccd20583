"""The error boundary of an exporter: it counts losses, limits log lines and contains exceptions."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from langspan.export.advice import advice
from langspan.export.settings import without_secrets

_logger = logging.getLogger("langspan")

T = TypeVar("T")

SECONDS_BETWEEN_LOG_LINES: Final = 60.0
_MAX_REASON_LENGTH: Final = 300


class ExportGuard:
    """The error boundary around the exports of one exporter, which run one at a time.

    The stock exporters log every attempt and every batch, and some of them raise. Under the guard, a
    collector that is down causes one log line when the first export fails, at most one per minute after
    that, and one at the end. Each line has the number of lost items and the exporter's own message.

    Args:
        items: The noun for what is counted, in the plural, such as "spans".
        clock: A monotonic clock, in seconds.

    Attributes:
        items: The noun for what is counted.
        sent: The number of items exported so far.
        lost: The number of items lost so far.
    """

    def __init__(self, items: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.items = items
        self.sent = 0
        self.lost = 0
        self._unreported = 0
        self._messages: list[str] = []
        self._reason = "the exporter gave no reason"
        self._quiet_until = clock()
        self._clock = clock
        self._abandoned = False
        self._filter = _CapturingFilter()
        self._loggers: tuple[logging.Logger, ...] = ()

    def watch(self, exporter: object) -> None:
        """Capture what this exporter logs during an attempt, by the loggers named after its modules."""
        modules = {kind.__module__ for kind in type(exporter).__mro__}
        self._loggers = tuple(logging.getLogger(name) for name in sorted(modules) if "." in name)
        for logger in self._loggers:
            logger.addFilter(self._filter)

    def attempt(self, export: Callable[[], object], count: int) -> bool:
        """Run one export and return whether it succeeded.

        Args:
            export: Exports one batch. Whatever it raises counts as a failure and is not raised on.
            count: The number of items in the batch.
        """
        if self._abandoned:
            self._count_loss(count, "shut down before they were sent")
            return False
        with self._filter.capture() as messages:
            self._messages = messages
            try:
                result = export()
            except Exception as error:  # noqa: BLE001 - one bad batch must not stop the next ones
                messages.append(f"{type(error).__name__}: {error}")
                result = None
            else:
                # The result types of the three signals differ, and their names change between versions.
                if getattr(result, "name", "SUCCESS") == "SUCCESS":
                    self.sent += count
                    return True
        self._count_loss(count, _summary(messages))
        return False

    def abandon(self, reason: str) -> None:
        """Fail every later attempt at once, because no caller waits for it any more.

        This logs the loss of everything that is not exported yet, so a running attempt that fails later is
        not logged again.

        Args:
            reason: Why the items are given up, for the log line.
        """
        self._abandoned = True
        message = _summary(self._messages) or "no answer so far"
        _logger.warning(
            "langspan: the %s not yet exported are lost: %s: %s%s",
            self.items,
            reason,
            message,
            advice(self.items, self.sent, message),
        )

    def close(self) -> None:
        """Log the losses that are not logged yet, and restore the exporter's loggers."""
        if self._unreported and not self._abandoned:
            self._log_losses()
        for logger in self._loggers:
            logger.removeFilter(self._filter)

    def _count_loss(self, count: int, reason: str) -> None:
        self.lost += count
        self._unreported += count
        # The exporters suppress repeated log lines, so a later failure may come without a message.
        self._reason = reason or self._reason
        if not self._abandoned and self._clock() >= self._quiet_until:
            self._quiet_until = self._clock() + SECONDS_BETWEEN_LOG_LINES
            self._log_losses()

    def _log_losses(self) -> None:
        _logger.warning(
            "langspan: %d %s could not be exported: %s%s",
            self._unreported,
            self.items,
            self._reason,
            advice(self.items, self.sent, self._reason),
        )
        self._unreported = 0


def _summary(messages: list[str]) -> str:
    """Join the first message, which has the cause, and the last, which says that the exporter gave up.

    The exporters quote the endpoint, of which login and query are not shown.
    """
    ends = [without_secrets(text) for text in (*messages[:1], *messages[-1:])]
    return "; ".join(dict.fromkeys(text[:_MAX_REASON_LENGTH] for text in ends))


class _CapturingFilter(logging.Filter):
    """A filter that stops log records from threads that are inside `capture`, and keeps their messages."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.local()

    @contextmanager
    def capture(self) -> Iterator[list[str]]:
        self._thread.messages = messages = list[str]()
        try:
            yield messages
        finally:
            self._thread.messages = None

    def filter(self, record: logging.LogRecord) -> bool:
        messages: list[str] | None = getattr(self._thread, "messages", None)
        if messages is None:
            return True
        messages.append(record.getMessage())
        return False


def settle(future: Future[T], call: Callable[[], T]) -> None:
    """Run a call and set its result, or the exception it raised, on a future that was not cancelled."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result: Any = call()
    except Exception as error:  # noqa: BLE001 - passed on to the future
        future.set_exception(error)
    else:
        future.set_result(result)
