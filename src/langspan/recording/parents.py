"""The parent rule: which run a new one is nested in, and the context that its span starts in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext

from langspan.context.private_names import SPAN_KEY
from langspan.recording.run import Run
from langspan.recording.run_table import RunTable


class ParentRule:
    """Finds parents. The innermost run travels in the OpenTelemetry context, beside its span.

    Args:
        runs: The open runs and those that ended recently; only looked at.

    Attributes:
        outer: The context that the whole process was started in.
    """

    def __init__(self, runs: RunTable[Run, SpanContext]) -> None:
        self._runs = runs
        self.outer = Context()
        self._key = otel.create_key("langspan-run")

    def innermost(self, context: Context) -> Run | None:
        """The innermost run around code that runs in `context`; it may have ended."""
        run: Any = context.get(self._key)
        return run  # type: ignore[no-any-return] # nobody else has the key

    def context_in(self, run: Run, base: Context) -> Context:
        """The context of a run's body: the run is the innermost one, and its span, if it has one, current."""
        if run.is_visible:
            return Context({**base, SPAN_KEY: run.span, self._key: run})
        return otel.set_value(self._key, run, base)

    def in_unsampled_trace(self, context: Context) -> bool:
        """Whether code that runs in `context` lies in a trace that was sampled out."""
        run = self.innermost(context)
        return run is not None and run.is_unsampled and context.get(SPAN_KEY) is run.span

    def resolve_parent(self, parent_run_id: UUID | None, current: Context) -> tuple[Run | None, Context]:
        """Find the run that caused a new one, and the context that the new span starts in.

        Args:
            parent_run_id: The parent that LangChain names, if it names one.
            current: What is current where the start event was sent.
        """
        innermost: Run | None = current.get(self._key)  # type: ignore[assignment] # nobody else has the key
        if innermost is None and self.outer and SPAN_KEY not in current:
            current = Context({**self.outer, **current})
        if parent_run_id is None or (innermost is not None and innermost.is_below(parent_run_id)):
            # LangChain names no parent, or one that is around us: then a span of the user's own that is
            # current lies between the two and stays there.
            return innermost, current
        parent = self._runs.get(parent_run_id)
        if parent is not None:
            return parent, Context({**current, SPAN_KEY: parent.span})
        ended = self._runs.ended(parent_run_id)
        if ended is not None:
            return innermost, trace.set_span_in_context(NonRecordingSpan(ended), current)
        return innermost, current
