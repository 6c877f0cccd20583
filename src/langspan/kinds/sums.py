"""What model calls came to together, for the agent and the root that they belong to.

Source: OpenTelemetry GenAI conventions (invoke agent span).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langspan._values import Attributes
from langspan.conventions import names
from langspan.kinds.base import ModelCall


def model_call(model: str | None, attributes: Attributes) -> ModelCall:
    """Return what an agent's span needs from one of its model calls.

    Args:
        model: The requested model.
        attributes: The call's attributes at its end.
    """
    values: Any = attributes
    return ModelCall(
        model,
        values.get(names.GEN_AI_USAGE_INPUT_TOKENS),
        values.get(names.GEN_AI_USAGE_OUTPUT_TOKENS),
        values.get(names.GEN_AI_RESPONSE_FINISH_REASONS),
    )


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
