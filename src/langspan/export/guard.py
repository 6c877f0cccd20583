"""The boundary around an exporter: losses are counted, log lines bounded, exceptions contained."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 60.0
_LONGEST_REASON = 300


class ExportGuard:
    """Runs the exports of one exporter, one at a time.

    The stock exporters log every attempt and every batch, and some raise. Under the guard a collector that
    is down costs one line when the first export fails, at most one a minute after that and one at the end,
    each with the number of items lost and the exporter's own words.

    Args:
        items: What is counted, in the plural: "spans".
        clock: Seconds that never go back.
    """

    def __init__(self, items: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.items = items
        self.sent = 0
        self.lost = 0
        self._unsaid = 0
        self._words: list[str] = []
        self._reason = "the exporter gave no reason"
        self._quiet_until = clock()
        self._clock = clock
        self._abandoned = False
        self._filter = _Held()
        self._loggers: tuple[logging.Logger, ...] = ()

    def watch(self, exporter: object) -> None:
        """Hold back what this exporter logs during an attempt; its loggers carry the names of its modules."""
        modules = {kind.__module__ for kind in type(exporter).__mro__}
        self._loggers = tuple(logging.getLogger(name) for name in sorted(modules) if "." in name)
        for logger in self._loggers:
            logger.addFilter(self._filter)

    def attempt(self, export: Callable[[], object], count: int) -> bool:
        """Run one export; tell whether it succeeded, and never raise."""
        if self._abandoned:
            self._lose(count, "shut down before they were sent")
            return False
        with self._filter.hold() as said:
            self._words = said
            try:
                result = export()
            except Exception as error:  # noqa: BLE001 - one bad batch must not take the next ones with it
                said.append(f"{type(error).__name__}: {error}")
                result = None
            else:
                # The result types of the three signals differ, and change names between versions.
                if getattr(result, "name", "SUCCESS") == "SUCCESS":
                    self.sent += count
                    return True
        self._lose(count, _summary(said))
        return False

    def abandon(self, reason: str) -> None:
        """Let every later attempt fail at once, because nobody waits for it any more.

        What is lost from here on has been told by then, an attempt that still runs included.
        """
        self._abandoned = True
        words = _summary(self._words) or "no answer so far"
        _log.warning("langspan: the %s not yet exported are lost: %s: %s", self.items, reason, words)

    def close(self) -> None:
        """Say what has not been said, and leave the exporter's loggers as they were."""
        if self._unsaid and not self._abandoned:
            self._say()
        for logger in self._loggers:
            logger.removeFilter(self._filter)

    def _lose(self, count: int, reason: str) -> None:
        self.lost += count
        self._unsaid += count
        # The exporters drop repeated lines themselves, so a later failure may come without a word.
        self._reason = reason or self._reason
        if not self._abandoned and self._clock() >= self._quiet_until:
            self._quiet_until = self._clock() + SECONDS_BETWEEN_LINES
            self._say()

    def _say(self) -> None:
        _log.warning("langspan: %d %s could not be exported: %s", self._unsaid, self.items, self._reason)
        self._unsaid = 0


def _summary(said: list[str]) -> str:
    """Join the first and the last thing said: the cause, and that the exporter gave up."""
    return "; ".join(dict.fromkeys(text[:_LONGEST_REASON] for text in [*said[:1], *said[-1:]]))


class _Held(logging.Filter):
    """Keeps log records from their handlers while the thread that logs them is inside `hold`."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.local()

    @contextmanager
    def hold(self) -> Iterator[list[str]]:
        self._thread.said = said = list[str]()
        try:
            yield said
        finally:
            self._thread.said = None

    def filter(self, record: logging.LogRecord) -> bool:
        said: list[str] | None = getattr(self._thread, "said", None)
        if said is None:
            return True
        said.append(record.getMessage())
        return False


def settle(future: "Future[T]", call: Callable[[], T]) -> None:
    """Run a call and hand its result, or what it raised, to a future."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result: Any = call()
    except Exception as error:  # noqa: BLE001 - handed on, not swallowed
        future.set_exception(error)
    else:
        future.set_result(result)
