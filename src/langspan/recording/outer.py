"""The span around the whole process, where whoever started it says so in its environment.

Source: OpenTelemetry, environment variables as context propagation carriers (`TRACEPARENT`, `TRACESTATE` and
`BAGGAGE`), in the formats of W3C.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_VARIABLE: Final = "TRACEPARENT"
_VARIABLES: Final = (_VARIABLE, "TRACESTATE", "BAGGAGE")


def outer_context(environ: Mapping[str, str]) -> Context:
    """Return the context that the process was started in; an empty one if nobody says any, or no valid one.

    Args:
        environ: The environment of the process.
    """
    if not environ.get(_VARIABLE):
        return Context()
    headers = {name.lower(): environ[name] for name in _VARIABLES if name in environ}
    context = TraceContextTextMapPropagator().extract(headers, Context())
    if not trace.get_current_span(context).get_span_context().is_valid:
        return Context()
    return W3CBaggagePropagator().extract(headers, context)
