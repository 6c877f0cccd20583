"""What an agent's run can tell once it is over: its model calls together.

Source: OpenTelemetry GenAI conventions (invoke_agent span). Calls of an agent inside count for that agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from langspan.conventions import names
from langspan.conventions._values import Attributes


class Answer(NamedTuple):
    """One model call of an agent's own.

    Attributes:
        model: The model that was asked for.
        input_tokens: Counted by the provider, if it was.
        output_tokens: The same.
        finish_reasons: Why each choice ended.
    """

    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    finish_reasons: Sequence[str] | None


def answer(model: str | None, attributes: Attributes) -> Answer:
    """Take from a model call's attributes what its agent needs.

    Args:
        model: The model that was asked for.
        attributes: What the call told when it was over.
    """
    told: Any = attributes
    return Answer(
        model,
        told.get(names.GEN_AI_USAGE_INPUT_TOKENS),
        told.get(names.GEN_AI_USAGE_OUTPUT_TOKENS),
        told.get(names.GEN_AI_RESPONSE_FINISH_REASONS),
    )


def agent_end(answers: Sequence[Answer]) -> Attributes:
    """Return the sums of the tokens, the model if there was but one, and why the last answer ended.

    Args:
        answers: The agent's own model calls, failed ones too, in the order of their ends.
    """
    if not answers:
        return {}
    attributes: Attributes = {}
    models = {answer.model for answer in answers}
    if len(models) == 1 and (model := models.pop()) is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    read = [answer.input_tokens for answer in answers if answer.input_tokens is not None]
    written = [answer.output_tokens for answer in answers if answer.output_tokens is not None]
    if read:
        attributes[names.GEN_AI_USAGE_INPUT_TOKENS] = sum(read)
    if written:
        attributes[names.GEN_AI_USAGE_OUTPUT_TOKENS] = sum(written)
    reasons = answers[-1].finish_reasons
    if reasons:
        attributes[names.GEN_AI_RESPONSE_FINISH_REASONS] = list(reasons)
    return attributes
