"""What a call's config or a block says of the runs inside, carried in the OpenTelemetry context.

Runs take it from there in any thread or task that the context reaches. What a config says of conversation
and user is for a run that is told of it in no other way; what a block gives is for every run inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._events import Attempt, Given

CARRIED: Final = otel.create_key("langspan-configurable")
"""The key in a context that carries a `configurable`: to look for it costs less than `carried_by`."""

GIVEN: Final = otel.create_key("langspan-given")
"""The key in a context that carries what the blocks of `langspan.context` around it give."""


ATTEMPT: Final = otel.create_key("langspan-attempt")
"""The key in a context that carries what an agent's middleware says of the model or tool that it runs."""


def context_with(configurable: Mapping[str, Any]) -> Context:
    """Return the current context with the `configurable` of a call's config."""
    return otel.set_value(CARRIED, configurable)


def carried_by(context: Context) -> Mapping[str, Any] | None:
    """Return the `configurable` that a context carries, if it carries any."""
    found: Any = context.get(CARRIED)
    return found  # type: ignore[no-any-return] # nobody else has the key


def given_by(context: Context) -> Given | None:
    """Return what the blocks around code that runs in a context give, if there are any."""
    found: Any = context.get(GIVEN)
    return found  # type: ignore[no-any-return] # nobody else has the key


def context_of_attempt(attempt: Attempt) -> Context:
    """Return the current context for what an agent's middleware runs."""
    return otel.set_value(ATTEMPT, attempt)


def attempt_in(context: Context) -> Attempt | None:
    """Return what a middleware around code that runs in a context says of what it runs."""
    found: Any = context.get(ATTEMPT)
    return found  # type: ignore[no-any-return] # nobody else has the key
