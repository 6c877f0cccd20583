"""The providers that runs are recorded with, and how to flush and close them within a timeout."""

from __future__ import annotations

import asyncio
import atexit
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from langspan._stats import SignalStats
from langspan.export.pipeline import Pipeline

if TYPE_CHECKING:
    from langspan.export.last_traces import LastTraces

_logger = logging.getLogger("langspan")

EXIT_PATIENCE: Final = 2.0
"""How long the process exit waits for a collector that accepts nothing, in seconds."""

EXIT_LIMIT: Final = 10.0
"""How long the process exit waits for a collector that is slow but accepts batches, in seconds."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The providers that runs are recorded with.

    Attributes:
        tracer_provider: The provider for spans.
        meter_provider: The provider for metrics; the API's placeholder, which records nothing, if metrics
            are not enabled.
        logger_provider: The provider for log events; likewise.
        last_traces: What keeps the last traces that ended, if anything does.
        flush_on_sigterm: Whether SIGTERM may get a handler, if langspan built any of them.
    """

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    logger_provider: LoggerProvider
    flush_on_sigterm: bool = True
    last_traces: LastTraces | None = None
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
            What waits for `keep` to decide its trace is not exported.
            For a provider that langspan did not build, the result of its `force_flush` counts.
        """
        known = [pipeline.known_losses() for pipeline in self._pipelines]
        if (started := self._start_flush(timeout)) is None:
            return False
        wait(started, timeout)
        return self._is_flushed(started, known)

    async def aflush(self, timeout: float) -> bool:  # noqa: ASYNC109 - as `flush` has it
        """Export what is queued, without blocking the event loop; otherwise like `flush`."""
        known = [pipeline.known_losses() for pipeline in self._pipelines]
        if (started := self._start_flush(timeout)) is None:
            return False
        if waiting := [asyncio.wrap_future(future) for future in started]:
            await asyncio.wait(waiting, timeout=timeout)
        return self._is_flushed(started, known)

    def _start_flush(self, timeout: float) -> list[Future[Any]] | None:
        try:
            started = [pipeline.flush(timeout) for pipeline in self._pipelines]
        except RuntimeError:
            _logger.debug("langspan: no thread to flush on; the interpreter is exiting", exc_info=True)
            return None
        return [future for future in started if future is not None]

    def _is_flushed(self, started: Sequence[Future[Any]], known: Sequence[Sequence[int]]) -> bool:
        late = [future for future in started if not future.done()]
        for future in late:
            future.cancel()
        flushed = not late and all(
            not future.exception() and future.result() is not False for future in started
        )
        lossless = [
            pipeline.is_free_of_losses(before)
            for pipeline, before in zip(self._pipelines, known, strict=True)
        ]
        return flushed and all(lossless)

    def stats(self) -> tuple[SignalStats, SignalStats, SignalStats]:
        """Return what became of the spans, the metric data points and the log records of this process."""
        spans, points, records = (pipeline.stats() for pipeline in self._pipelines)
        return spans, points, records

    @property
    def on_evaluated(self) -> Callable[[int], None] | None:
        """What wants to know the ids of traces that are evaluated, if anything does."""
        keepers = [pipeline.keeper for pipeline in self._pipelines if pipeline.keeper is not None]
        return keepers[0].mark_evaluated if keepers else None

    def flush_until(self, deadline: float) -> bool:
        """Export what is queued.

        Args:
            deadline: When the time is over, on the monotonic clock, in seconds.

        Returns:
            Whether the attempt ended in time.
        """
        timeout = max(0.0, deadline - time.monotonic())
        for pipeline in self._pipelines:
            pipeline.decide_all()
        started = [pipeline.flush(timeout) for pipeline in self._pipelines]
        return not wait([future for future in started if future is not None], timeout).not_done

    def give_up(self, why: str) -> None:
        """Count what still waits as lost, and log the sums of all losses: no exit hook will.

        Args:
            why: What ends, for the log line.
        """
        for pipeline in self._pipelines:
            pipeline.settle(why, is_late=True)

    def shutdown(self, timeout: float) -> None:
        """Export what is queued and shut down the providers that langspan built; a second call does nothing.

        Args:
            timeout: The longest time to block, in seconds. What is not exported by then is lost.
        """
        closing = self._close()
        wait(closing.values(), timeout)
        _settle(closing, f"shutdown within {timeout:g} s")

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
        before, sent = -1, _sent(closing)
        while sent > before and time.monotonic() < deadline:
            if not wait(closing.values(), EXIT_PATIENCE).not_done:
                break
            before, sent = sent, _sent(closing)
        _settle(closing, "the process exits")

    def _close(self) -> dict[Pipeline, Future[Any]]:
        atexit.unregister(self.finish)
        closing = {pipeline: pipeline.close() for pipeline in self._pipelines}
        return {pipeline: future for pipeline, future in closing.items() if future is not None}


def _sent(closing: Iterable[Pipeline]) -> int:
    return sum(pipeline.stats().sent for pipeline in closing)


def _settle(closing: Mapping[Pipeline, Future[Any]], why: str) -> None:
    for pipeline, future in closing.items():
        pipeline.settle(why, is_late=not future.done())
