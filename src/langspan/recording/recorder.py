"""The recorder: keeps the open runs, and has their spans started and ended as events come.

Spans start in `langspan.recording.span_start` and end in `langspan.recording.span_end`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry.trace import SpanContext

from langspan._events import CallbackType, Graph, Started
from langspan._guard import Guard, contained
from langspan._values import Attributes, as_mapping, as_str
from langspan.context.collection import apart, collection
from langspan.context.scope import current_scope
from langspan.kinds import conversations
from langspan.kinds.base import RunKind
from langspan.providers.llm_result import is_closing
from langspan.recording import span_events
from langspan.recording.evaluations import Evaluations
from langspan.recording.interrupts import Interrupts
from langspan.recording.metrics import Metrics
from langspan.recording.run import NO_ATTRIBUTES, Run
from langspan.recording.run_table import RunTable
from langspan.recording.span_end import SpanFinisher
from langspan.recording.span_events import SpanEvent
from langspan.recording.span_start import SpanStarter

_CHAIN: Final = CallbackType.CHAIN


class Recorder:
    """Records runs as spans of one tracer, and where asked as metrics and events.

    Attributes:
        run: Returns the open run of an id, if there is one.
        ended: Returns the span context of a recently ended one.
        measures_chunks: Whether a stream's chunks are of interest after the first.
        starter: Starts spans.
        evaluations: Records what is thought of runs.
        records_checkpoints: Whether the writes and reads of checkpoints are runs.

    Args:
        guard: The error boundary: nothing here raises, and spans start and end whatever else fails.
        runs: The open runs.
        interrupts: Graphs that wait for their user.
        starter: Starts spans.
        finisher: Ends spans.
        pop_announcement: Returns the graph that announced the chain run that starts now, if one did.
        metrics: Where measurements go.
    """

    def __init__(
        self,
        guard: Guard,
        runs: RunTable[Run, SpanContext],
        interrupts: Interrupts,
        starter: SpanStarter,
        finisher: SpanFinisher,
        *,
        evaluations: Evaluations,
        pop_announcement: Callable[[], Graph | None],
        metrics: Metrics | None,
    ) -> None:
        self.guard, self._runs, self.evaluations, self.interrupts = guard, runs, evaluations, interrupts
        self.run: Callable[[UUID], Run | None] = runs.get
        self.ended: Callable[[UUID], SpanContext | None] = runs.ended
        self.starter, self._finisher, self._pop_announcement = starter, finisher, pop_announcement
        self._metrics, self.measures_chunks, self.records_checkpoints = metrics, metrics is not None, False

    def __len__(self) -> int:
        """How many runs are open."""
        return len(self._runs)

    def innermost(self) -> Run | None:
        """The innermost run around the code that asks; it may have ended."""
        return self.starter.parents.innermost(otel.get_current())

    def in_unsampled_trace(self) -> bool:
        """Whether nothing that starts here and now would be recorded: its trace was sampled out."""
        return self.starter.parents.in_unsampled_trace(otel.get_current())

    # -- start

    @contained
    def start(self, event: Started, kind: RunKind | None = None) -> None:
        """Open a run.

        Args:
            event: The start event.
            kind: The kind of run, where no callback tells it.
        """
        graph = self._pop_announcement() if event.callback is _CHAIN else None
        scope, current = current_scope(), otel.get_current()
        if scope is not None:
            current = scope.start_context(event.run_id, current)
        if scope is not None and not scope.is_direct_child(event.callback, current):
            scope = None
        call = None if scope is None else scope.call
        made = self.starter.new_run(self, event, kind, call, graph, current)
        if made is None:
            return
        run, base = made
        try:
            self.starter.start(run, event, base)
            surplus = self._runs.add(event.run_id, run)
        except Exception:
            self._give_up(run)
            raise
        for evicted in surplus:
            self.guard.call(self._finisher.end_incomplete, evicted)
        if scope is not None and run.is_open:
            scope.started(run)

    def _give_up(self, run: Run) -> None:
        """End a run that could not be opened: no end event would find it."""
        self._runs.take(run.run_id, run)
        if hasattr(run, "span"):
            self._finisher.end_incomplete(run)

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
    def add_event(self, run_id: UUID, describe: Callable[..., SpanEvent], *data: Any) -> None:
        """Add a span event to an open run.

        Args:
            run_id: The run.
            describe: A function of `langspan.recording.span_events`.
            data: What happened, as LangChain tells it.
        """
        run = self._runs.get(run_id)
        if run is not None and run.is_recording:
            name, attributes = describe(self._finisher.render, *data)
            run.span.add_event(name, attributes)

    @contained
    def learn(self, run: Run, configurable: Mapping[str, Any]) -> None:
        """Take conversation and user from a config, which LangChain does not pass to the run's start event.

        Args:
            run: The run, before its body runs.
            configurable: `configurable` of its config.
        """
        learned = self.starter.always.redacted(conversations.learned(run, configurable))
        if learned:
            conversation, user = conversations.ids_to_learn(run, configurable)
            run.conversation, run.user = conversation or run.conversation, user or run.user
            run.deferred_attributes = {**run.deferred_attributes, **learned}
            run.start_attributes = {**run.start_attributes, **learned}

    @contained
    def interrupted(self, event: Any) -> None:
        """Mark a graph's run that has stopped to wait for its user, and remember it for the resumption."""
        run = self._runs.get(event.run_id)
        if run is not None:
            self.interrupts.stopped(run)
            checkpoint_id = as_str(getattr(event, "checkpoint_id", None))
            if checkpoint_id is not None:
                self.interrupts.stopped_at(run, checkpoint_id)
            self.add_event(event.run_id, span_events.interrupt, event)

    @contained
    def resumed(self, event: Any) -> None:
        """Link a graph's run to the interrupted one that it resumes, or note that it is a replay."""
        run = self._runs.get(event.run_id)
        if run is None:
            return
        checkpoint_id = self.interrupts.replayed(run)
        if checkpoint_id is not None:
            self.add_event(event.run_id, span_events.replay, checkpoint_id)
        else:
            self.interrupts.link(run)
            self.add_event(event.run_id, span_events.resume, event)

    @contained
    def timed_out(self, checkpoint_ns: str, error: Exception) -> None:
        """Note the timeout for which LangGraph is about to cancel the node at a place in a graph."""
        for run in self._runs.open():
            event = run.event
            place = None if event is None else as_mapping(event.metadata).get("langgraph_checkpoint_ns")
            if place == checkpoint_ns:
                run.timeout = error
                return  # those that started later run inside the node, and inherit its place

    # -- end

    @contained
    def end(self, run_id: UUID, result: Any, extra: Attributes = NO_ATTRIBUTES) -> None:
        """End a run that returned.

        Args:
            run_id: The run.
            result: What it returned, in the shape of LangChain's end event.
            extra: Every other keyword of the event.
        """
        run = self._runs.take(run_id)
        if run is not None:
            end = self._finisher.end_ok
            (end if collection.thread is None else apart(end))(run, result, extra)

    @contained
    def fail(self, run_id: UUID, error: BaseException, extra: Mapping[str, Any] = NO_ATTRIBUTES) -> None:
        """End a run that raised: failed, cancelled, closed, interrupted.

        Args:
            run_id: The run.
            error: What it raised.
            extra: Every other keyword of LangChain's error event.
        """
        run = self._runs.take(run_id)
        if run is not None:
            end = self._finisher.end_error
            (end if collection.thread is None else apart(end))(run, error, extra)

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
            apart(self._finisher.end_incomplete)(run)
        else:
            apart(self._finisher.end_error)(run, error, NO_ATTRIBUTES)

    def close(self) -> None:
        """End every open run and mark it incomplete."""
        for run in self._runs.drain():
            self.guard.call(self._finisher.end_incomplete, run)
