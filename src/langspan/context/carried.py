"""What a call's config says of conversation and user, carried in the OpenTelemetry context.

A run that is told of it in no other way takes it from there, in any thread or task that the context reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import context as otel
from opentelemetry.context import Context

CARRIED: Final = otel.create_key("langspan-configurable")
"""The key in a context that carries a `configurable`: to look for it costs less than `carried_by`."""


def context_with(configurable: Mapping[str, Any]) -> Context:
    """Return the current context with the `configurable` of a call's config."""
    return otel.set_value(CARRIED, configurable)


def carried_by(context: Context) -> Mapping[str, Any] | None:
    """Return the `configurable` that a context carries, if it carries any."""
    found: Any = context.get(CARRIED)
    return found  # type: ignore[no-any-return] # nobody else has the key
