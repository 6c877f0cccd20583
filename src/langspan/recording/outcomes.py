"""How a run that did not return ended: failed, cancelled, closed, interrupted, or control flow.

LangChain reports all of these as errors; only some of them are.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
from typing import Final, NamedTuple

from langspan._values import Attributes
from langspan.conventions import names

CANCELLED: Final = "cancelled"
CLOSED: Final = "closed"
INTERRUPTED: Final = "interrupted"
DRAINED: Final = "drained"
INCOMPLETE: Final = "incomplete"

_CANCELLATIONS: Final = (asyncio.CancelledError, concurrent.futures.CancelledError)


class Outcome(NamedTuple):
    """The end of a run that raised.

    Attributes:
        label: Value of `langspan.outcome`; None for plain errors and for control flow.
        error_type: Value of `error.type`; None if the run did not fail.
    """

    label: str | None
    error_type: str | None

    def attributes(self) -> Attributes:
        """Return what a span says of it."""
        found: Attributes = {}
        if self.label is not None:
            found[names.LANGSPAN_OUTCOME] = self.label
        if self.error_type is not None:
            found[names.ERROR_TYPE] = self.error_type
        return found


# The end of a run whose exception could not be judged.
UNKNOWN: Final = Outcome(None, "_OTHER")


def outcome_of(error: BaseException) -> Outcome:
    """Judge an exception by its type, never by its name: a user's class may be called anything."""
    kind = type(error)
    if issubclass(kind, GeneratorExit):
        return Outcome(CLOSED, None)
    if issubclass(kind, _CANCELLATIONS):
        return Outcome(CANCELLED, None)
    # Whoever raises LangGraph's control flow has imported it; we need not.
    errors = sys.modules.get("langgraph.errors")
    if errors is not None and issubclass(kind, errors.GraphBubbleUp):
        if issubclass(kind, errors.GraphInterrupt):
            return Outcome(INTERRUPTED, None)
        drained = getattr(errors, "GraphDrained", None)
        return Outcome(DRAINED if drained is not None and issubclass(kind, drained) else None, None)
    return Outcome(None, error_type(error))


def error_type(error: BaseException) -> str:
    """The exception's qualified class name, builtins bare: `ValueError`, `openai.RateLimitError`."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
