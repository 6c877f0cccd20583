"""OpenTelemetry tracing for LangChain and LangGraph: one call, a correct tree of spans."""

from langspan._callback_handler import CallbackHandler
from langspan._events import RunInfo
from langspan._instrumentation import Instrumentation
from langspan._instrumentor import LangSpanInstrumentor, instrument, uninstrument
from langspan._stats import SignalStats, Stats
from langspan.context.block import context

__all__ = [
    "CallbackHandler",
    "Instrumentation",
    "LangSpanInstrumentor",
    "RunInfo",
    "SignalStats",
    "Stats",
    "context",
    "instrument",
    "uninstrument",
]
