"""The error boundary of a stock exporter: it captures what the exporter logs and contains what it raises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from langspan.export.answers import bounded


class ExportGuard:
    """The error boundary around the exports of one exporter, which run one at a time.

    The stock exporters log every attempt and every batch, and some of them raise. Under the guard, they log
    nothing; what they would have said is returned.
    """

    def __init__(self) -> None:
        self._filter = _CapturingFilter()
        self._loggers: tuple[logging.Logger, ...] = ()
        self._messages: list[str] = []

    @property
    def latest(self) -> str:
        """What the exporter said in the latest attempt."""
        return _summary(self._messages)

    def watch(self, exporter: object) -> None:
        """Capture what this exporter logs during an attempt, by the loggers named after its modules."""
        modules = {kind.__module__ for kind in type(exporter).__mro__}
        self._loggers = tuple(logging.getLogger(name) for name in sorted(modules) if "." in name)
        for logger in self._loggers:
            logger.addFilter(self._filter)

    def attempt(self, export: Callable[[], object]) -> str | None:
        """Run one export.

        Args:
            export: Exports one batch. Whatever it raises counts as a failure and is not raised on.

        Returns:
            None if it succeeded, else what the exporter said, which may be nothing.
        """
        with self._filter.capture() as messages:
            self._messages = messages
            try:
                result = export()
            except Exception as error:  # noqa: BLE001 - one bad batch must not stop the next ones
                messages.append(f"{type(error).__name__}: {error}")
            else:
                # The result types of the three signals differ, and their names change between versions.
                if getattr(result, "name", "SUCCESS") == "SUCCESS":
                    return None
        return _summary(messages)

    def close(self) -> None:
        """Leave the exporter's loggers as they were."""
        for logger in self._loggers:
            logger.removeFilter(self._filter)


def _summary(messages: list[str]) -> str:
    """Join the first message, which has the cause, and the last, which says that the exporter gave up."""
    return "; ".join(dict.fromkeys(bounded(text) for text in (*messages[:1], *messages[-1:])))


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
