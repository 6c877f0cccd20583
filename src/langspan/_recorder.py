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

from langspan._context import current_scope
from langspan._events import Started
from langspan._guard import Guard
from langspan._interrupts import Interrupts, is_resume
from langspan._run import Run
from langspan._runs import Runs
from langspan._settings import Settings
from langspan._translation import Translator
from langspan.conventions import names, notes
from langspan.conventions._values import Attributes
from langspan.conventions.notes import Note
from langspan.conventions.operations import (
    CLIENT_KINDS,
    GENAI_KINDS,
    GRAPH_KINDS,
    HIDDEN_TAG,
    UNKNOWN_OPERATION,
    Graph,
    Operation,
)
from langspan.conventions.outcomes import INCOMPLETE, INTERRUPTED, UNKNOWN, outcome

_MAX_ENDED: Final = 2048
_NOTHING: Final[Attributes] = {}  # never changed

# Both keys that OpenTelemetry's suppress_instrumentation() sets.
_SUPPRESSED: Final = otel._SUPPRESS_INSTRUMENTATION_KEY  # noqa: SLF001
_SUPPRESSED_PLAIN: Final = "suppress_instrumentation"


class Recorder:
    """Records runs as spans of one tracer.

    Args:
        tracer: Where spans are made.
        settings: What the user asked for.
        guard: The error boundary. Failures of the translation are contained here, so that a span ends
            whatever becomes of its attributes; all others by whoever calls.
    """

    def __init__(self, tracer: Tracer, settings: Settings, guard: Guard) -> None:
        self.guard = guard
        self._tracer = tracer
        self._genai_only = settings.genai_only
        self._translator = Translator(settings)
        self._runs: Runs[Run, SpanContext] = Runs(
            max_open=settings.max_open_runs,
            max_age=settings.max_run_age,
            max_ended=_MAX_ENDED,
            trail=Run.span_context,
        )
        self._interrupts = Interrupts()
        self._key = otel.create_key("langspan-run")

    def __len__(self) -> int:
        """How many runs are open."""
        return len(self._runs)

    def run(self, run_id: UUID) -> Run | None:
        """The open run of that id."""
        return self._runs.get(run_id)

    # -- start

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
        operation = self._operation(event, parent, graph)
        run = Run(self, event, operation, parent)
        if self._is_visible(event, operation):
            self._open_span(run, event, base)
            run.context = otel.set_value(self._key, run, trace.set_span_in_context(run.span, base))
        else:
            run.pass_through(trace.get_current_span(base))
            run.context = otel.set_value(self._key, run, base)
        for evicted in self._runs.add(event.run_id, run):
            self.guard.call(self._finish, evicted, label=INCOMPLETE)
        scope = current_scope()
        if scope is not None and scope.has_below(event.category, current):
            scope.started(run)

    def _place(self, parent_run_id: UUID | None, current: Context) -> tuple[Run | None, Context]:
        """Find the run that caused a new one, and the context that the new span starts in."""
        marker: Any = current.get(self._key)
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

    def _operation(self, event: Started, parent: Run | None, graph: Graph | None) -> Operation:
        try:
            return self._translator.operation(event, parent, graph)
        except Exception as error:  # noqa: BLE001 - a run without a name is still a run
            self.guard.report("operation", error)
            return UNKNOWN_OPERATION

    def _is_visible(self, event: Started, operation: Operation) -> bool:
        if event.tags and HIDDEN_TAG in event.tags:
            return False
        return not self._genai_only or operation.kind in GENAI_KINDS

    def _open_span(self, run: Run, event: Started, base: Context) -> None:
        kind = SpanKind.CLIENT if run.operation.kind in CLIENT_KINDS else SpanKind.INTERNAL
        # Below a span that is recorded this one will be too: then all is said in one go.
        recorded = run.parent is not None and run.parent.is_recording
        attributes = self._described(run, event, whole=recorded)
        run.span = self._tracer.start_span(
            run.operation.name, base, kind, attributes, start_time=run.started, record_exception=False
        )
        run.is_recording = run.span.is_recording()
        if run.is_recording:
            if not recorded:
                whole = self._described(run, event, whole=True)
                run.pending = {name: value for name, value in whole.items() if name not in attributes}
            if run.operation.kind in GRAPH_KINDS and is_resume(event.payload):
                self._interrupts.link(run)

    def _described(self, run: Run, event: Started, *, whole: bool) -> Attributes:
        try:
            return (
                self._translator.at_start(run, event) if whole else self._translator.at_creation(run, event)
            )
        except Exception as error:  # noqa: BLE001 - the span starts whatever becomes of its attributes
            self.guard.report("start attributes", error)
            return {}

    # -- meanwhile

    def chunk(self, run_id: UUID) -> None:
        """Note a streamed chunk of a model's answer."""
        run = self._runs.get(run_id)
        if run is not None and run.first_chunk is None:
            run.first_chunk = time.time_ns()

    def note(self, run_id: UUID, describe: Callable[..., Note], *data: Any) -> None:
        """Add a span event to an open run.

        Args:
            run_id: The run.
            describe: A function of `langspan.conventions.notes`.
            data: What happened, as LangChain tells it.
        """
        run = self._runs.get(run_id)
        if run is not None and run.is_recording:
            name, attributes = describe(self._translator.render, *data)
            run.span.add_event(name, attributes)

    def interrupted(self, run_id: UUID, event: Any) -> None:
        """Mark a graph's run that has stopped to wait for its user, and remember it for the resumption."""
        run = self._runs.get(run_id)
        if run is not None:
            self._interrupts.stopped(run)
            self.note(run_id, notes.interrupt, event)

    def resumed(self, run_id: UUID, event: Any) -> None:
        """Link a graph's run to the interrupted one that it goes on with."""
        run = self._runs.get(run_id)
        if run is not None:
            self._interrupts.link(run)
            self.note(run_id, notes.resume, event)

    # -- end

    def end(self, run_id: UUID, result: Any) -> None:
        """End a run that returned.

        Args:
            run_id: The run.
            result: What it returned, in the shape of LangChain's end event.
        """
        run = self._runs.take(run_id)
        if run is None:
            return
        attributes, failed = _NOTHING, None
        if run.is_recording:
            try:
                attributes = self._translator.at_end(run, result)
                failed = self._translator.handled_failure(run, result)
            except Exception as error:  # noqa: BLE001 - the span ends whatever becomes of its attributes
                self.guard.report("end attributes", error)
        self._finish(run, attributes, INTERRUPTED if run.interrupted else None, failed)

    def fail(self, run_id: UUID, error: BaseException, extra: Mapping[str, Any]) -> None:
        """End a run that raised: failed, cancelled, closed, interrupted.

        Args:
            run_id: The run.
            error: What it raised.
            extra: Every other keyword of LangChain's error event.
        """
        run = self._runs.take(run_id)
        if run is not None:
            self._finish_raised(run, error, extra)

    def abandon(self, run: Run, error: BaseException | None) -> None:
        """End a run that LangChain started and will not end.

        Args:
            run: The run.
            error: What its call raised; None if nobody knows what became of it.
        """
        if self._runs.take(run.run_id, run) is None:
            return
        if error is None:
            self._finish(run, label=INCOMPLETE)
        else:
            self._finish_raised(run, error, _NOTHING)

    def close(self) -> None:
        """End every open run and mark it incomplete."""
        for run in self._runs.drain():
            self.guard.call(self._finish, run, label=INCOMPLETE)

    def _finish_raised(self, run: Run, error: BaseException, extra: Mapping[str, Any]) -> None:
        attributes, verdict, message = _NOTHING, UNKNOWN, None
        try:
            verdict = outcome(error)
            if verdict.label == INTERRUPTED:
                self._interrupts.stopped(run)
            if run.is_recording:
                attributes = self._translator.at_failure(run, extra)
                if verdict.error_type is not None:
                    message = self._translator.message(error)
                    # The same exception passes through every run around it: it is described once.
                    if run.failure is not error:
                        run.span.add_event("exception", self._translator.exception(error))
            if run.parent is not None:
                run.parent.failure = error
        except Exception as internal:  # noqa: BLE001 - the span ends whatever becomes of its attributes
            self.guard.report("failure attributes", internal)
        self._finish(run, attributes, verdict.label, verdict.error_type, message)

    def _finish(
        self,
        run: Run,
        attributes: Attributes = _NOTHING,
        label: str | None = None,
        error_type: str | None = None,
        message: str | None = None,
    ) -> None:
        """The one place where a span ends."""
        run.close()
        if not run.is_visible:
            return
        try:
            if run.pending:
                attributes = {**run.pending, **attributes}
            if attributes:
                run.span.set_attributes(attributes)
            if label is not None:
                run.span.set_attribute(names.LANGSPAN_OUTCOME, label)
            if error_type is not None:
                run.span.set_attribute(names.ERROR_TYPE, error_type)
                run.span.set_status(StatusCode.ERROR, message)
        finally:
            run.span.end(time.time_ns())
