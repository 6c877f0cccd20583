"""Where a span starts: what kind of run it is, where it hangs, and what it says from the start.

The only module that starts spans. They end in `langspan.recording.span_end`.
"""

from __future__ import annotations

from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, Tracer

from langspan._events import Call, Graph, Started
from langspan._guard import Guard
from langspan._values import Attributes, as_str
from langspan.content.dialogue import question
from langspan.content.renderer import ContentRenderer
from langspan.context.carried import ATTEMPT, CARRIED, GIVEN, carried_by
from langspan.context.private_names import SPAN_KEY, SUPPRESSION_KEYS
from langspan.kinds import any_run
from langspan.kinds.base import AgentCall, RunKind
from langspan.kinds.conversations import WHO, configurable_of, conversation_id, user_id
from langspan.kinds.registry import UNKNOWN, identify, is_hidden
from langspan.recording.always_recorded import AlwaysRecorded
from langspan.recording.givens import ReadBaggage, take_circumstances, take_given
from langspan.recording.interrupts import Interrupts, is_resume
from langspan.recording.limits import Limits
from langspan.recording.metrics import count_once
from langspan.recording.outer import REQUESTED_IN, requested_context
from langspan.recording.parents import ParentRule
from langspan.recording.run import Owner, Run
from langspan.recording.run_hooks import RunHooks
from langspan.recording.run_table import RunTable
from langspan.recording.skipped_tool_calls import note_tool
from langspan.recording.tracers import announce_run, announcement_of, keeps_unsampled

_TOOL: Final = AgentCall.TOOL
_STARTING: Final = "start attributes"


