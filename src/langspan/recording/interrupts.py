"""Graphs that stopped to wait for their user, so that the run that goes on can be linked to them.

An interrupt ends one run and the resumption is another, often in another request: what they share is the
conversation's id, LangGraph's thread.
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
    """Span contexts of interrupted graphs; bounded, least recent forgotten first."""

    def __init__(self) -> None:
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


def is_resume(payload: Any) -> bool:
    """Whether a graph's input is a `Command` that answers an interrupt; other commands do not resume."""
    types = sys.modules.get("langgraph.types")
    return types is not None and issubclass(type(payload), types.Command) and payload.resume is not None
