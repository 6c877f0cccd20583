"""The run at hand, and where its trace can be looked at. Imported when it is first used."""

from __future__ import annotations

import os
import re
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import Span, SpanContext

from langspan._events import RunInfo
from langspan._instrumentor import running_recorder
from langspan._settings import TRACE_URL
from langspan.langchain.at_hand import run_of_config
from langspan.recording.run import Run
from langspan.recording.run_hooks import run_info
from langspan.recording.whereabouts import innermost_open, recorder_of, span_context_of

_TRACE_ID = re.compile("[0-9a-fA-F]{32}")


def run_at_hand() -> Run | None:
    """Return the innermost open run around the code that asks, if its trace is recorded."""
    run = innermost_open(run_of_config())
    return None if run is None or run.is_unsampled else run


def current_run() -> RunInfo | None:
    """Return the innermost run around the code that asks; None outside of all runs.

    In a body that `instrument` makes current that is the run itself. A `CallbackHandler` alone knows chains,
    graphs and tools; inside a model or a retriever it tells the run around. In a trace that is sampled out
    there is none.
    """
    run = run_at_hand()
    event = None if run is None else run.event
    return None if run is None or event is None else run_info(run, event, None, None)


def trace_url(of: RunInfo | UUID | Span | SpanContext | str | int | None = None) -> str | None:
    """Return the address of a trace in the tool that `LANGSPAN_TRACE_URL` says; by default Jaeger.

    Args:
        of: A run, as `current_run` or a hook tells it; a run's id, while `find` knows it; a span or its
            context; or a trace's id as 32 hexadecimal digits or a number. By default the current run or span.

    Returns:
        The address; None if there is no such run or span.

    Raises:
        ValueError: `of` is none of these, or the variable is invalid; the message names the fix.
    """
    template: str = TRACE_URL.read(os.environ)
    ids = _current() if of is None else _ids(of)
    return None if ids is None else template.replace("{trace_id}", ids[0]).replace("{span_id}", ids[1])


def _current() -> tuple[str, str] | None:
    run = run_at_hand()
    return _of_span(trace.get_current_span().get_span_context() if run is None else run.span_context())


def _ids(of: object) -> tuple[str, str] | None:
    """Return the ids of a trace and of a span; an empty one if the span is unknown."""
    if isinstance(of, RunInfo):
        return of.trace_id, of.span_id
    if isinstance(of, Span):
        return _of_span(of.get_span_context())
    if isinstance(of, SpanContext):
        return _of_span(of)
    if isinstance(of, str) and _TRACE_ID.fullmatch(of):
        return of.lower(), ""
    if isinstance(of, int) and not isinstance(of, bool) and 0 < of < 1 << 128:
        return trace.format_trace_id(of), ""
    return _of_span(_of_run(of))


def _of_run(of: object) -> SpanContext | None:
    try:
        run_id = of if isinstance(of, UUID) else UUID(of if isinstance(of, str) else "")
    except ValueError:
        raise ValueError("trace_url: pass a run, a run's id, a span, or a trace's id of 32 digits") from None
    recorder = recorder_of(run_id, running_recorder())
    return None if recorder is None else span_context_of(recorder, run_id)


def _of_span(context: SpanContext | None) -> tuple[str, str] | None:
    if context is None or not context.is_valid:
        return None
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)
