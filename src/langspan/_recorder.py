"""Runs become spans here: which run a new one hangs under, and the start of its span.

The only module that calls the tracer. What is written on a span comes from `langspan._translation`, spans
end in `langspan._closing`, and what is current is changed by `langspan._context` alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Tracer

from langspan._closing import Closer
from langspan._contents import Contents
from langspan._context import current_scope
from langspan._events import Category, Started
from langspan._graphs import take
from langspan._guard import Guard, contained
from langspan._interrupts import Interrupts, is_resume
from langspan._log_events import LogEvents
from langspan._metrics import Metrics
from langspan._run import NOTHING, Run
from langspan._runs import Runs
from langspan._settings import Settings
from langspan._translation import Translator
from langspan.conventions import notes
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

_MAX_ENDED: Final = 2048
_CHAIN: Final = Category.CHAIN
# Where OpenTelemetry keeps the span in a context, learned from what it does; entering our own key beside it
# in one go is cheaper than in two.
_SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))

# Both keys that OpenTelemetry's suppress_instrumentation() sets.
_SUPPRESSED: Final = otel._SUPPRESS_INSTRUMENTATION_KEY  # noqa: SLF001
_SUPPRESSED_PLAIN: Final = "suppress_instrumentation"


def _keeps_unsampled(tracer: Tracer) -> bool:
    """Whether the tracer's sampler never samples a child of a span that it has left out.

    So do the default sampler and every other that follows the parent; it stands in the description, which
    the specification asks of samplers.
    """
    sampler = getattr(tracer, "sampler", None)
    text = sampler.get_description() if sampler is not None else ""
    return text == "AlwaysOffSampler" or "localParentNotSampled:AlwaysOffSampler" in text


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
        self._tracer = tracer
        self._genai_only = settings.genai_only
        self._translator = Translator()
        self._contents = Contents(settings) if settings.capture_content else None
        self._metrics = metrics
        self._is_observed = metrics is not None or events is not None
        self._unsampled_stay_so = _keeps_unsampled(tracer)
        self._interrupts = Interrupts()
        self._closer = Closer(
            guard,
            self._translator,
            self._interrupts,
            contents=self._contents,
            where=settings.capture_content,
            metrics=metrics,
            events=events,
        )
        self._runs: Runs[Run, SpanContext] = Runs(
            max_open=settings.max_open_runs,
            max_age=settings.max_run_age,
            max_ended=_MAX_ENDED,
            trail=Run.span_context,
        )
        self._key = otel.create_key("langspan-run")

    def __len__(self) -> int:
        """How many runs are open."""
        return len(self._runs)

    def run(self, run_id: UUID) -> Run | None:
        """The open run of that id."""
        return self._runs.get(run_id)

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
        if current.get(_SUPPRESSED) or current.get(_SUPPRESSED_PLAIN):
            return
        marker: Any = current.get(self._key)
        if marker is not None and marker.is_left_out and self._is_left_out(event, marker, current):
            return
        parent, base = self._place(event.parent_run_id, marker, current)
        operation = self._operation(event, parent, graph)
        run = Run(self, event, operation, parent)
        try:
            if self._is_visible(event, operation):
                self._open_span(run, event, base)
                run.context = Context({**base, _SPAN_KEY: run.span, self._key: run})
            else:
                run.pass_through(trace.get_current_span(base))
                run.context = otel.set_value(self._key, run, base)
            surplus = self._runs.add(event.run_id, run)
        except Exception:
            self._give_up(run)
            raise
        for evicted in surplus:
            self.guard.call(self._closer.incomplete, evicted)
        if scope is not None and run.is_open and scope.has_below(event.category, current):
            scope.started(run)

    def _give_up(self, run: Run) -> None:
        """End a run that could not be opened: no end event would find it."""
        self._runs.take(run.run_id, run)
        if hasattr(run, "span"):
            self._closer.incomplete(run)

    def _is_left_out(self, event: Started, marker: Run, current: Context) -> bool:
        """Whether a run lies in a trace that was sampled out: its context is right as it is."""
        if trace.get_current_span(current) is not marker.span:
            return False
        parent = None if event.parent_run_id is None else self._runs.get(event.parent_run_id)
        return parent is None or parent.is_left_out

    def _place(
        self, parent_run_id: UUID | None, marker: Run | None, current: Context
    ) -> tuple[Run | None, Context]:
        """Find the run that caused a new one, and the context that the new span starts in."""
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
        parent = run.parent
        # Below a span that is recorded this one will be too: then all is said in one go.
        recorded = parent is not None and parent.is_recording
        attributes = self._described(run, event, whole=recorded)
        kind = SpanKind.CLIENT if run.operation.kind in CLIENT_KINDS else SpanKind.INTERNAL
        run.span = self._tracer.start_span(
            run.operation.name, base, kind, attributes, start_time=run.started, record_exception=False
        )
        run.is_recording = run.span.is_recording()
        run.is_described = run.is_recording or self._is_observed
        run.is_left_out = self._unsampled_stay_so and not run.is_described
        if run.is_described:
            run.facts = attributes if recorded else self._described(run, event, whole=True)
            if not recorded:
                run.pending = {name: run.facts[name] for name in run.facts if name not in attributes}
            self._describe_more(run, event)

    def _described(self, run: Run, event: Started, *, whole: bool) -> Attributes:
        try:
            describe = self._translator.at_start if whole else self._translator.at_creation
            return describe(run, event)
        except Exception as error:  # noqa: BLE001 - the span starts whatever becomes of its attributes
            self.guard.report("start attributes", error)
            return {}

    def _describe_more(self, run: Run, event: Started) -> None:
        try:
            if self._contents is not None:
                run.content = self._contents.at_start(run.operation.kind, event)
            if run.operation.kind in GRAPH_KINDS and is_resume(event.payload):
                self._interrupts.link(run)
        except Exception as error:  # noqa: BLE001 - the run goes on without
            self.guard.report("start content", error)

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
        if not token and getattr(getattr(chunk, "message", None), "chunk_position", None) == "last":
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
