"""Graphs that stopped to wait for their user, so that the run that goes on can be linked to them.

An interrupt ends one run and the resumption is another, often in another request: what they share is the
conversation's id, LangGraph's thread. Another process knows only what the checkpoint tells: see
`langspan.recording.stored_contexts`.
"""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from typing import Any, Final

from opentelemetry.trace import SpanContext

from langspan._values import as_mapping, as_str
from langspan.recording.run import Run

_MAX_WAITING: Final = 1024


class Interrupts:
    """Span contexts of interrupted graphs; bounded, least recent forgotten first.

    Attributes:
        across_processes: Whether the application wants them kept in checkpoints, too.
        reads_checkpoints: Whether graphs tell from which checkpoint they go on, before their first step.

    Args:
        across_processes: See the attribute.
    """

    def __init__(self, *, across_processes: bool = False) -> None:
        self.across_processes = across_processes
        self.reads_checkpoints = False
        self._lock = threading.Lock()
        # By conversation, until it is resumed; and by checkpoint, to which one may go back at any time.
        self._waiting: OrderedDict[str, SpanContext] = OrderedDict()
        self._checkpoints: OrderedDict[str, SpanContext] = OrderedDict()

    def stopped(self, run: Run) -> None:
        """Remember the graph that a run belongs to as interrupted."""
        root = run.graph_root()
        root.interrupted = True
        if root.conversation is None:
            return
        self._keep(self._waiting, root.conversation, root.span_context())

    def stopped_at(self, run: Run, checkpoint_id: str) -> None:
        """Remember which graph wrote the checkpoint at which it stopped."""
        self._keep(self._checkpoints, checkpoint_id, run.graph_root().span_context())

    def _keep(self, table: OrderedDict[str, SpanContext], key: str, context: SpanContext) -> None:
        with self._lock:
            table[key] = context
            table.move_to_end(key)
            if len(table) > _MAX_WAITING:
                table.popitem(last=False)

    def resumes(self, run: Run) -> None:
        """Link a graph that starts with the answer to an interrupt, unless its checkpoint will tell more."""
        if not self.reads_checkpoints:
            self.link(run)

    def link(self, run: Run) -> None:
        """Link a resumed graph's span to the interrupted one, once."""
        if run.is_linked or run.conversation is None:
            return
        with self._lock:
            waiting = self._waiting.pop(run.conversation, None)
        if waiting is not None:
            run.is_linked = True
            run.span.add_link(waiting)

    def replayed(self, run: Run) -> str | None:
        """Return the checkpoint that a graph's run goes back to; None if it resumes an interrupted one.

        Where the run that wrote the checkpoint is known, the span gets a link to it.
        """
        event = run.event
        if event is None or is_resume(event.payload):
            return None
        checkpoint_id = as_str(as_mapping(event.metadata).get("checkpoint_id"))
        if checkpoint_id is None:
            return None
        with self._lock:
            writer = self._checkpoints.get(checkpoint_id)
            if writer is not None and writer is self._waiting.get(run.conversation or ""):
                return None
        if writer is not None and not run.is_linked:
            run.is_linked = True
            run.span.add_link(writer)
        return checkpoint_id

    def loaded(self, run: Run, checkpoint_id: str, writer: SpanContext) -> None:
        """Remember which graph wrote the checkpoint that a graph's run starts from, as its metadata tells.

        What this process has seen is better known: a graph may stop again before it writes a checkpoint.
        """
        with self._lock:
            if checkpoint_id in self._checkpoints:
                return
            if goes_on(run):  # what waited here before has been resumed elsewhere
                self._waiting.pop(run.conversation or "", None)
        self._keep(self._checkpoints, checkpoint_id, writer)

    def continued(self, run: Run, checkpoint_id: str, *, has_failed: bool) -> None:
        """Link a graph's span that goes on from a checkpoint, where the graph had stopped.

        Args:
            run: The graph's run, which has steps to take.
            checkpoint_id: The checkpoint.
            has_failed: A node has failed there. Then its repetition is no resumption.
        """
        if not goes_on(run):
            return
        self.link(run)
        with self._lock:
            writer = self._checkpoints.get(checkpoint_id)
        is_repetition = has_failed and run.event is not None and run.event.payload is None
        if writer is None or run.is_linked or is_repetition:
            return
        run.is_linked = True
        run.span.add_link(writer)


def goes_on(run: Run) -> bool:
    """Whether a graph's run has no new input, but goes on where another has stopped."""
    return run.event is not None and (run.event.payload is None or is_resume(run.event.payload))


def is_resume(payload: Any) -> bool:
    """Whether a graph's input is a `Command` that answers an interrupt; other commands do not resume."""
    types = sys.modules.get("langgraph.types")
    return types is not None and issubclass(type(payload), types.Command) and payload.resume is not None
