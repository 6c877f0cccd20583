"""Conversion of LangChain's content blocks to message parts of the GenAI conventions.

All formats are supported: LangChain's standard blocks (v1) and their predecessors (v0), and the native blocks
of OpenAI's two APIs, Anthropic, Gemini and Bedrock. A block of unknown type keeps its type and fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from langspan._reading import as_dict, as_list, as_text
from langspan._values import as_mapping, as_str
from langspan.content.media_parts import MEDIA_READERS, untyped_media
from langspan.content.server_parts import (
    Part,
    first_text,
    rest_of,
    server_answer,
    server_call,
    server_item,
    server_result,
)
from langspan.content.shorten import OmissionNote


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
    if identity := as_text(call_id):
        part["id"] = identity
    part["name"] = as_text(name) or ""
    if arguments is not None:
        part["arguments"] = arguments
    return part


def tool_response_part(call_id: Any, response: Any, *, failed: bool = False, most: int | None = None) -> Part:
    """Return a `tool_call_response` part: a tool's answer to the model.

    Args:
        call_id: The id of the call; omitted unless it is a non-empty string.
        response: The tool's result: a string, content blocks, or any other value.
        failed: Whether the tool reported a failure.
        most: See `parts_of`.
    """
    part: Part = {"type": "tool_call_response"}
    if identity := as_text(call_id):
        part["id"] = identity
    part["response"] = content_value(response, most)
    if failed:
        part["status"] = "error"
    return part


def content_value(content: Any, most: int | None = None) -> Any:
    """Return a list of content blocks as parts, and any other content unchanged; see `parts_of`."""
    if not issubclass(type(content), list):
        return content
    items = as_list(content) or ()
    return parts_of(items, most) if any("type" in as_mapping(item) for item in items) else content


def parts_of(content: Any, most: int | None = None) -> list[Part]:
    """Return the parts of a message's content.

    Args:
        content: A string, one block, or a list of strings and blocks.
        most: How many parts there is room for: the others are not looked at, only counted in a note.
    """
    text = as_text(content)
    if text is not None:
        return [text_part(text)] if text else []
    items = as_list(content)
    if items is not None:
        return at_most(list(map(_item, items[:most])), len(items))
    return [] if content is None else [_item(content)]


def at_most(parts: list[Part], count: int) -> list[Any]:
    """Return some parts, with a note about those of `count` that are missing."""
    return [*parts, OmissionNote(count - len(parts))] if len(parts) < count else parts


def _item(item: Any) -> Part:
    text = as_text(item)
    if text is not None:
        return text_part(text)
    block = as_dict(item)
    return {"type": "generic", "content": item} if block is None else part_of(block)


def part_of(block: Mapping[str, Any]) -> Part:
    """Return the part for one content block."""
    kind = as_text(block.get("type"))
    if kind is None:
        return untyped_media(block) or _untyped(block)
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(block) or _generic(block)
    if kind.endswith("_tool_result"):
        return server_result(block, kind)
    if kind.endswith("_call"):
        return server_item(block, kind)
    return _generic(block)


def call_id_of(block: Any) -> str | None:
    """Return the tool call's id if a content block repeats a tool call, else None."""
    fields = as_mapping(block)
    return first_text(fields, "call_id", "id") if as_str(fields.get("type")) in _TOOL_CALL_KINDS else None


def _untyped(block: Mapping[str, Any]) -> Part:
    text = as_text(block.get("text"))
    if text is not None:
        return text_part(text)
    call = as_mapping(block.get("toolUse"))
    if call:
        return tool_call_part(call.get("name"), call.get("toolUseId"), call.get("input"))
    result = as_mapping(block.get("toolResult"))
    if result:
        failed = as_str(result.get("status")) == "error"
        return tool_response_part(result.get("toolUseId"), result.get("content"), failed=failed)
    return _generic(block)


def _generic(block: Mapping[str, Any]) -> Part:
    return {"type": as_text(block.get("type")) or "generic", **rest_of(block, ("type", "index"))}


def _text(block: Mapping[str, Any]) -> Part | None:
    text = as_text(block.get("text"))
    return None if text is None else text_part(text)


def _reasoning(block: Mapping[str, Any]) -> Part:
    """Return the readable reasoning only; signatures and encrypted reasoning are meant for the provider."""
    for key in ("reasoning", "thinking", "reasoning_content", "summary", "content"):
        text = _joined(block.get(key))
        if text:
            return {"type": "reasoning", "content": text}
    return {"type": "reasoning", "content": ""}


def _joined(value: Any, nesting: int = 8) -> str:
    """Return the text of a string, of `{"text": ...}`, or of a list of either, joined by newlines."""
    text = as_text(value)
    if text is not None:
        return text
    if issubclass(type(value), list):
        items = as_list(value) or ()
        return "\n".join(filter(None, (_joined(item, nesting - 1) for item in items))) if nesting else ""
    return as_text(as_mapping(value).get("text")) or ""


def _refusal(block: Mapping[str, Any]) -> Part:
    return {"type": "refusal", "content": block.get("refusal")}


def _compaction(block: Mapping[str, Any]) -> Part:
    return {key: block[key] for key in ("type", "id", "content") if block.get(key) is not None}


def _tool_call(block: Mapping[str, Any]) -> Part:
    fields = as_mapping(block.get("function_call")) or as_mapping(block.get("function")) or block
    arguments = next(
        (fields[key] for key in ("args", "input", "arguments") if fields.get(key) is not None), None
    )
    return tool_call_part(fields.get("name"), first_text(block, "call_id", "id"), arguments)


def _tool_result(block: Mapping[str, Any]) -> Part:
    call_id = first_text(block, "tool_use_id", "call_id", "tool_call_id")
    content = block.get("content") if "content" in block else block.get("output")
    return tool_response_part(call_id, content, failed=block.get("is_error") is True)


def _non_standard(block: Mapping[str, Any]) -> Part | None:
    value = as_dict(block.get("value"))
    return None if value is None or as_text(value.get("type")) == "non_standard" else part_of(value)


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
    "server_tool_call": server_call,
    "server_tool_call_chunk": server_call,
    "server_tool_use": server_call,
    "mcp_tool_use": server_call,
    "executable_code": server_call,
    "server_tool_result": server_answer,
    "code_execution_result": server_answer,
    "non_standard": _non_standard,
    **MEDIA_READERS,
}
