"""The providers that runs are recorded with, and how to flush and close them within a time."""

import atexit
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan.export.background import Background
from langspan.export.guard import ExportGuard

_log = logging.getLogger(__name__)

EXIT_PATIENCE = 2.0
"""Seconds for which the exit of the process waits for a collector that accepts nothing."""

EXIT_LIMIT = 10.0
"""Seconds for which the exit of the process waits for a collector that is slow but accepts batches."""


class Line:
    """One provider on its way out: a thread to wait for it on, and the guards of its exporters.

    Args:
        provider: A provider of any signal, the SDK's or another.
        guards: The guards of its exporters, if we built it.
        owned: Whether we built it and so have to close it.
    """

    def __init__(self, provider: Any, guards: Sequence[ExportGuard] = (), *, owned: bool = False) -> None:
        self.provider = provider
        self.owned = owned
        self._guards = guards
        self._lost = 0
        self._closed = False
        self._background = Background(f"langspan-{type(provider).__name__}")
        if owned:
            self._background.start()

    def flush(self, timeout: float) -> "Future[Any] | None":
        """Begin to export what is waiting; None when there is nothing to do."""
        force_flush = getattr(self.provider, "force_flush", None)
        if force_flush is None or self._closed:
            return None
        return self._background.submit(partial(force_flush, int(timeout * 1000)))

    def close(self) -> "Future[Any] | None":
        """Begin to export what is waiting and to end the exporters; None when that was done before."""
        future = None
        if self.owned and not self._closed:
            self._closed = True
            future = self._background.submit(self.provider.shutdown)
        self._background.stop()
        return future

    def abandon(self, reason: str) -> None:
        """Give up what is not exported yet."""
        for guard in self._guards:
            guard.abandon(reason)

    def sent(self) -> int:
        """Count what was exported so far."""
        return sum(guard.sent for guard in self._guards)

    def intact(self) -> bool:
        """Tell whether no export failed since this was last asked."""
        before, self._lost = self._lost, sum(guard.lost for guard in self._guards)
        return before == self._lost


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The providers that runs are recorded with.

    Attributes:
        tracer_provider: Makes the tracer.
        meter_provider: Makes the meter; the API's own, which records nothing, when metrics are not asked for.
        logger_provider: Makes the logger of events; likewise.
    """

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    logger_provider: LoggerProvider
    _lines: tuple[Line, ...] = field(default=(), repr=False)

    @property
    def owned(self) -> bool:
        """Whether any of the providers was built here."""
        return any(line.owned for line in self._lines)

    def flush(self, timeout: float) -> bool:
        """Export what is waiting.

        Args:
            timeout: Seconds after which this returns, whatever the SDK and the network are doing.

        Returns:
            True if all was exported in time, and nothing that was recorded since the last call was lost
            by an exporter. For a provider that we did not build, what its `force_flush` says.
        """
        try:
            begun = [line.flush(timeout) for line in self._lines]
        except RuntimeError:
            _log.debug("langspan: no thread to flush on; the interpreter is exiting", exc_info=True)
            return False
        done, late = wait([future for future in begun if future is not None], timeout)
        for future in late:
            future.cancel()
        flushed = all(future.exception() is None and future.result() is not False for future in done)
        intact = [line.intact() for line in self._lines]
        return not late and flushed and all(intact)

    def shutdown(self, timeout: float) -> None:
        """Export what is waiting and close the providers that were built here. A second call does nothing.

        Args:
            timeout: Seconds after which this returns; what is not exported by then is lost.
        """
        closing = self._close()
        wait(closing.values(), timeout)
        _abandon(closing, f"shutdown waited {timeout:g} s")

    def shutdown_at_exit(self) -> None:
        """Arrange for a shutdown when the interpreter exits, if anything was built here.

        It takes at most 2 seconds if nothing is accepted, so that a collector that is down does not keep the
        process alive, and at most about 10 if batches still go through.
        """
        if self.owned:
            atexit.register(self._exit)

    def _exit(self) -> None:
        closing = self._close()
        give_up = time.monotonic() + EXIT_LIMIT
        before, sent = -1, sum(line.sent() for line in closing)
        while sent > before and time.monotonic() < give_up:
            if not wait(closing.values(), EXIT_PATIENCE).not_done:
                return
            before, sent = sent, sum(line.sent() for line in closing)
        _abandon(closing, "the process exits")

    def _close(self) -> dict[Line, Future[Any]]:
        atexit.unregister(self._exit)
        closing = {line: line.close() for line in self._lines}
        return {line: future for line, future in closing.items() if future is not None}


def _abandon(closing: "dict[Line, Future[Any]]", reason: str) -> None:
    for line, future in closing.items():
        if not future.done():
            line.abandon(reason)
