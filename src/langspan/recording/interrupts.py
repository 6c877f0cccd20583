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

from langspan.recording.run import Run

_MAX_WAITING: Final = 1024


class Interrupts:
    """Span contexts of interrupted graphs by conversation; bounded, least recent forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, SpanContext] = OrderedDict()

    def stopped(self, run: Run) -> None:
        """Remember the graph that a run belongs to as interrupted."""
        root = run.graph_root()
        root.interrupted = True
        if root.conversation is None:
            return
        with self._lock:
            self._waiting[root.conversation] = root.span_context()
            self._waiting.move_to_end(root.conversation)
            if len(self._waiting) > _MAX_WAITING:
                self._waiting.popitem(last=False)

    def link(self, run: Run) -> None:
        """Link a resumed graph's span to the interrupted one, once."""
        if run.is_linked or run.conversation is None:
            return
        with self._lock:
            waiting = self._waiting.pop(run.conversation, None)
        if waiting is not None:
            run.is_linked = True
            run.span.add_link(waiting)


def is_resume(payload: Any) -> bool:
    """Whether a graph's input is a `Command` that answers an interrupt; other commands do not resume."""
    types = sys.modules.get("langgraph.types")
    return types is not None and issubclass(type(payload), types.Command) and payload.resume is not None
