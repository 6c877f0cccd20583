"""The handle of a traced process."""

from __future__ import annotations

import os
from collections.abc import Callable
from uuid import UUID

from opentelemetry.trace import SpanContext

from langspan import export
from langspan._stats import Stats
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger
from langspan.recording.whereabouts import span_context_of


class Instrumentation:
    """The handle that `instrument` returns, with which an application flushes and stops tracing.

    A process has one handle at a time: a second call of `instrument` returns the same one. A normal exit of
    the interpreter exports everything by itself. Call `flush` where the process may be frozen or killed, such
    as at the end of a serverless request, and `shutdown` before an exit that skips exit hooks, such as
    `os._exit`. Every method can be called from any thread and more than once.
    """

    def __init__(
        self,
        telemetry: export.Telemetry,
        handler: RecordingHandler,
        ledger: Ledger,
        undo: Callable[[Instrumentation], None],
    ) -> None:
        self._telemetry = telemetry
        self._handler = handler
        self._ledger = ledger
        self._undo = undo
        self._process_end = export.watch_end(telemetry, handler.recorder.close)

    @property
    def open_runs(self) -> int:
        """The number of runs that have started but not ended; if it only ever grows, runs leak."""
        return len(self._handler.recorder)

    def find(self, run_id: UUID | str) -> SpanContext | None:
        """Return the span context of a run that is open or ended recently, to link to it or to judge it.

        Args:
            run_id: LangChain's id of the run, as a UUID or its text. The last two thousand runs that ended
                are known, and no run of another process.

        Returns:
            None if the run is not known, or nothing is recorded of it.

        Raises:
            ValueError: The id is no such text.
        """
        return span_context_of(self._handler.recorder, run_id)

    def flush(self, timeout: float = 5.0) -> bool:
        """Export everything that has ended so far.

        Args:
            timeout: The longest time to wait, in seconds.

        Returns:
            Whether receivers accepted all of it in time, and nothing was lost since the last flush. Of a
            provider that langspan did not build, the answer is passed on.
        """
        return self._telemetry.flush(timeout)

    async def aflush(self, timeout: float = 5.0) -> bool:  # noqa: ASYNC109 - as `flush` has it
        """Export everything that has ended so far, without blocking the event loop; else like `flush`."""
        return await self._telemetry.aflush(timeout)

    def stats(self) -> Stats:
        """Return what became of everything that this process recorded so far.

        For each signal, `recorded = sent + waiting + left_out + lost_total`.
        """
        spans, points, records = self._telemetry.stats()
        tallies = self._handler.recorder.guard.tallies
        return Stats(
            spans=spans,
            metric_data_points=points,
            log_records=records,
            runs_evicted=tallies.runs_evicted.total,
            internal_errors=tallies.internal_errors.total,
            values_dropped=tallies.values_dropped.total,
            process_id=os.getpid(),
        )

    def shutdown(self, timeout: float = 5.0) -> None:
        """Stop tracing, export the rest and shut down the providers that `instrument` built.

        Args:
            timeout: The longest time to wait, in seconds. What is not exported by then is lost.
        """
        self.uninstrument()
        self._telemetry.shutdown(timeout)

    def uninstrument(self) -> None:
        """Stop tracing: restore every patched attribute and end the spans of open runs."""
        self._undo(self)

    def _stop(self) -> None:
        recorder = self._handler.recorder
        recorder.guard.call(self._handler.silence)
        recorder.guard.call(self._ledger.undo, recorder.guard)
        recorder.guard.call(recorder.close)
        recorder.guard.call(self._process_end.stop)
        if self._telemetry.last_traces is not None:
            recorder.guard.call(self._telemetry.last_traces.stop)
