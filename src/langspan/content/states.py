"""The conversation in a graph's state, as its callers may write it. All of this is content.

Source: the key `messages` of LangGraph's `MessagesState`, and LangChain's `convert_to_messages`.
"""

from __future__ import annotations

from typing import Any, Final

from langchain_core.messages import convert_to_messages

from langspan.content.messages import is_message

# What callers may write for a message.
_SHORTHANDS: Final = (str, tuple, list, dict)


def state_messages(value: object) -> list[Any] | None:
    """Return what stands under `messages` in a state as messages; None when it is something else.

    Callers may write a message as a text, a pair of role and text, or a dictionary; LangChain's own reading
    of them is used.

    Args:
        value: One of these, or a list of them.
    """
    items: list[Any] = value if isinstance(value, list) else [value]
    if not items or not all(is_message(item) or isinstance(item, _SHORTHANDS) for item in items):
        return None
    if all(map(is_message, items)):
        return items
    try:
        return list(convert_to_messages(items))
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError):
        return None  # looked like messages, and was not


def messages_after_last_human(messages: list[Any]) -> list[Any]:
    """Return what an agent has added to a conversation: everything after its user's latest message.

    Args:
        messages: All messages, oldest first.
    """
    for position in range(len(messages) - 1, -1, -1):
        if getattr(messages[position], "type", None) == "human":
            return messages[position + 1 :] or messages[position:]
    return messages
