"""The fields of content that can be recorded each by itself, and what of a value belongs to which.

A field is where a value is recorded: what comes in is input, whatever it holds. But for what can be told from
all else in a message or a state, which belongs to its own field there, too: system texts, the arguments and
results of tool calls, documents.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "input": ("input", "input_messages", "query", "prompt_variable"),
    "output": ("output", "output_messages"),
    "system": ("system_instructions",),
    "tool_definitions": ("tool_definitions",),
    "tool_arguments": ("tool_arguments",),
    "tool_results": ("tool_result",),
    "documents": ("documents", "memory"),
    "metadata": ("metadata",),
    "exceptions": ("exception",),
    "events": ("event", "interrupt", "text"),
    "evaluations": ("evaluation",),
}
"""Each field with the values of `where` that `redact` is called with for it; a `state` is input or output."""

NOTHING_HIDDEN: Final[frozenset[str]] = frozenset()

# The parts of a message with the `where` they belong to, and the key that holds what is said.
_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "tool_call": ("tool_arguments", "arguments"),
    "server_tool_call": ("tool_arguments", "server_tool_call"),
    "tool_call_response": ("tool_result", "response"),
    "server_tool_call_response": ("tool_result", "server_tool_call_response"),
}
_OF_DOCUMENT: Final = frozenset({"page_content", "metadata"})
_NO_PARTS: Final[list[Any]] = []  # never changed


def hidden_but(fields: Collection[str] | None) -> frozenset[str]:
    """Return the values of `where` that are not recorded.

    Args:
        fields: The fields that are recorded, by their names; None for all.
    """
    if fields is None:
        return NOTHING_HIDDEN
    return frozenset(where for field, held in FIELDS.items() if field not in fields for where in held)


def shown_of_message(message: Mapping[str, Any], hidden: frozenset[str]) -> Mapping[str, Any]:
    """Return a message or part without what is not recorded.

    Args:
        message: The message or part, as made by `langspan.content.messages`.
        hidden: The values of `where` that are not recorded.
    """
    if message.get("role") == "system" and "system_instructions" in hidden:
        return {**message, "parts": _NO_PARTS}
    where, key = _PARTS.get(str(message.get("type")), ("", ""))
    return _without(message, {key}) if where in hidden else message


def shown_of_call(call: dict[Any, Any], hidden: frozenset[str]) -> dict[Any, Any]:
    """Return a mapping that may be a tool call, as LangChain hands it on, without hidden arguments."""
    is_call = "tool_arguments" in hidden and dict.get(call, "type") == "tool_call"
    return _without(call, {"args"}) if is_call else call


def shown_of_object(held: Mapping[str, Any], hidden: frozenset[str]) -> Mapping[str, Any]:
    """Return the fields of an object that may be a document, without a hidden document's text."""
    is_document = "documents" in hidden and "page_content" in held
    return _without(held, _OF_DOCUMENT) if is_document else held


def _without(held: Mapping[Any, Any], keys: Collection[str]) -> dict[Any, Any]:
    return {key: value for key, value in held.items() if not (type(key) is str and key in keys)}
