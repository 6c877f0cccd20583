"""Conversion of LangChain's content blocks to message parts of the GenAI conventions.

All formats are supported: LangChain's standard blocks (v1) and their predecessors (v0), and the native blocks
of OpenAI's two APIs, Anthropic, Gemini and Bedrock. A block of unknown type keeps its type and fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from langspan._values import as_mapping, as_str
from langspan.content.media_parts import MEDIA_READERS, untyped_media

Part: TypeAlias = dict[str, Any]


def text_part(text: str) -> Part:
    """Return a `text` part."""
    return {"type": "text", "content": text}


def tool_call_part(name: Any, call_id: Any, arguments: Any) -> Part:
    """Return a `tool_call` part: a model's request to call one of the application's tools.

    Args:
        name: The tool's name; anything but a string becomes an empty name.
        call_id: The id of the call; omitted unless it is a non-empty string.
        arguments: The arguments, decoded or as text; omitted if None.
    """
    part: Part = {"type": "tool_call"}
    if isinstance(call_id, str) and call_id:
        part["id"] = call_id
    part["name"] = name if isinstance(name, str) else ""
    if arguments is not None:
        part["arguments"] = arguments
    return part


def tool_response_part(call_id: Any, response: Any, *, failed: bool = False) -> Part:
    """Return a `tool_call_response` part: a tool's answer to the model.

    Args:
        call_id: The id of the call; omitted unless it is a non-empty string.
        response: The tool's result: a string, content blocks, or any other value.
        failed: Whether the tool reported a failure.
    """
    part: Part = {"type": "tool_call_response"}
    if isinstance(call_id, str) and call_id:
        part["id"] = call_id
    part["response"] = content_value(response)
    if failed:
        part["status"] = "error"
    return part


def content_value(content: Any) -> Any:
    """Return a list of content blocks as parts, and any other content unchanged."""
    if isinstance(content, list) and any(isinstance(item, dict) and "type" in item for item in content):
        return parts_of(content)
    return content


def parts_of(content: Any) -> list[Part]:
    """Return the parts of a message's content.

    Args:
        content: A string, one block, or a list of strings and blocks.
    """
    if isinstance(content, str):
        return [text_part(content)] if content else []
    if isinstance(content, dict):
        return [part_of(content)]
    if isinstance(content, list | tuple):
        return [
            part_of(item)
            if isinstance(item, dict)
            else text_part(item)
            if isinstance(item, str)
            else _generic(item)
            for item in content
        ]
    return [] if content is None else [_generic(content)]


def part_of(block: Mapping[str, Any]) -> Part:
    """Return the part for one content block."""
    kind = block.get("type")
    if not isinstance(kind, str):
        return untyped_media(block) or _untyped(block)
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(block) or _generic(block)
    if kind.endswith("_tool_result"):
        return _server_result(block, kind)
    if kind.endswith("_call"):
        return _server_item(block, kind)
    return _generic(block)


def call_id_of(block: Any) -> str | None:
    """Return the tool call's id if a content block repeats a tool call, else None."""
    if isinstance(block, dict) and as_str(block.get("type")) in _TOOL_CALL_KINDS:
        return _first_text(block, "call_id", "id")
    return None


def _untyped(block: Mapping[str, Any]) -> Part:
    text = block.get("text")
    if isinstance(text, str):
        return text_part(text)
    call = as_mapping(block.get("toolUse"))
    if call:
        return tool_call_part(call.get("name"), call.get("toolUseId"), call.get("input"))
    result = as_mapping(block.get("toolResult"))
    if result:
        failed = as_str(result.get("status")) == "error"
        return tool_response_part(result.get("toolUseId"), result.get("content"), failed=failed)
    return _generic(block)


def _generic(block: Any) -> Part:
    if not isinstance(block, Mapping):
        return {"type": "generic", "content": block}
    kind = block.get("type")
    rest = {key: value for key, value in block.items() if key not in ("type", "index")}
    return {"type": kind if isinstance(kind, str) else "generic", **rest}


def _text(block: Mapping[str, Any]) -> Part | None:
    text = block.get("text")
    return text_part(text) if isinstance(text, str) else None


def _reasoning(block: Mapping[str, Any]) -> Part:
    """Return the readable reasoning only; signatures and encrypted reasoning are meant for the provider."""
    for key in ("reasoning", "thinking", "reasoning_content", "summary", "content"):
        text = _joined(block.get(key))
        if text:
            return {"type": "reasoning", "content": text}
    return {"type": "reasoning", "content": ""}


