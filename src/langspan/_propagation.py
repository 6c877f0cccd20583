"""`langspan.inject` and `langspan.extract`. Imported when they are first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

from opentelemetry import context as otel
from opentelemetry import propagate, trace
from opentelemetry.trace import NonRecordingSpan

from langspan._at_hand import run_at_hand
from langspan.context.scope import swap, swap_back
from langspan.recording.whereabouts import innermost_open


def inject(carrier: MutableMapping[str, str]) -> None:
    """Add to a message, job or request what continues the current trace where it is received.

    That is what OpenTelemetry's global propagators write: by default `traceparent`, `tracestate`, and as
    `baggage` what `langspan.context(baggage=True)` gives. Without a current run or span, nothing is added.

    Args:
        carrier: The headers, or any other dictionary of strings that travels along.
    """
    context = otel.get_current()
    run = run_at_hand()
    # Of a `CallbackHandler` alone, a run is not current.
    if run is not None and run is not innermost_open(None):
        context = trace.set_span_in_context(NonRecordingSpan(run.span_context()), context)
    propagate.inject(carrier, context)


@contextmanager
def extract(carrier: Mapping[str, str]) -> Iterator[None]:
    """Have the runs that start in a `with` block continue the trace that a message came from.

    What is there as baggage is recorded only with `read_baggage`.

    Args:
        carrier: What `inject`, or any client with OpenTelemetry, has filled.
    """
    inside = propagate.extract(carrier)
    outside = swap(inside)
    try:
        yield
    finally:
        swap_back(outside, only_if=inside)
