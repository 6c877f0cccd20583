"""Langfuse: the attributes of its own that its OpenTelemetry endpoint reads first.

Source: the property mapping in Langfuse's documentation of its OpenTelemetry integration.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Final

from langspan.conventions import names
from langspan.conventions.names import OperationName
from langspan.dialects.facts import MODELS, Facts, present

_TYPES: Final = {
    **dict.fromkeys(MODELS, "generation"),
    OperationName.EMBEDDINGS: "embedding",
    OperationName.RETRIEVAL: "retriever",
    OperationName.EXECUTE_TOOL: "tool",
    OperationName.INVOKE_AGENT: "agent",
    OperationName.INVOKE_WORKFLOW: "chain",
}


def langfuse(facts: Facts) -> dict[str, Any]:
    """Return what a span says in the words of Langfuse.

    Args:
        facts: The span.
    """
    held, metadata = facts.held, facts.metadata
    came_in, went_out = facts.content_in(), facts.content_out()
    told = {
        "langfuse.observation.type": "evaluator" if facts.is_evaluation else _type(facts),
        "langfuse.user.id": held.get(names.USER_ID),
        "langfuse.session.id": facts.session,
        "langfuse.observation.input": None if came_in is None else came_in.value,
        "langfuse.observation.output": None if went_out is None else went_out.value,
        **{f"langfuse.observation.metadata.{key}": value for key, value in metadata.items()},
    }
    if facts.counts_tokens:
        told.update(_of_model(facts))
    if facts.is_root and not facts.is_evaluation:
        told["langfuse.trace.name"] = facts.name
        told["langfuse.trace.tags"] = held.get(names.LANGCHAIN_TAGS)
        told["langfuse.trace.input"] = told["langfuse.observation.input"]
        told["langfuse.trace.output"] = told["langfuse.observation.output"]
        told.update({f"langfuse.trace.metadata.{key}": value for key, value in metadata.items()})
    return present(told)


def _type(facts: Facts) -> str:
    return _TYPES.get(str(facts.operation), "chain")


def _of_model(facts: Facts) -> dict[str, Any]:
    """Return model and tokens: input and output only, for cached and reasoning tokens are parts of these."""
    held = facts.held
    asked, answered = held.get(names.GEN_AI_USAGE_INPUT_TOKENS), held.get(names.GEN_AI_USAGE_OUTPUT_TOKENS)
    usage = present({"input": asked, "output": answered})
    if usage:
        usage["total"] = sum(usage.values())
    seconds = held.get(names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
    return {
        "langfuse.observation.model.name": facts.model,
        "langfuse.observation.usage_details": json.dumps(usage) if usage else None,
        "langfuse.observation.completion_start_time": None if seconds is None else _time(facts, seconds),
    }


def _time(facts: Facts, seconds: float) -> str:
    """Return the time of the first chunk in ISO 8601, as a JSON text."""
    first = dt.datetime.fromtimestamp(facts.start_time / 1e9 + seconds, dt.UTC)
    return json.dumps(first.isoformat().replace("+00:00", "Z"))
