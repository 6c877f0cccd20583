"""The tools offered to a model: `gen_ai.tool.definitions`.

Source: OpenTelemetry GenAI conventions (tool definitions); the formats in which LangChain's provider
packages bind tools: OpenAI's two APIs, Anthropic, Gemini, Bedrock, Cohere, and unconverted Python objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any, Final, TypeAlias

from langspan._reading import as_dict, as_list, as_text, class_attribute, class_name, stored
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
        nested = as_dict(tools)  # Bedrock nests them deeper
        offered.extend(as_list(tools if nested is None else nested.get("tools")) or ())
    return [definition for tool in offered for definition in _definitions(tool, schemas=schemas)]


def _definitions(offered: object, *, schemas: bool) -> list[Definition]:
    tool = as_dict(offered)
    if tool is None:
        found = _own_name(offered)
        return [] if found is None else [{"type": _FUNCTION, "name": found}]
    for key in _GROUPS:
        group = as_list(tool.get(key))
        if group is not None:
            return [found for member in group for found in _definitions(member, schemas=schemas)]
    fields = as_mapping(tool.get(_FUNCTION)) or as_mapping(tool.get("toolSpec")) or tool
    name, kind = as_text(fields.get("name")), as_text(tool.get("type"))
    if name is None:
        return _built_in(tool, kind)
    definition: Definition = {"type": _kind(kind), "name": name}
    if schemas:
        _add_schema(definition, fields)
    return [definition]


def _own_name(tool: object) -> str | None:
    """Return the name of a tool object, function or class."""
    kind = type(tool)
    if issubclass(kind, type):
        return class_name(tool).rpartition(".")[2]  # type: ignore[arg-type] # it is a class
    if issubclass(kind, FunctionType):
        return as_str(tool.__name__)  # type: ignore[attr-defined] # it is a function
    return as_str(stored(tool, "name")) or as_str(class_attribute(kind, "name"))


def _kind(kind: str | None) -> str:
    return _FUNCTION if kind in (None, "custom") else kind


def _built_in(tool: Mapping[str, Any], kind: str | None) -> list[Definition]:
    """Return a provider's built-in tool: `{"type": "web_search"}`, or Gemini's `{"google_search": {}}`."""
    if kind is not None:
        return [{"type": kind, "name": kind}]
    return [{"type": key, "name": key} for key in map(as_str, tool) if key is not None][:1]


def _add_schema(definition: Definition, fields: Mapping[str, Any]) -> None:
    description = as_text(fields.get("description"))
    if description is not None:
        definition["description"] = description
    for key in _SCHEMAS:
        parameters = as_dict(fields.get(key))
        if parameters is not None:
            definition["parameters"] = parameters
            return
    schema = as_mapping(fields.get("inputSchema"))
    if schema:
        definition["parameters"] = schema.get("json", schema)
