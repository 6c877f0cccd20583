"""Where a span starts: which run a new one hangs under, in which context, and what it says from the start.

The only module that calls the tracer. What is written on a span comes from `langspan._translation`, spans
end in `langspan._closing`, and what is current is changed by `langspan._context` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Tracer

from langspan._contents import Contents
from langspan._events import Started
from langspan._guard import Guard
from langspan._interrupts import Interrupts, is_resume
from langspan._run import Owner, Run
from langspan._runs import Runs
from langspan._translation import Translator
from langspan.conventions._values import Attributes
from langspan.conventions.operations import (
    CLIENT_KINDS,
    GENAI_KINDS,
    GRAPH_KINDS,
    UNKNOWN_OPERATION,
    Graph,
    Operation,
    is_hidden,
)

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


Describe = Callable[[Run, Started], Attributes]


class Opener:
    """Starts the spans of runs, which the caller then keeps in its table.

    Attributes:
        has_left_out: Some run was left out, as its trace was sampled out.

    Args:
        tracer: Where spans are made.
        runs: The open runs and those that ended lately; only looked at.
        guard: The error boundary: a span starts whatever becomes of its attributes.
        translator: From start events to attributes.
        interrupts: Graphs that wait for their user.
        contents: From start events to content, where content is recorded.
        genai_only: Have spans for GenAI operations only.
        is_observed: Metrics or events want to know of runs whose span is not recorded, too.
    """

    def __init__(
        self,
        tracer: Tracer,
        runs: Runs[Run, SpanContext],
        guard: Guard,
        translator: Translator,
        interrupts: Interrupts,
        *,
        contents: Contents | None,
        genai_only: bool,
        is_observed: bool,
    ) -> None:
        self._tracer = tracer
        self._runs = runs
        self._guard = guard
        self._translator = translator
        self._interrupts = interrupts
        self._contents = contents
        self._genai_only = genai_only
        self._is_observed = is_observed
        self._unsampled_stay_so = _keeps_unsampled(tracer)
        self.has_left_out = False
        self._key = otel.create_key("langspan-run")

    def place(
        self, owner: Owner, event: Started, graph: Graph | None, current: Context
    ) -> tuple[Run, Context] | None:
        """Make a run, and find the context that its span starts in.

        Args:
            owner: Who keeps the run and can end it.
            event: LangChain's start event.
            graph: The graph that announced this run, if one did.
            current: What is current where the event was sent.

        Returns:
            None if the run is to be passed over: instrumentation is suppressed, or its trace was sampled out.
        """
        if current.get(_SUPPRESSED) or current.get(_SUPPRESSED_PLAIN):
            return None
        marker = self.run_in(current)
        if self.has_left_out and self._is_left_out(event, current):
            return None
        parent, base = self._parent(event.parent_run_id, marker, current)
        if parent is not None and parent.is_left_out and base.get(_SPAN_KEY) is parent.span:
            return Run(owner, event, UNKNOWN_OPERATION, parent, is_left_out=True), base
        return Run(owner, event, self._operation(event, parent, graph), parent), base

    def open(self, run: Run, event: Started, base: Context) -> None:
        """Start the run's span, if it has one of its own, and make the context in which it is current."""
        if not run.is_left_out and self._is_visible(event, run.operation):
            self._open_span(run, event, base)
            run.context = Context({**base, _SPAN_KEY: run.span, self._key: run})
        else:
            run.pass_through(trace.get_current_span(base))
            run.context = otel.set_value(self._key, run, base)

    def run_in(self, context: Context) -> Run | None:
        """The innermost run around code that runs in ``context``; it may have ended."""
        marker: Any = context.get(self._key)
        return marker  # type: ignore[no-any-return] # nobody else has the key

    def leaves_out_in(self, context: Context) -> bool:
        """Whether code that runs in ``context`` lies in a trace that was sampled out."""
        marker = self.run_in(context)
        return marker is not None and marker.is_left_out and context.get(_SPAN_KEY) is marker.span

    def _is_left_out(self, event: Started, current: Context) -> bool:
        """Whether a run lies in a trace that was sampled out: its context is right as it is."""
        if not self.leaves_out_in(current):
            return False
        parent = None if event.parent_run_id is None else self._runs.get(event.parent_run_id)
        return parent is None or parent.is_left_out

    def _parent(
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
            self._guard.report("operation", error)
            return UNKNOWN_OPERATION

    def _is_visible(self, event: Started, operation: Operation) -> bool:
        if event.tags and is_hidden(event.tags):
            return False
        return not self._genai_only or operation.kind in GENAI_KINDS

    def _open_span(self, run: Run, event: Started, base: Context) -> None:
        parent = run.parent
        # Below a span that is recorded this one will be too: then all is said in one go.
        recorded = parent is not None and parent.is_recording
        attributes = run.facts = self._described(self._translator.at_creation, run, event)
        if recorded:
            attributes = run.facts = {**self._described(self._translator.at_start, run, event), **attributes}
        kind = SpanKind.CLIENT if run.operation.kind in CLIENT_KINDS else SpanKind.INTERNAL
        run.span = self._tracer.start_span(
            run.operation.name, base, kind, attributes, start_time=run.started, record_exception=False
        )
        run.is_recording = run.span.is_recording()
        run.is_described = run.is_recording or self._is_observed
        if self._unsampled_stay_so and not run.is_described:
            run.is_left_out = self.has_left_out = True
        if run.is_described:
            if not recorded:
                run.pending = self._described(self._translator.at_start, run, event)
                run.facts = {**run.pending, **attributes}
            self._describe_more(run, event)

    def _described(self, describe: Describe, run: Run, event: Started) -> Attributes:
        try:
            return describe(run, event)
        except Exception as error:  # noqa: BLE001 - the span starts whatever becomes of its attributes
            self._guard.report("start attributes", error)
            return {}

    def _describe_more(self, run: Run, event: Started) -> None:
        try:
            if self._contents is not None:
                run.content = self._contents.at_start(run.operation.kind, event)
            if run.operation.kind in GRAPH_KINDS and is_resume(event.payload):
                self._interrupts.link(run)
        except Exception as error:  # noqa: BLE001 - the run goes on without
            self._guard.report("start content", error)
