"""The application's own functions, called with the spans of its runs."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from opentelemetry.trace import format_span_id, format_trace_id

from langspan._events import RunHook, RunInfo, Started
from langspan._guard import Guard
from langspan._values import as_mapping, as_str
from langspan.conventions import names
from langspan.recording.run import Run


class RunHooks:
    """Calls what the application has registered. Whatever it raises is contained.

    Args:
        guard: The error boundary.
        on_start: Called when a recorded span has started.
        on_end: Called just before a recorded span ends.
    """

    def __init__(self, guard: Guard, on_start: RunHook | None, on_end: RunHook | None) -> None:
        self._guard = guard
        self._on_start = on_start
        self._on_end = on_end

    def started(self, run: Run, event: Started) -> None:
        """A run's span has started."""
        if self._on_start is not None:
            self._call("on_start", self._on_start, run, event, None, None)

    def ending(self, run: Run, result: Any, error: BaseException | None) -> None:
        """A run's span is about to end; all its attributes are set."""
        if self._on_end is not None and run.event is not None:
            self._call("on_end", self._on_end, run, run.event, result, error)

    def _call(
        self,
        name: str,
        hook: RunHook,
        run: Run,
        event: Started,
        result: Any,
        error: BaseException | None,
    ) -> None:
        try:
            hook(run.span, run_info(run, event, result, error))
        except Exception as raised:  # noqa: BLE001 - the application's own function fails
            self._guard.report(f"the application's {name}", raised)


def run_info(run: Run, event: Started, result: Any, error: BaseException | None) -> RunInfo:
    """What a user's function is told of a run."""
    context = run.span_context()
    return RunInfo(
        kind=run.kind.name,
        name=as_str(event.name) or as_str(as_mapping(event.serialized).get("name")) or run.name,
        run_id=run.run_id,
        parent_run_id=event.parent_run_id,
        trace_id=format_trace_id(context.trace_id),
        span_id=format_span_id(context.span_id),
        conversation=run.conversation,
        model=as_str(run.start_attributes.get(names.GEN_AI_REQUEST_MODEL)),
        provider=run.provider,
        agent=run.agent_name,
        tags=tuple(event.tags or ()),
        metadata=MappingProxyType(dict(as_mapping(event.metadata))),
        inputs=event.payload,
        result=result,
        error=error,
    )
