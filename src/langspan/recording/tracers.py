"""What is asked of a tracer beyond the API, as far as it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from opentelemetry.trace import Span, Tracer

from langspan._events import Started
from langspan.recording.run import Run

Announce: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any], Span | None], None]
"""Tells a tracer of the run whose span it starts next in this thread: metadata, configurable, span around."""

_NOTHING: Final[Mapping[str, Any]] = {}


def keeps_unsampled(tracer: Tracer) -> bool:
    """Whether the tracer's sampler never samples a child of a span that it has left out.

    The default sampler and every other that follows the parent do; it stands in the description, which the
    specification asks of samplers.
    """
    sampler = getattr(tracer, "sampler", None)
    text = sampler.get_description() if sampler is not None else ""
    return text == "AlwaysOffSampler" or "localParentNotSampled:AlwaysOffSampler" in text


def announcement_of(tracer: Tracer) -> Announce | None:
    """Return what a tracer wants to be called with before each span of a run, if it wants to know of runs."""
    return getattr(tracer, "langspan_announce", None)


def announce_run(announce: Announce, run: Run, event: Started) -> None:
    """Tell a tracer of a run.

    Args:
        announce: What the tracer wants to be called with.
        run: The run, without its span.
        event: Its start event, with what blocks of `langspan.context` give.
    """
    around = None if run.parent is None else run.parent.span
    announce(event.metadata or _NOTHING, run.configurable or _NOTHING, around)
