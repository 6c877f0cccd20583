"""The providers that runs are recorded with, and how to flush and close them within a timeout."""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan.export.background import Background
from langspan.export.guard import ExportGuard

_logger = logging.getLogger("langspan")

EXIT_PATIENCE: Final = 2.0
"""How long the process exit waits for a collector that accepts nothing, in seconds."""

EXIT_LIMIT: Final = 10.0
"""How long the process exit waits for a collector that is slow but accepts batches, in seconds."""


class Pipeline:
    """One provider with the guards of its exporters, and a thread for its blocking calls.

    Args:
        provider: A provider of any signal, from the SDK or another implementation.
        guards: The guards of its exporters, if langspan built it.
        owned: Whether langspan built it and therefore has to close it.
    """

    def __init__(self, provider: Any, guards: Sequence[ExportGuard] = (), *, owned: bool = False) -> None:
        self.provider = provider
        self.owned = owned
        self._guards = guards
        self._lost = 0
        self._closing: Future[Any] | None = None
        self._background = Background(f"langspan-{type(provider).__name__}")
        if owned:
            self._background.start()

    def flush(self, timeout: float) -> Future[Any] | None:
        """Start to export what is queued.

        Args:
            timeout: Passed on to the provider, in seconds; the SDK may ignore it.

        Returns:
            A future for the result of `force_flush`, or for the shutdown if that has started, or None if
            there is nothing to do.

        Raises:
            RuntimeError: The interpreter is exiting, so no thread can be started.
        """
        force_flush = getattr(self.provider, "force_flush", None)
        if force_flush is None or self._closing is not None:
            return self._closing
        return self._background.submit(partial(force_flush, int(timeout * 1000)))

    def close(self) -> Future[Any] | None:
        """Start to export what is queued and to shut the provider down, if it is owned.

        Returns:
            A future that is done after the shutdown, or None if there is nothing to do.
        """
        future = None
        if self.owned and self._closing is None:
            future = self._closing = self._background.submit(self.provider.shutdown)
        self._background.stop()
        return future

    def abandon(self, reason: str) -> None:
        """Give up everything that is not exported yet, and log the reason."""
        for guard in self._guards:
            guard.abandon(reason)

    def sent_count(self) -> int:
        """Return the number of items exported so far."""
        return sum(guard.sent for guard in self._guards)

    def is_free_of_new_losses(self) -> bool:
        """Return whether no item was lost since the last call of this method."""
        before, self._lost = self._lost, sum(guard.lost for guard in self._guards)
        return before == self._lost


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The providers that runs are recorded with.

    Attributes:
        tracer_provider: The provider for spans.
        meter_provider: The provider for metrics; the API's placeholder, which records nothing, if metrics
            are not enabled.
        logger_provider: The provider for log events; likewise.
        flush_on_sigterm: Whether SIGTERM may get a handler, if langspan built any of them.
    """

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    logger_provider: LoggerProvider
    flush_on_sigterm: bool = True
    _pipelines: tuple[Pipeline, ...] = field(default=(), repr=False)

    @property
    def owned(self) -> bool:
        """Whether langspan built any of the providers."""
        return any(pipeline.owned for pipeline in self._pipelines)

    @property
    def built_here(self) -> bool:
        """Whether langspan built any of the providers, for these runs or for earlier ones."""
        return any(hasattr(pipeline.provider, "langspan_closed") for pipeline in self._pipelines)

    def flush(self, timeout: float) -> bool:
        """Export what is queued.

        Args:
            timeout: The longest time to block, in seconds, whatever the SDK and the network do.

        Returns:
            True if everything was exported in time, and no exporter has lost anything since the last call.
            For a provider that langspan did not build, the result of its `force_flush` counts.
        """
        try:
            started = [pipeline.flush(timeout) for pipeline in self._pipelines]
        except RuntimeError:
            _logger.debug("langspan: no thread to flush on; the interpreter is exiting", exc_info=True)
            return False
        done, late = wait([future for future in started if future is not None], timeout)
        for future in late:
            future.cancel()
        flushed = all(future.exception() is None and future.result() is not False for future in done)
        lossless = [pipeline.is_free_of_new_losses() for pipeline in self._pipelines]
        return not late and flushed and all(lossless)

    def flush_finally(self, deadline: float, reason: str) -> bool:
        """Export what is queued, and give up what is not exported in time.

        Args:
            deadline: When the time is over, on the monotonic clock, in seconds.
            reason: Why the rest is lost then, for the log line.

        Returns:
            Whether the attempt ended in time.
        """
        timeout = max(0.0, deadline - time.monotonic())
        started = {pipeline: pipeline.flush(timeout) for pipeline in self._pipelines}
        flushing = {pipeline: future for pipeline, future in started.items() if future is not None}
        late = wait(flushing.values(), timeout).not_done
        _abandon(flushing, reason)
        return not late

    def shutdown(self, timeout: float) -> None:
        """Export what is queued and shut down the providers that langspan built; a second call does nothing.

        Args:
            timeout: The longest time to block, in seconds. What is not exported by then is lost.
        """
        closing = self._close()
        wait(closing.values(), timeout)
        _abandon(closing, f"shutdown waited {timeout:g} s")

    def shutdown_at_exit(self) -> None:
        """Register a shutdown for the exit of the interpreter, if langspan built any of the providers.

        It takes at most 2 seconds if the collector accepts nothing, so that a collector that is down does
        not delay the exit, and at most about 10 seconds while batches are still accepted.
        """
        if self.owned:
            atexit.register(self.finish)

    def finish(self) -> None:
        """Export what is queued and shut down, within the bounds of `shutdown_at_exit`."""
        closing = self._close()
        deadline = time.monotonic() + EXIT_LIMIT
        before, sent = -1, sum(pipeline.sent_count() for pipeline in closing)
        while sent > before and time.monotonic() < deadline:
            if not wait(closing.values(), EXIT_PATIENCE).not_done:
                return
            before, sent = sent, sum(pipeline.sent_count() for pipeline in closing)
        _abandon(closing, "the process exits")

    def _close(self) -> dict[Pipeline, Future[Any]]:
        atexit.unregister(self.finish)
        closing = {pipeline: pipeline.close() for pipeline in self._pipelines}
        return {pipeline: future for pipeline, future in closing.items() if future is not None}


def _abandon(closing: dict[Pipeline, Future[Any]], reason: str) -> None:
    for pipeline, future in closing.items():
        if not future.done():
            pipeline.abandon(reason)
