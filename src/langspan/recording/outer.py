"""What lies around the first run of a process or of a request, where whoever asked for it says so.

Source: OpenTelemetry, environment variables as context propagation carriers (`TRACEPARENT`, `TRACESTATE` and
`BAGGAGE`), in the formats of W3C; LangGraph's server, which passes chosen headers on in `configurable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from langspan._values import as_str
from langspan.context.private_names import SPAN_KEY

_VARIABLE: Final = "TRACEPARENT"
_VARIABLES: Final = (_VARIABLE, "TRACESTATE", "BAGGAGE")
REQUESTED_IN: Final = _VARIABLE.lower()
"""The key in `configurable` without which nobody tells of a request."""

_HEADERS: Final = tuple(name.lower() for name in _VARIABLES)


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


def requested_context(configurable: Mapping[str, Any], current: Context) -> Context:
    """Return the context that a graph was requested in, if its server tells; else the current one.

    What OpenTelemetry's propagators read is configured as for any other request.

    Args:
        configurable: `configurable` of the graph's config.
        current: What is current where the graph starts. A span in it is nearer than the request.
    """
    if SPAN_KEY in current:
        return current
    headers = {name: text for name in _HEADERS if (text := as_str(configurable.get(name))) is not None}
    from opentelemetry import propagate  # noqa: PLC0415 - its import reads settings, and may refuse them

    return propagate.extract(headers, current)
