"""Tool runs: `gen_ai.tool.*`.

Source: OpenTelemetry GenAI conventions (execute tool span); LangChain's tool callbacks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from langspan.conventions import names
from langspan.conventions._values import Attributes, as_id, as_mapping, as_str

_MAX_DESCRIPTION: Final = 1024  # characters; docstrings may be pages long and repeat on every call


def tool_start(
    *,
    serialized: Mapping[str, Any] | None,
    input_str: str | None = None,  # noqa: ARG001 - content; part of the start event, never read here
    inputs: Mapping[str, Any] | None = None,  # noqa: ARG001 - as above
    tool_call_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Attributes:
    """Return what is known of a tool run before it runs, without content.

    Args:
        serialized: The tool's `serialized` (`name`, `description`).
        input_str: The arguments as text; content, so not used.
        inputs: The arguments; content, so not used.
        tool_call_id: Id of the model's tool call that asked for this run.
        metadata: Metadata of the start event; names the agent that runs the tool.
        name: Fallback for the tool's name.
    """
    fields = as_mapping(serialized)
    attributes: Attributes = {names.GEN_AI_TOOL_TYPE: names.ToolType.FUNCTION}
    tool = as_str(fields.get("name")) or as_str(name)
    if tool is not None:
        attributes[names.GEN_AI_TOOL_NAME] = tool
    description = as_str(fields.get("description"))
    if description is not None:
        attributes[names.GEN_AI_TOOL_DESCRIPTION] = description[:_MAX_DESCRIPTION]
    call_id = as_id(tool_call_id)
    if call_id is not None:
        attributes[names.GEN_AI_TOOL_CALL_ID] = call_id
    agent = as_str(metadata.get("lc_agent_name")) if metadata else None
    if agent is not None:
        attributes[names.GEN_AI_AGENT_NAME] = agent
    return attributes


def tool_arguments(input_str: str | None, inputs: Mapping[str, Any] | None) -> object:
    """Return a tool's arguments as an object where there is one: the inputs, or JSON found in the text.

    Args:
        input_str: The arguments as text.
        inputs: The arguments by name; None when the tool was called with plain text.
    """
    if inputs is not None:
        return inputs
    if isinstance(input_str, str) and input_str[:1] in ("{", "["):
        try:
            return json.loads(input_str)
        except (ValueError, RecursionError):
            return input_str
    return input_str


def tool_result(output: object) -> object:
    """Return what a tool gave back: a tool message's content, else the value itself."""
    return output.content if _is_tool_message(output) else output  # type: ignore[attr-defined]


def tool_error(output: object) -> str | None:
    """Return `error.type` for a tool that reported its failure as a result, else None."""
    if _is_tool_message(output) and as_str(getattr(output, "status", None)) == "error":
        return names.TOOL_ERROR
    return None


def _is_tool_message(output: object) -> bool:
    return as_str(getattr(output, "type", None)) == "tool" and hasattr(output, "content")