def _joined(value: Any, nesting: int = 8) -> str:
    """Return the text of a string, of `{"text": ...}`, or of a list of either, joined by newlines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, (_joined(item, nesting - 1) for item in value))) if nesting else ""
    text = as_mapping(value).get("text")
    return text if isinstance(text, str) else ""


def _first_text(block: Mapping[str, Any], *keys: str) -> str | None:
    return next((text for key in keys if isinstance(text := block.get(key), str) and text), None)


def _refusal(block: Mapping[str, Any]) -> Part:
    return {"type": "refusal", "content": block.get("refusal")}


def _compaction(block: Mapping[str, Any]) -> Part:
    return {key: block[key] for key in ("type", "id", "content") if block.get(key) is not None}


def _tool_call(block: Mapping[str, Any]) -> Part:
    fields = as_mapping(block.get("function_call")) or as_mapping(block.get("function")) or block
    arguments = next(
        (fields[key] for key in ("args", "input", "arguments") if fields.get(key) is not None), None
    )
    return tool_call_part(fields.get("name"), _first_text(block, "call_id", "id"), arguments)


def _tool_result(block: Mapping[str, Any]) -> Part:
    call_id = _first_text(block, "tool_use_id", "call_id", "tool_call_id")
    content = block.get("content") if "content" in block else block.get("output")
    return tool_response_part(call_id, content, failed=block.get("is_error") is True)


def _server_call(block: Mapping[str, Any]) -> Part:
    """Return the part for a tool call that the provider executes: LangChain's, Anthropic's or Gemini's."""
    name = block.get("name") if isinstance(block.get("name"), str) else "code_execution"
    arguments = next(
        (block[key] for key in ("args", "input", "executable_code") if block.get(key) is not None), None
    )
    part: Part = {"type": "server_tool_call"}
    if isinstance(block.get("id"), str):
        part["id"] = block["id"]
    part["name"] = name
    part["server_tool_call"] = {"type": name, "arguments": arguments}
    return part


def _server_answer(block: Mapping[str, Any]) -> Part:
    return _server_result(block, "result" if block["type"] == "server_tool_result" else block["type"])


def _server_result(block: Mapping[str, Any], kind: str) -> Part:
    call_id = _first_text(block, "tool_call_id", "tool_use_id", "id")
    output = next(
        (block[key] for key in ("output", "content", "code_execution_result") if block.get(key) is not None),
        None,
    )
    part: Part = {"type": "server_tool_call_response"}
    if call_id is not None:
        part["id"] = call_id
    part["server_tool_call_response"] = {"type": kind.removesuffix("_tool_result"), "output": output}
    return part


def _server_item(block: Mapping[str, Any], kind: str) -> Part:
    """Return the part for an OpenAI Responses API item such as `web_search_call`."""
    name = kind.removesuffix("_call")
    rest = {key: value for key, value in block.items() if key not in ("type", "id", "index")}
    part: Part = {"type": "server_tool_call"}
    if isinstance(block.get("id"), str):
        part["id"] = block["id"]
    part["name"] = name
    part["server_tool_call"] = {"type": name, **rest}
    return part


def _non_standard(block: Mapping[str, Any]) -> Part | None:
    value = block.get("value")
    return part_of(value) if isinstance(value, dict) and value.get("type") != "non_standard" else None


_TOOL_CALL_KINDS: Final = frozenset(
    {"tool_call", "tool_call_chunk", "invalid_tool_call", "tool_use", "function_call", "custom_tool_call"}
)
_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Part | None]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "redacted_thinking": _reasoning,
    "reasoning_content": _reasoning,
    "refusal": _refusal,
    "compaction": _compaction,
    **dict.fromkeys(_TOOL_CALL_KINDS, _tool_call),
    "tool_result": _tool_result,
    "function_call_output": _tool_result,
    "custom_tool_call_output": _tool_result,
    "server_tool_call": _server_call,
    "server_tool_call_chunk": _server_call,
    "server_tool_use": _server_call,
    "mcp_tool_use": _server_call,
    "executable_code": _server_call,
    "server_tool_result": _server_answer,
    "code_execution_result": _server_answer,
    "non_standard": _non_standard,
    **MEDIA_READERS,
}
