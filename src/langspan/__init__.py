"""OpenTelemetry tracing for LangChain and LangGraph: one call, a correct tree of spans."""

from langspan._assembly import CallbackHandler
from langspan._instrumentor import (
    Instrumentation,
    LangSpanInstrumentor,
    instrument,
    uninstrument,
)

__all__ = ["CallbackHandler", "Instrumentation", "LangSpanInstrumentor", "instrument", "uninstrument"]
