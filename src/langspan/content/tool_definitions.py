"""The tools offered to a model: `gen_ai.tool.definitions`.

Source: OpenTelemetry GenAI conventions (tool definitions); the formats in which LangChain's provider
packages bind tools: OpenAI's two APIs, Anthropic, Gemini, Bedrock, Cohere, and unconverted Python objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from langspan._values import as_mapping, as_str

Definition: TypeAlias = dict[str, Any]

TOOL_LIST_KEYS: Final = ("tools", "functions", "toolConfig")
"""The keys of `invocation_params` that hold tools."""

_FUNCTION: Final = "function"
_SCHEMAS: Final = ("parameters", "input_schema", "parameter_definitions", "parameters_json_schema")
_GROUPS: Final = ("function_declarations", "functionDeclarations")


def tool_definitions(
    invocation_params: Mapping[str, Any] | None, *, schemas: bool = False
) -> list[Definition]:
    """Return the type and name of each tool offered in a request.

    The conventions advise against descriptions and parameters by default: they are long and repeat on every
    call.

    Args:
        invocation_params: The `invocation_params` of the start event.
        schemas: Whether to include descriptions and parameters.
    """
    params = as_mapping(invocation_params)
    offered: list[Any] = []
    for key in TOOL_LIST_KEYS:
        tools = params.get(key)
        tools = tools.get("tools") if isinstance(tools, dict) else tools  # Bedrock nests them deeper
        if isinstance(tools, list | tuple):
            offered.extend(tools)
    return [definition for tool in offered for definition in _definitions(tool, schemas=schemas)]


def _definitions(tool: object, *, schemas: bool) -> list[Definition]:
    if not isinstance(tool, Mapping):
        found = (as_str(getattr(tool, mark, None)) for mark in ("name", "__name__"))
        return [{"type": _FUNCTION, "name": name} for name in found if name is not None][:1]
    for key in _GROUPS:
        group = tool.get(key)
        if isinstance(group, list | tuple):
            return [found for member in group for found in _definitions(member, schemas=schemas)]
    fields = as_mapping(tool.get(_FUNCTION)) or as_mapping(tool.get("toolSpec")) or tool
    name = fields.get("name")
    kind = tool.get("type")
    if not isinstance(name, str):
        return _built_in(tool, kind)
    definition: Definition = {"type": _kind(kind), "name": name}
    if schemas:
        _add_schema(definition, fields)
    return [definition]


def _kind(kind: object) -> str:
    return kind if isinstance(kind, str) and kind != "custom" else _FUNCTION


def _built_in(tool: Mapping[str, Any], kind: object) -> list[Definition]:
    """Return a provider's built-in tool: `{"type": "web_search"}`, or Gemini's `{"google_search": {}}`."""
    if isinstance(kind, str):
        return [{"type": kind, "name": kind}]
    return [{"type": key, "name": key} for key in map(as_str, tool) if key is not None][:1]


def _add_schema(definition: Definition, fields: Mapping[str, Any]) -> None:
    description = fields.get("description")
    if isinstance(description, str):
        definition["description"] = description
    for key in _SCHEMAS:
        if isinstance(fields.get(key), Mapping):
            definition["parameters"] = fields[key]
            return
    schema = as_mapping(fields.get("inputSchema"))
    if schema:
        definition["parameters"] = schema.get("json", schema)
