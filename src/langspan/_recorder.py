"""Runs become spans here: the parent rule, the start, and the one end of each span.

The only module that calls the tracer. It decides when and where; what is written on a span comes from
`langspan._translation`, and what is current is changed by `langspan._context` alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from langspan._context import current_scope
from langspan._events import Started
from langspan._guard import Guard, contained
from langspan._interrupts import Interrupts, is_resume
from langspan._run import Run
from langspan._runs import Runs
from langspan._settings import Settings
from langspan._translation import Translator
from langspan.conventions import names, notes
from langspan.conventions.notes import Note
from langspan.conventions.operations import CLIENT_KINDS, GENAI_KINDS, HIDDEN_TAG, Graph, Operation
from langspan.conventions.outcomes import INCOMPLETE, INTERRUPTED, outcome

_MAX_ENDED: Final = 4096

# Both keys that OpenTelemetry's suppress_instrumentation() sets.
_SUPPRESSED: Final = otel._SUPPRESS_INSTRUMENTATION_KEY  # noqa: SLF001
_SUPPRESSED_PLAIN: Final = "suppress_instrumentation"


class Recorder:
    """Records runs as spans of one tracer.

    Args:
        tracer: Where spans are made.
        settings: What the user asked for.
        guard: The error boundary.
    """

    def __init__(self, tracer: Tracer, settings: Settings, guard: Guard) -> None:
        self.guard = guard
        self._tracer = tracer
        self._genai_only = settings.genai_only
        self._translator = Translator(settings)
        self._runs: Runs[Run, SpanContext] = Runs(
            max_open=settings.max_open_runs, max_age=settings.max_run_age, max_ended=_MAX_ENDED
        )
        self._interrupts = Interrupts()
        self._key = otel.create_key("langspan-run")

    def __len__(self) -> int:
        """How many runs are open."""
        return len(self._runs)

    def run(self, run_id: UUID | None) -> Run | None:
        """The open run of that id."""
        return None if run_id is None else self._runs.get(run_id)

    @contained
    def start(self, event: Started, graph: Graph | None = None) -> None:
        """Open a run.

        Args:
            event: LangChain's start event.
            graph: The LangGraph graph that announced this run.
        """
        current = otel.get_current()
        if current.get(_SUPPRESSED) or current.get(_SUPPRESSED_PLAIN):
            return
        parent, base = self._place(event.parent_run_id, current)
        operation = self._translator.operation(event, parent, graph)
        run = Run(self, event, operation, parent, time.time_ns(), visible=self._is_visible(event, operation))
        self._open_span(run, event, base)
        for evicted in self._runs.add(event.run_id, run):
            self._finish(evicted, outcome_label=INCOMPLETE)
        scope = current_scope()
        if scope is not None and scope.has_below(event.category, current):
            scope.started(run)

    def _place(self, parent_run_id: UUID | None, current: Context) -> tuple[Run | None, Context]:
        """Find the run that caused a new one, and the context that the new span starts in."""
        here = current.get(self._key)
        marker = here if isinstance(here, Run) else None
        if parent_run_id is None or (marker is not None and marker.is_below(parent_run_id)):
            # LangChain names no parent, or one that is around us: then a span of the user's own that is
            # current lies between the two and stays there.
            return marker, current
        parent = self._runs.get(parent_run_id)
        if parent is not None:
            return parent, trace.set_span_in_context(parent.span, current)
        trail = self._runs.ended(parent_run_id)
        if trail is not None:
            return marker, trace.set_span_in_context(NonRecordingSpan(trail), current)
        return marker, current

    def _is_visible(self, event: Started, operation: Operation) -> bool:
        if event.tags and HIDDEN_TAG in event.tags:
            return False
        return not self._genai_only or operation.kind in GENAI_KINDS

    def _open_span(self, run: Run, event: Started, base: Context) -> None:
        if not run.visible:
            run.span = trace.get_current_span(base)
            run.conversation = run.parent.conversation if run.parent else None
            run.context = otel.set_value(self._key, run, base)
            return
        attributes = self.guard.call(self._translator.at_creation, run, event) or {}
        kind = SpanKind.CLIENT if run.operation.kind in CLIENT_KINDS else SpanKind.INTERNAL
        run.span = self._tracer.start_span(
            run.operation.name, base, kind, attributes, start_time=run.started, record_exception=False
        )
        run.context = otel.set_value(self._key, run, trace.set_span_in_context(run.span, base))
        if run.span.is_recording():
            run.span.set_attributes(self.guard.call(self._translator.at_start, run, event) or {})
            if is_resume(event.payload):
                self._interrupts.link(run)

    @contained
    def chunk(self, run_id: UUID) -> None:
        """Note a streamed chunk of a model's answer."""
        run = self._runs.get(run_id)
        if run is not None and run.first_chunk is None:
            run.first_chunk = time.time_ns()

    @contained
    def note(self, run_id: UUID, describe: Callable[..., Note], *data: Any) -> None:
        """Add a span event to an open run.

        Args:
            run_id: The run.
            describe: A function of `langspan.conventions.notes`.
            data: What happened, as LangChain tells it.
        """
        run = self._runs.get(run_id)
        if run is not None and run.visible and run.span.is_recording():
            name, attributes = describe(self._translator.render, *data)
            run.span.add_event(name, attributes)

    @contained
    def interrupted(self, run_id: UUID, event: Any) -> None:
        """Mark a graph's run that has stopped to wait for its user, and remember it for the resumption."""
        run = self._runs.get(run_id)
        if run is not None:
            self._interrupts.stopped(run)
            self.note(run_id, notes.interrupt, event)

    @contained
    def resumed(self, run_id: UUID, event: Any) -> None:
        """Link a graph's run to the interrupted one that it goes on with."""
        run = self._runs.get(run_id)
        if run is not None:
            self._interrupts.link(run)
            self.note(run_id, notes.resume, event)

    @contained
    def end(self, run_id: UUID, result: Any) -> None:
        """End a run that returned.

        Args:
            run_id: The run.
            result: What it returned, in the shape of LangChain's end event.
        """
        run = self._take(run_id)
        if run is None:
            return
        attributes: Mapping[str, AttributeValue] = {}
        failed: str | None = None
        if run.visible and run.span.is_recording():
            attributes = self.guard.call(self._translator.at_end, run, result) or {}
            failed = self.guard.call(self._translator.handled_failure, run, result)
        self._finish(run, attributes, INTERRUPTED if run.interrupted else None, failed)

    @contained
    def fail(self, run_id: UUID, error: BaseException, extra: Mapping[str, Any]) -> None:
        """End a run that raised: failed, cancelled, closed, interrupted.

        Args:
            run_id: The run.
            error: What it raised.
            extra: Every other keyword of LangChain's error event.
        """
        run = self._take(run_id)
        if run is not None:
            self._finish_raised(run, error, extra)

    @contained
    def abandon(self, run: Run, error: BaseException | None) -> None:
        """End a run that LangChain started and will not end.

        Args:
            run: The run.
            error: What its call raised; None if nobody knows what became of it.
        """
        if not self._runs.end(run.run_id, run.trail()):
            return
        if error is None:
            self._finish(run, outcome_label=INCOMPLETE)
        else:
            self._finish_raised(run, error, {})

    @contained
    def close(self) -> None:
        """End every open run and mark it incomplete."""
        for run in self._runs.drain():
            self._finish(run, outcome_label=INCOMPLETE)

    def _take(self, run_id: UUID) -> Run | None:
        run = self._runs.get(run_id)
        return run if run is not None and self._runs.end(run_id, run.trail()) else None

    def _finish_raised(self, run: Run, error: BaseException, extra: Mapping[str, Any]) -> None:
        verdict = outcome(error)
        attributes: Mapping[str, AttributeValue] = {}
        if run.visible and run.span.is_recording():
            attributes = self.guard.call(self._translator.at_failure, run, extra) or {}
            if verdict.error_type is not None and run.failure is not error:
                run.span.add_event("exception", self._translator.exception(error))
        if run.parent is not None:
            run.parent.failure = error
        if verdict.label == INTERRUPTED:
            self._interrupts.stopped(run)
        message = self._translator.message(error) if verdict.error_type is not None else None
        self._finish(run, attributes, verdict.label, verdict.error_type, message)

    def _finish(
        self,
        run: Run,
        attributes: Mapping[str, AttributeValue] = {},
        outcome_label: str | None = None,
        error_type: str | None = None,
        message: str | None = None,
    ) -> None:
        """The one place where a span ends."""
        run.is_open = False
        run.event = None
        if not run.visible:
            return
        try:
            run.span.set_attributes(attributes)
            if outcome_label is not None:
                run.span.set_attribute(names.LANGSPAN_OUTCOME, outcome_label)
            if error_type is not None:
                run.span.set_attribute(names.ERROR_TYPE, error_type)
                run.span.set_status(StatusCode.ERROR, message)
        finally:
            run.span.end(time.time_ns())
