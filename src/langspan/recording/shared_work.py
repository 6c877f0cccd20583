"""Work that is done once for several runs: where its span lies, and its links with those that asked."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context

from langspan.context.private_names import SPAN_KEY
from langspan.recording.run import Run


def context_around(askers: Sequence[Run]) -> Context:
    """Return the context that the work starts in: it must not lie in the trace of somebody who did not ask.

    Args:
        askers: The open runs that asked, two or more. Their start events hold the context `outside` of them.

    Returns:
        An empty context if they are of several traces, or nothing is around all; else that of what is.
    """
    if len({asker.span_context().trace_id for asker in askers}) > 1:
        return Context()
    outside = [context for asker in askers if (context := _outside(asker)) is not None]
    if outside and all(context.get(SPAN_KEY) is outside[0].get(SPAN_KEY) for context in outside):
        return outside[0]  # where it may be a span of the user's own that is around them
    around = _run_around(askers)
    if around is not None:
        return around.context
    return _below_what_all_roots_share(askers)


def link(work: Run, askers: Sequence[Run]) -> None:
    """Link the span of the work to all spans that asked for it, and those to it.

    A span holds a limited number of links, 128 by default, so of many askers each knows at least its own.

    Args:
        work: The run of the work.
        askers: The runs that asked.
    """
    if not (work.is_visible and work.is_recording):
        return
    for asker in askers:
        if asker.is_open:
            work.span.add_link(asker.span_context())
            asker.span.add_link(work.span_context())


def _outside(run: Run) -> Context | None:
    return None if run.event is None else run.event.extra.get("outside")


def _below_what_all_roots_share(runs: Sequence[Run]) -> Context:
    """Return a context below the span that is above the outermost run of each; empty if there is none."""
    first, *others = (_above(run) for run in runs)
    if first is None or any(other is None or other.span_id != first.span_id for other in others):
        return Context()
    return set_span_in_context(NonRecordingSpan(first), Context())


def _above(run: Run) -> SpanContext | None:
    """Return the context of the span above the outermost run around a run."""
    while run.parent is not None:
        run = run.parent
    parent = getattr(run.span, "parent", None)
    return parent if isinstance(parent, SpanContext) else None


def _run_around(runs: Sequence[Run]) -> Run | None:
    """Return the innermost open run around all of them."""
    first, *others = runs
    around = first.parent
    while around is not None and around.is_open:
        if all(other.is_below(around.run_id) for other in others):
            return around
        around = around.parent
    return None
