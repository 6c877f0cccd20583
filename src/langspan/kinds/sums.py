"""What model calls came to together, for the agent and the root that they belong to.

Source: OpenTelemetry GenAI conventions (invoke agent span).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from langspan._values import Attributes
from langspan.conventions import names
from langspan.kinds.base import NO_REQUEST, ModelCall

# The conventions have these on an agent, too.
_REQUEST: Final = (
    names.GEN_AI_OUTPUT_TYPE,
    names.GEN_AI_REQUEST_CHOICE_COUNT,
    names.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    names.GEN_AI_REQUEST_MAX_TOKENS,
    names.GEN_AI_REQUEST_PRESENCE_PENALTY,
    names.GEN_AI_REQUEST_SEED,
    names.GEN_AI_REQUEST_STOP_SEQUENCES,
    names.GEN_AI_REQUEST_TEMPERATURE,
    names.GEN_AI_REQUEST_TOP_P,
)


def model_call(model: str | None, attributes: Attributes, requested: Attributes = NO_REQUEST) -> ModelCall:
    """Return what an agent's span needs from one of its model calls.

    Args:
        model: The requested model.
        attributes: The call's attributes at its end.
        requested: Its attributes at its start.
    """
    values: Any = attributes
    return ModelCall(
        model,
        values.get(names.GEN_AI_USAGE_INPUT_TOKENS),
        values.get(names.GEN_AI_USAGE_OUTPUT_TOKENS),
        values.get(names.GEN_AI_RESPONSE_FINISH_REASONS),
        {name: requested[name] for name in _REQUEST if name in requested} if requested else NO_REQUEST,
        values[names.LANGSPAN_COST_AMOUNT] if names.LANGSPAN_COST_AMOUNT in values else None,  # noqa: SIM401 - no call
    )


def common_request(calls: Sequence[ModelCall]) -> Attributes:
    """Return the request parameters that all model calls have in common.

    Args:
        calls: The model calls; at least one.
    """
    first, *others = calls
    return {
        name: value
        for name, value in first.request.items()
        if all(call.request.get(name) == value for call in others)
    }


def token_sums(calls: Sequence[ModelCall]) -> Attributes:
    """Return the sums of the tokens of model calls; what none of them counted is left out.

    Args:
        calls: The model calls.
    """
    attributes: Attributes = {}
    read = [call.input_tokens for call in calls if call.input_tokens is not None]
    written = [call.output_tokens for call in calls if call.output_tokens is not None]
    if read:
        attributes[names.GEN_AI_USAGE_INPUT_TOKENS] = sum(read)
    if written:
        attributes[names.GEN_AI_USAGE_OUTPUT_TOKENS] = sum(written)
    return attributes
