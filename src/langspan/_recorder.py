"""The recorder: keeps the open runs, and has their spans started and ended as LangChain's events come.

Spans start in `langspan._opening` and end in `langspan._closing`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry.trace import SpanContext, Tracer

from langspan._closing import Closer
from langspan._contents import Contents
from langspan._context import current_scope
from langspan._events import Category, Started
from langspan._graphs import take
from langspan._guard import Guard, contained
from langspan._interrupts import Interrupts
from langspan._log_events import LogEvents
from langspan._metrics import Metrics
from langspan._opening import Opener
from langspan._run import NOTHING, Run
from langspan._runs import Runs
from langspan._settings import Settings
from langspan._translation import Translator
from langspan.conventions import notes
from langspan.conventions._result import is_closing
from langspan.conventions._values import Attributes
from langspan.conventions.notes import Note

_MAX_ENDED: Final = 2048
_CHAIN: Final = Category.CHAIN


class Recorder:
    """Records runs as spans of one tracer, and where asked as metrics and events.

    Args:
        tracer: Where spans are made.
        settings: What the user asked for.
        guard: The error boundary: nothing that LangChain's events call here raises, and a span starts and
            ends whatever becomes of its attributes.
        metrics: Where measurements go.
        events: Where events go.
    """

    def __init__(
        self,
        tracer: Tracer,
        settings: Settings,
        guard: Guard,
        metrics: Metrics | None = None,
        events: LogEvents | None = None,
    ) -> None:
        self.guard = guard
        self._metrics = metrics
        self._runs: Runs[Run, SpanContext] = Runs(
            max_open=settings.max_open_runs,
            max_age=settings.max_run_age,
            max_ended=_MAX_ENDED,
            trail=Run.span_context,
        )
        self._interrupts = Interrupts()
        translator = Translator()
        contents = Contents(settings) if settings.capture_content else None
        self._opener = Opener(
            tracer,
            self._runs,
            guard,
            translator,
            self._interrupts,
            contents=contents,
            genai_only=settings.genai_only,
            is_observed=metrics is not None or events is not None,
        )
        self._closer = Closer(
            guard,
            translator,
            self._interrupts,
            contents=contents,
            where=settings.capture_content,
            metrics=metrics,
            events=events,
        )

    def __len__(self) -> int:
        """How many runs are open."""
        return len(self._runs)

    def run(self, run_id: UUID) -> Run | None:
        """The open run of that id."""
        return self._runs.get(run_id)

    def innermost(self) -> Run | None:
        """The innermost run around the code that asks; it may have ended."""
        return self._opener.run_in(otel.get_current())

    def leaves_out_here(self) -> bool:
        """Whether nothing that starts here and now would be recorded: its trace was sampled out."""
        return self._opener.has_left_out and self._opener.leaves_out_in(otel.get_current())

    # -- start

    @contained
    def start(self, event: Started) -> None:
        """Open a run.

        Args:
            event: LangChain's start event.
        """
        graph = take() if event.category is _CHAIN else None
        scope, current = current_scope(), otel.get_current()
        if scope is not None:
            current = scope.start_context(event.run_id, current)
        placed = self._opener.place(self, event, graph, current)
        if placed is None:
            return
        run, base = placed
        is_direct = scope is not None and scope.has_below(event.category, current)
        if scope is not None and is_direct:
            run.call = scope.call
        try:
            self._opener.open(run, event, base)
            surplus = self._runs.add(event.run_id, run)
        except Exception:
            self._give_up(run)
            raise
        for evicted in surplus:
            self.guard.call(self._closer.incomplete, evicted)
        if scope is not None and is_direct and run.is_open:
            scope.started(run)

    def _give_up(self, run: Run) -> None:
        """End a run that could not be opened: no end event would find it."""
        self._runs.take(run.run_id, run)
        if hasattr(run, "span"):
            self._closer.incomplete(run)

    # -- meanwhile

    @contained
    def chunk(self, run_id: UUID, token: Any, chunk: Any) -> None:
        """Note a streamed chunk of a model's answer.

        Args:
            run_id: The run.
            token: What was streamed.
            chunk: LangChain's chunk around it; the empty one that closes a stream is LangChain's own.
        """
        run = self._runs.get(run_id)
        if run is None or (run.first_chunk is not None and self._metrics is None):
            return
        if not token and is_closing(chunk):
            return
        if run.first_chunk is None:
            run.first_chunk = run.last_chunk = time.time_ns()
        elif self._metrics is not None:
            now = time.time_ns()
            self._metrics.chunk(run, (now - run.last_chunk) / 1e9)
            run.last_chunk = now

    @contained
    def note(self, run_id: UUID, describe: Callable[..., Note], *data: Any) -> None:
        """Add a span event to an open run.

        Args:
            run_id: The run.
            describe: A function of `langspan.conventions.notes`.
            data: What happened, as LangChain tells it.
        """
        run = self._runs.get(run_id)
        if run is not None and run.is_recording:
            name, attributes = describe(self._closer.render, *data)
            run.span.add_event(name, attributes)

    @contained
    def interrupted(self, event: Any) -> None:
        """Mark a graph's run that has stopped to wait for its user, and remember it for the resumption."""
        run = self._runs.get(event.run_id)
        if run is not None:
            self._interrupts.stopped(run)
            self.note(event.run_id, notes.interrupt, event)

    @contained
    def resumed(self, event: Any) -> None:
        """Link a graph's run to the interrupted one that it goes on with."""
        run = self._runs.get(event.run_id)
        if run is not None:
            self._interrupts.link(run)
            self.note(event.run_id, notes.resume, event)

    # -- end

    @contained
    def end(self, run_id: UUID, result: Any, extra: Attributes = NOTHING) -> None:
        """End a run that returned.

        Args:
            run_id: The run.
            result: What it returned, in the shape of LangChain's end event.
            extra: Every other keyword of the event.
        """
        run = self._runs.take(run_id)
        if run is not None:
            self._closer.returned(run, result, extra)

    @contained
    def fail(self, run_id: UUID, error: BaseException, extra: Attributes = NOTHING) -> None:
        """End a run that raised: failed, cancelled, closed, interrupted.

        Args:
            run_id: The run.
            error: What it raised.
            extra: Every other keyword of LangChain's error event.
        """
        run = self._runs.take(run_id)
        if run is not None:
            self._closer.raised(run, error, extra)

    @contained
    def abandon(self, run: Run, error: BaseException | None) -> None:
        """End a run that LangChain started and will not end.

        Args:
            run: The run.
            error: What its call raised; None if nobody knows what became of it.
        """
        if self._runs.take(run.run_id, run) is None:
            return
        if error is None:
            self._closer.incomplete(run)
        else:
            self._closer.raised(run, error, NOTHING)

    def close(self) -> None:
        """End every open run and mark it incomplete."""
        for run in self._runs.drain():
            self.guard.call(self._closer.incomplete, run)
