"""OpenTelemetry tracing for LangChain and LangGraph: one call, a correct tree of spans.

PYTEST_DONT_REWRITE: its plugin makes pytest rewrite the package and warn if it was imported before.
"""

import importlib
import typing

from langspan._callback_handler import CallbackHandler
from langspan._events import RunInfo
from langspan._instrumentation import Instrumentation
from langspan._instrumentor import LangSpanInstrumentor, instrument, uninstrument
from langspan._stats import SignalStats, Stats
from langspan.context.block import context

if typing.TYPE_CHECKING:
    from langspan import redact
    from langspan._at_hand import current_run, trace_url
    from langspan._budgets import Budget, BudgetExceeded
    from langspan._evaluation import record_evaluation
    from langspan._keep import Keep
    from langspan._last_trace import LastTrace, last_trace
    from langspan._prices import Price
    from langspan._propagation import extract, inject
    from langspan.dialects.processor import DialectSpanProcessor
    from langspan.export.router import Router
    from langspan.export.trace_keeper import KeepSpanProcessor

__all__ = [
    "Budget",
    "BudgetExceeded",
    "CallbackHandler",
    "DialectSpanProcessor",
    "Instrumentation",
    "Keep",
    "KeepSpanProcessor",
    "LangSpanInstrumentor",
    "LastTrace",
    "Price",
    "Router",
    "RunInfo",
    "SignalStats",
    "Stats",
    "context",
    "current_run",
    "extract",
    "inject",
    "instrument",
    "last_trace",
    "record_evaluation",
    "redact",
    "trace_url",
    "uninstrument",
]

# Imported when they are first used, so that who only traces does not wait for them.
_LATER = {
    "Budget": "langspan._budgets",
    "BudgetExceeded": "langspan._budgets",
    "DialectSpanProcessor": "langspan.dialects.processor",
    "Keep": "langspan._keep",
    "KeepSpanProcessor": "langspan.export.trace_keeper",
    "LastTrace": "langspan._last_trace",
    "Price": "langspan._prices",
    "Router": "langspan.export.router",
    "current_run": "langspan._at_hand",
    "extract": "langspan._propagation",
    "inject": "langspan._propagation",
    "last_trace": "langspan._last_trace",
    "record_evaluation": "langspan._evaluation",
    "redact": "langspan.redact",
    "trace_url": "langspan._at_hand",
}


def __getattr__(name: str) -> typing.Any:
    if name not in _LATER:
        raise AttributeError(f"module 'langspan' has no attribute {name!r}")
    module = importlib.import_module(_LATER[name])
    found = globals()[name] = module if module.__name__ == f"langspan.{name}" else getattr(module, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