class SpanStarter:
    """Starts the spans of runs, which the caller then keeps in its table.

    Attributes:
        parents: The parent rule.
        always: Adds and redacts what is recorded whether content is on or not.
        has_unsampled: Some run's trace was sampled out.

    Args:
        tracer: Where spans are made.
        runs: The open runs and those that ended recently; only looked at.
        guard: The error boundary: a span starts whatever becomes of its attributes.
        interrupts: Graphs that wait for their user.
        hooks: The application's own functions, if it has registered any.
        renderer: Renders content, where content is recorded.
        genai_only: Make spans of GenAI operations only, and of chains at the root of their trace.
        is_observed: Metrics or events are recorded of runs whose span is not recorded, too.
        limits: What a span can hold.
        read_baggage: Returns what the baggage in a context gives; None if nobody asked to read it.
    """

    def __init__(
        self,
        tracer: Tracer,
        runs: RunTable[Run, SpanContext],
        guard: Guard,
        interrupts: Interrupts,
        *,
        hooks: RunHooks | None,
        renderer: ContentRenderer | None,
        always: AlwaysRecorded,
        genai_only: bool,
        is_observed: bool,
        limits: Limits,
        read_baggage: ReadBaggage | None = None,
    ) -> None:
        self.parents = ParentRule(runs)
        self.has_unsampled = False
        self._tracer = tracer
        self._runs = runs
        self._guard, self._hooks = guard, hooks
        self._interrupts = interrupts
        self._renderer = renderer
        self.always = always
        self._genai_only = genai_only
        self._is_observed = is_observed
        self._limits = limits
        self._read_baggage = read_baggage
        self._surely_fit = limits.surely_fit()
        self._announce = announcement_of(tracer)
        self._unsampled_stay_so = keeps_unsampled(tracer)

    def new_run(
        self,
        owner: Owner,
        event: Started,
        kind: RunKind | None,
        call: Call | None,
        graph: Graph | None,
        current: Context,
    ) -> tuple[Run, Context] | None:
        """Make a run, and find the context that its span starts in.

        Args:
            owner: Who keeps the run and can end it.
            event: The start event.
            kind: The kind of run, where no callback tells it.
            call: The call that started the run, if it was seen.
            graph: The graph that announced this run, if one did.
            current: What is current where the event was sent.

        Returns:
            None if the run is to be passed over: instrumentation is suppressed, or its trace was sampled out.
        """
        for key in SUPPRESSION_KEYS:
            if key in current and current[key]:  # noqa: RUF019 - a look costs less than a call
                return None
        if self.has_unsampled and self._is_unsampled(event, current):
            return None
        if graph is not None and type(graph.configurable) is dict and REQUESTED_IN in graph.configurable:
            current = self._guard.call(requested_context, graph.configurable, current) or current
        parent, base = self.parents.resolve_parent(event.parent_run_id, current)
        if parent is not None and parent.is_unsampled and base.get(SPAN_KEY) is parent.span:
            return Run(owner, event, UNKNOWN, parent, is_unsampled=True), base
        inside_graph = parent is not None and parent.inside_graph
        try:
            identity = identify(event, kind, call=call, inside_graph=inside_graph, graph=graph)
        except Exception as error:  # noqa: BLE001 - a run without a name is still a run
            self._guard.report("identify", error)
            identity = UNKNOWN
        run = Run(owner, event, identity, parent)
        run.call, run.deferred = call, () if graph is None else graph.deferred
        if GIVEN in base or self._read_baggage is not None:
            self._guard.call(take_given, run, base, self._read_baggage)
        if ATTEMPT in base or (
            parent is not None and (parent.failed_model or parent.circumstances or parent.deferred)
        ):
            self._guard.call(take_circumstances, run, base)
        self._enter(run, event, graph, base)
        if run.inside_graph and run.kind.counts_as is _TOOL:
            self._guard.call(note_tool, run, event)
        return run, base

    def start(self, run: Run, event: Started, base: Context) -> None:
        """Start the run's span, if it has one of its own, and make the context in which it is current."""
        is_told = (
            not self._genai_only
            or run.kind.operation is not None
            # A chain at the root holds its trace together: one call of the application is one trace.
            or not trace.get_current_span(base).get_span_context().is_valid
        )
        if is_told and not run.is_unsampled and not (event.tags and is_hidden(event.tags)):
            self._start_span(run, event, base)
        else:
            # Its children nest under the span around it.
            run.is_visible = False
            run.span = trace.get_current_span(base)
        run.context = self.parents.context_in(run, base)

    def _is_unsampled(self, event: Started, current: Context) -> bool:
        """Whether a run lies in a trace that was sampled out: its context is right as it is."""
        if not self.parents.in_unsampled_trace(current):
            return False
        parent = None if event.parent_run_id is None else self._runs.get(event.parent_run_id)
        return parent is None or parent.is_unsampled

    def _enter(self, run: Run, event: Started, graph: Graph | None, base: Context) -> None:
        """Note what entering the run changes: its conversation, and what the runs around it know of it."""
        kind, parent, agent, metadata = run.kind, run.parent, run.agent, event.metadata
        if kind.delegates and parent is not None:
            count_once(run, parent)
        if kind.counts_as is not None and agent is not None:
            agent.calls.append(kind.counts_as)
        try:
            configurable = None if run.call is None and graph is None else configurable_of(run.call, graph)
            if not configurable and CARRIED in base:
                configurable = carried_by(base)
            run.configurable = configurable
            if configurable and not WHO.isdisjoint(configurable):
                run.conversation = conversation_id(configurable) or run.conversation
                run.user = user_id(configurable) or run.user
            if metadata and not WHO.isdisjoint(metadata):  # last: what the application wrote there wins
                run.conversation = conversation_id(metadata) or run.conversation
                run.user = user_id(metadata) or run.user
            if kind.is_graph and parent is not None and metadata:
                run.place = as_str(metadata.get("langgraph_checkpoint_ns"))
                if parent.attempts and run.place is not None:
                    run.attempt = parent.attempts.pop(run.place, None)
            if kind.provider is not None:
                run.provider = kind.provider(event)
        except Exception as error:  # noqa: BLE001 - the span starts whatever becomes of its attributes
            self._guard.report(_STARTING, error)

    def _start_span(self, run: Run, event: Started, base: Context) -> None:
        if run.given is not None:
            run.event = event = self._guard.call(run.given.added_to, event) or event
        parent = run.parent
        if self._announce is not None:
            self._guard.call(announce_run, self._announce, run, event)
        # Below a span that is recorded this one will be too: then all is said in one go.
        is_recorded = parent is not None and parent.is_recording
        attributes = run.start_attributes = self._created(run)
        if is_recorded:
            attributes = run.start_attributes = {**self._started(run, event), **attributes}
        fitting = attributes if len(attributes) <= self._surely_fit else self._fitting(attributes)
        run.span = self._tracer.start_span(
            run.name, base, run.kind.span_kind, fitting, start_time=run.started, record_exception=False
        )
        run.is_recording = run.span.is_recording()
        run.needs_attributes = run.is_recording or self._is_observed
        if self._unsampled_stay_so and not run.needs_attributes:
            run.is_unsampled = self.has_unsampled = True
        if run.needs_attributes:
            if not is_recorded:
                run.deferred_attributes = self._started(run, event)
                run.start_attributes = {**run.deferred_attributes, **attributes}
            if fitting is not attributes:
                left = {name: value for name, value in attributes.items() if name not in fitting}
                run.deferred_attributes = {**left, **run.deferred_attributes}
            is_command = run.kind.is_graph and type(event.payload) is not dict
            if is_command or self._renderer is not None:
                self._describe_more(run, event)
        if self._hooks is not None and run.is_recording:
            self._guard.call(self._hooks.started, run, event)

    def _fitting(self, attributes: Attributes) -> Attributes:
        try:
            return self._limits.fit_start(attributes)
        except Exception as error:  # noqa: BLE001 - the SDK has the last word in any case
            self._guard.report(_STARTING, error)
            return attributes

    def _created(self, run: Run) -> Attributes:
        try:
            attributes = any_run.creation_attributes(run)
            return attributes if self.always.is_idle else self.always.redacted(attributes)
        except Exception as error:  # noqa: BLE001 - as above
            self._guard.report(_STARTING, error)
            return {}

    def _started(self, run: Run, event: Started) -> Attributes:
        try:
            attributes = any_run.start_attributes(run, event)
            return attributes if self.always.is_idle else self.always.completed(attributes, event.metadata)
        except Exception as error:  # noqa: BLE001 - as above
            self._guard.report(_STARTING, error)
            return {}

    def _describe_more(self, run: Run, event: Started) -> None:
        try:
            if self._renderer is not None:
                run.content = any_run.content_at_start(self._renderer, run, event)
                if run.story is run and not event.extra.get("defers_inputs"):
                    where = "state" if run.kind.is_graph else "input"
                    run.question = question(self._renderer, event.payload, where)
            if run.kind.is_graph and is_resume(event.payload):
                self._interrupts.resumes(run)
        except Exception as error:  # noqa: BLE001 - the run goes on without
            self._guard.report("start content", error)
