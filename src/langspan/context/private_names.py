"""What we rely on in OpenTelemetry that it does not promise, and what is lost without it."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context

SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""Where OpenTelemetry keeps the span in a context, learned from what it does.

With it a context gets the span and our own key in one go, which is cheaper than in two.
"""


def suppression_keys(module: Any) -> tuple[str, ...]:
    """Return the keys that `suppress_instrumentation()` sets: the API's own, and that of older code.

    Without the API's own, runs are recorded although the application suppressed instrumentation.

    Args:
        module: `opentelemetry.context`.
    """
    own = getattr(module, "_SUPPRESS_INSTRUMENTATION_KEY", None)
    return ("suppress_instrumentation",) if own is None else (own, "suppress_instrumentation")


def span_limits(tracer: Any) -> Any:
    """Return the `SpanLimits` that the SDK applies to a tracer's spans.

    Without it only the limits in the environment are known, so a provider with limits of its own cuts values.

    Args:
        tracer: A tracer; only those of the SDK have limits.
    """
    return getattr(tracer, "_span_limits", None)


SUPPRESSION_KEYS: Final = suppression_keys(otel)
