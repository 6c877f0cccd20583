"""The context of a graph's span as it is kept in the metadata of a checkpoint, as W3C Trace Context has it.

Nothing else is kept, and what is read has no other effect than a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PREFIX: Final = "langspan_"
_HEADERS: Final = ("traceparent", "tracestate")
_MAX_LENGTH: Final = 1024  # twice what W3C asks systems to pass on
TRACEPARENT_KEY: Final = f"{_PREFIX}traceparent"
"""The key of a checkpoint's metadata; another of that prefix holds the `tracestate`, if there is one."""

_FORMAT: Final = TraceContextTextMapPropagator()


def stored(context: SpanContext) -> dict[str, str]:
    """Return what a checkpoint's metadata says of the run that writes it.

    Args:
        context: The context of the graph's span. If it is not sampled, a link to it would lead nowhere, and
            there is nothing to say.
    """
    headers: dict[str, str] = {}
    if context.is_valid and context.trace_flags & TraceFlags.SAMPLED:
        _FORMAT.inject(headers, trace.set_span_in_context(NonRecordingSpan(context), Context()))
    return {_PREFIX + name: value for name, value in headers.items()}


def read(metadata: Mapping[str, Any]) -> SpanContext | None:
    """Return the context of the run that wrote a checkpoint.

    Args:
        metadata: The checkpoint's metadata, which may be from an untraced process or hold anything.

    Returns:
        None if it does not tell, or what it tells is not valid.
    """
    told = {name: metadata.get(_PREFIX + name) for name in _HEADERS}
    headers = {
        name: value for name, value in told.items() if type(value) is str and len(value) <= _MAX_LENGTH
    }
    found = trace.get_current_span(_FORMAT.extract(headers, Context())).get_span_context()
    return found if found.is_valid else None
