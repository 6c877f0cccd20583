"""Private parts of OpenTelemetry that langspan relies on, and what is lost without them."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.context import Context

SPAN_KEY: Final = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""The key under which OpenTelemetry keeps the span in a context, taken from a context with a span.

It allows setting the span and langspan's own key in one step, which is cheaper than two.
"""


def suppression_keys(module: Any) -> tuple[str, ...]:
    """Return the context keys that suppress instrumentation: that of the API, and that of older code.

    Source: `opentelemetry.context.suppress_instrumentation`. Without the API's key, runs are recorded
    although the application has suppressed instrumentation.

    Args:
        module: The module `opentelemetry.context`.
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
