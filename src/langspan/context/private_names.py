"""What we rely on in OpenTelemetry that it does not promise, and what is lost should it go."""

from __future__ import annotations

from typing import Final

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context

SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""Where OpenTelemetry keeps the span in a context, learned from what it does.

With it a context gets the span and our own key in one go, which is cheaper than in two.
"""

SUPPRESSION_KEYS: Final[tuple[str, ...]] = tuple(
    key
    for key in (getattr(otel, "_SUPPRESS_INSTRUMENTATION_KEY", None), "suppress_instrumentation")
    if key is not None
)
"""Both keys that ``suppress_instrumentation()`` sets. Without the first, only older code is heeded."""
