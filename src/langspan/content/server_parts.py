"""Tools that the provider executes, and what they answered: parts of messages.

LangChain's standard blocks, and the native ones of Anthropic, Gemini and OpenAI's Responses API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from langspan._reading import as_text

Part: TypeAlias = dict[str, Any]


def rest_of(block: Mapping[str, Any], known: tuple[str, ...]) -> Part:
    """Return all fields but those, by the exact text of their keys: other keys may have code of their own."""
    return {key: value for key, value in block.items() if type(key) is str and key not in known}


def first_text(block: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first of some fields that is a text and not empty."""
    return next((text for key in keys if (text := as_text(block.get(key)))), None)


def server_call(block: Mapping[str, Any]) -> Part:
    """Return the part for a tool call that the provider executes: LangChain's, Anthropic's or Gemini's."""
    name = as_text(block.get("name"))
    name = "code_execution" if name is None else name
    arguments = next(
        (block[key] for key in ("args", "input", "executable_code") if block.get(key) is not None), None
    )
    part: Part = {"type": "server_tool_call"}
    if (identity := as_text(block.get("id"))) is not None:
        part["id"] = identity
    part["name"] = name
    part["server_tool_call"] = {"type": name, "arguments": arguments}
    return part


def server_answer(block: Mapping[str, Any]) -> Part:
    """Return the part for the result of such a call, whose type says of which."""
    kind = as_text(block.get("type")) or ""
    return server_result(block, "result" if kind == "server_tool_result" else kind)


def server_result(block: Mapping[str, Any], kind: str) -> Part:
    """Return the part for the result of such a call, of that type."""
    call_id = first_text(block, "tool_call_id", "tool_use_id", "id")
    output = next(
        (block[key] for key in ("output", "content", "code_execution_result") if block.get(key) is not None),
        None,
    )
    part: Part = {"type": "server_tool_call_response"}
    if call_id is not None:
        part["id"] = call_id
    part["server_tool_call_response"] = {"type": kind.removesuffix("_tool_result"), "output": output}
    return part


def server_item(block: Mapping[str, Any], kind: str) -> Part:
    """Return the part for an OpenAI Responses API item such as `web_search_call`."""
    name = kind.removesuffix("_call")
    rest = rest_of(block, ("type", "id", "index"))
    part: Part = {"type": "server_tool_call"}
    if (identity := as_text(block.get("id"))) is not None:
        part["id"] = identity
    part["name"] = name
    part["server_tool_call"] = {"type": name, **rest}
    return part
