"""Tools: `execute_tool`.

Source: OpenTelemetry GenAI conventions (execute tool span); LangChain's tool callbacks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, CallbackType, Graph, Started
from langspan._reading import stored
from langspan._values import Attributes, as_id, as_mapping, as_str
from langspan.content.renderer import ContentRenderer, Texts
from langspan.content.room import MAX_CHARS
from langspan.conventions import metrics, names
from langspan.conventions.measurements import Measurement, measured
from langspan.kinds.base import AgentCall, RunKind, RunView, no_content, requested_call_id

_MAX_DESCRIPTION: Final = 1024  # characters; a description may be pages long and repeats on every call


def _target(event: Started, _call: Call | None, _graph: Graph | None) -> str | None:
    return as_str(as_mapping(event.serialized).get("name")) or as_str(event.name)


def _at_start(run: RunView, event: Started) -> Attributes:
    call_id = requested_call_id(event, run.call)
    return tool_start(event.serialized, event.metadata, tool_call_id=call_id, agent=run.agent_name)


def tool_start(
    serialized: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None,
    *,
    tool_call_id: object = None,
    agent: str | None = None,
) -> Attributes:
    """Return the attributes of a tool run known at its start, except its name. No content.

    Args:
        serialized: The tool's `serialized`; its `description` is read.
        metadata: Metadata of the start event; its `lc_agent_name` is read.
        tool_call_id: The id of the model's tool call that requested this run.
        agent: The name of the enclosing agent, which takes precedence over the metadata.
    """
    attributes: Attributes = {names.GEN_AI_TOOL_TYPE: names.ToolType.FUNCTION}
    description = as_str(as_mapping(serialized).get("description"))
    if description is not None:
        attributes[names.GEN_AI_TOOL_DESCRIPTION] = description[:_MAX_DESCRIPTION]
    call_id = as_id(tool_call_id)
    if call_id is not None:
        attributes[names.GEN_AI_TOOL_CALL_ID] = call_id
    name = agent or (as_str(metadata.get("lc_agent_name")) if metadata else None)
    if name is not None:
        attributes[names.GEN_AI_AGENT_NAME] = name
    return attributes


def tool_arguments(
    input_str: str | None, inputs: Mapping[str, Any] | None, longest: int = MAX_CHARS
) -> object:
    """Return a tool's arguments by name, or decoded from JSON, or as the plain string.

    Args:
        input_str: The `input_str` of `on_tool_start`.
        inputs: The arguments by name; None if the tool was called with a plain string.
        longest: The length above which a string is not decoded, as most of it would not be shown.
    """
    if inputs is not None:
        return inputs
    if type(input_str) is str and input_str[:1] in ("{", "[") and len(input_str) <= longest:
        try:
            return json.loads(input_str)
        except (ValueError, RecursionError):
            return input_str
    return input_str


def tool_result(output: object) -> object:
    """Return a tool's result: a tool message's content, else the value itself."""
    return stored(output, "content") if _is_tool_message(output) else output


def tool_error(output: object) -> str | None:
    """Return `error.type` if a tool returned its failure as a tool message, else None."""
    if as_str(stored(output, "status")) == "error" and _is_tool_message(output):
        return names.TOOL_ERROR
    return None


def _is_tool_message(output: object) -> bool:
    return as_str(stored(output, "type")) == "tool" and stored(output, "content") is not None


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    arguments = tool_arguments(event.payload, event.extra.get("inputs"), renderer.policy.room.least)
    return {names.GEN_AI_TOOL_CALL_ARGUMENTS: renderer.render(arguments, "tool_arguments")}


def _content_at_end(renderer: ContentRenderer, result: Any, _extra: Mapping[str, Any]) -> Texts:
    return {names.GEN_AI_TOOL_CALL_RESULT: renderer.render(tool_result(result), "tool_result")}


def _measure(_run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    return [measured(metrics.TOOL_DURATION, seconds, attributes)]


TOOL: Final = RunKind(
    name="execute_tool",
    operation=names.OperationName.EXECUTE_TOOL,
    prefix=names.OperationName.EXECUTE_TOOL,
    span_kind=SpanKind.INTERNAL,
    target_attribute=names.GEN_AI_TOOL_NAME,
    callback=CallbackType.TOOL,
    target=_target,
    provider=None,
    at_start=_at_start,
    at_end=None,
    at_failure=None,
    reported_error=tool_error,
    content_at_start=_content_at_start,
    content_at_end=_content_at_end,
    content_at_failure=no_content,
    metrics=(metrics.TOOL_DURATION,),
    measure=_measure,
    counts_as=AgentCall.TOOL,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)
