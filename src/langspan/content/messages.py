"""Chat messages in the shape of the GenAI conventions: input and output messages, system instructions.

Source: OpenTelemetry GenAI conventions (message schemas). LangChain sends system messages inside the list;
the leading ones become system instructions, which viewers show separately, and are not repeated in the input.
All of this is content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import dropwhile, takewhile
from typing import Any, Final, TypeAlias

from langchain_core.messages import BaseMessage

from langspan._reading import as_dict, as_list, as_text, fields_of, is_base, is_text, model_fields, stored
from langspan._values import as_mapping, as_str
from langspan.content.media_parts import media_part
from langspan.content.parts import (
    at_most,
    call_id_of,
    parts_of,
    text_part,
    tool_call_part,
    tool_response_part,
)
from langspan.content.tool_definitions import tool_definitions
from langspan.providers.llm_result import generations_of, message_of
from langspan.providers.response import finish_reason

__all__ = [
    "conversation_of",
    "input_messages",
    "is_message",
    "leading_system",
    "message_fields",
    "output_messages",
    "prompt_messages",
    "system_instructions",
    "tool_definitions",
]

Message: TypeAlias = dict[str, Any]

_ROLES: Final[Mapping[str, str]] = {
    "human": "user",
    "HumanMessageChunk": "user",
    "user": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "assistant": "assistant",
    "system": "system",
    "SystemMessageChunk": "system",
    "developer": "system",
    "tool": "tool",
    "ToolMessageChunk": "tool",
    "function": "tool",
    "FunctionMessageChunk": "tool",
}
# A provider's finish reason -> the message schema's.
_FINISH: Final[Mapping[str, str]] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "complete": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "blocklist": "content_filter",
    "prohibited_content": "content_filter",
    "tool_calls": "tool_call",
    "tool_call": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "compaction": "compaction",
    "error": "error",
}


def input_messages(messages: Iterable[Any]) -> list[Message]:
    """Return the rendered messages of a request in order, without the leading system messages.

    Args:
        messages: The single inner list that `on_chat_model_start` receives.
    """
    return [message_fields(message) for message in conversation_of(messages)]


def conversation_of(messages: Iterable[Any]) -> list[Any]:
    """Return the message objects without the leading system messages.

    Args:
        messages: The single inner list that `on_chat_model_start` receives.
    """
    return list(dropwhile(_is_system, as_list(messages) or ()))


def leading_system(messages: Iterable[Any]) -> list[Any]:
    """Return the leading system messages.

    Args:
        messages: The single inner list that `on_chat_model_start` receives.
    """
    return list(takewhile(_is_system, as_list(messages) or ()))


def system_instructions(messages: Iterable[Any]) -> list[Message]:
    """Return the parts of the leading system messages.

    Args:
        messages: The single inner list that `on_chat_model_start` receives.
    """
    return [part for message in leading_system(messages) for part in message_fields(message)["parts"]]


def output_messages(result: object) -> list[Message]:
    """Return one message for each choice of an answer.

    Args:
        result: What `on_llm_end` receives, or the partial `response` of `on_llm_error`.
    """
    return [_output_message(generation) for generation in generations_of(result)]


def prompt_messages(prompts: Sequence[str]) -> list[Message]:
    """Return the prompts of a completion model as user messages.

    Args:
        prompts: What `on_llm_start` receives.
    """
    return [{"role": "user", "parts": parts_of(prompt)} for prompt in prompts]


def is_message(value: object) -> bool:
    """Return whether a value is a LangChain message object."""
    return is_base(BaseMessage, type(value))


def message_fields(message: Any, most: int | None = None) -> Message:
    """Return one message as `role`, `parts`, and the participant's `name` if it has one.

    Args:
        message: A LangChain message, a `{"role": ..., "content": ...}` dictionary, or a string.
        most: How many parts there is room for; see `parts_of`.
    """
    if is_text(message):
        return {"role": "user", "parts": parts_of(message)}
    written = as_dict(message)
    if written is not None:
        return {"role": _role(written.get("role"), written), "parts": parts_of(written.get("content"), most)}
    held = model_fields(message) if is_message(message) else fields_of(message)
    role = _role(held.get("type"), held)
    content = held.get("content")
    if role == "tool":
        failed = as_str(held.get("status")) == "error"
        parts = [tool_response_part(held.get("tool_call_id"), content, failed=failed, most=most)]
    elif role == "assistant":
        parts = _assistant_parts(held, content, most)
    else:
        parts = parts_of(content, most)
    fields: Message = {"role": role, "parts": parts}
    name = as_str(held.get("name"))
    if name is not None:
        fields["name"] = name
    return fields


def _role(kind: object, held: Mapping[str, Any]) -> str:
    kind = as_str(kind)
    if kind is None:
        return "unknown"
    role = _ROLES.get(kind)
    if role is None:
        own = as_str(held.get("role"))  # a `ChatMessage` has a role of its own
        role = kind if own is None else _ROLES.get(own, own)
    return role


def _is_system(message: Any) -> bool:
    kind = stored(message, "type")
    return type(kind) is str and _ROLES.get(kind) == "system"


def _assistant_parts(held: Mapping[str, Any], content: Any, most: int | None) -> list[dict[str, Any]]:
    """Return the separate reasoning, the content, and the tool calls not repeated in it, in that order."""
    extra = as_mapping(held.get("additional_kwargs"))
    parts: list[dict[str, Any]] = []
    if thought := as_text(extra.get("reasoning_content")):
        parts.append({"type": "reasoning", "content": thought})
    calls = {id(call): call for call in _calls(held)}
    missing = 0
    if issubclass(type(content), list):
        blocks = as_list(content) or ()
        missing = 0 if most is None else max(len(blocks) - most, 0)
        by_id = {as_str(call.get("id")): call for call in calls.values()}
        by_id.pop(None, None)
        for block in blocks[:most]:
            call = by_id.pop(call_id_of(block), None)
            if call is None:
                parts.extend(parts_of([block]))
            else:
                calls.pop(id(call), None)
                parts.append(_call_part(call))
    else:
        parts.extend(parts_of(content))
    parts.extend(_call_part(call) for call in calls.values())
    legacy = as_mapping(extra.get("function_call"))
    if legacy and not calls:
        parts.append(tool_call_part(legacy.get("name"), None, legacy.get("arguments")))
    audio = as_mapping(extra.get("audio"))
    if audio:
        parts.extend(_audio_parts(audio))
    return at_most(parts, len(parts) + missing)


def _calls(held: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for name in ("tool_calls", "invalid_tool_calls"):
        calls = as_list(held.get(name)) or ()
        found.extend(as_mapping(call) for call in calls if issubclass(type(call), dict))
    return found


def _call_part(call: Mapping[str, Any]) -> dict[str, Any]:
    return tool_call_part(call.get("name"), call.get("id"), call.get("args"))


def _audio_parts(audio: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the transcript of an OpenAI audio answer, and its audio by reference."""
    transcript = as_text(audio.get("transcript"))
    parts = [text_part(transcript)] if transcript else []
    sound = media_part("audio", data=audio.get("data"), file_id=audio.get("id"))
    return [*parts, sound] if sound is not None else parts


def _output_message(generation: Any) -> Message:
    message = message_of(generation)
    if message is None:
        fields: Message = {"role": "assistant", "parts": parts_of(as_text(stored(generation, "text")))}
    else:
        fields = message_fields(message)
    reason = finish_reason(generation)
    known = _FINISH.get(reason.lower()) if reason is not None else None
    if known is not None:
        fields["finish_reason"] = known
    return fields
