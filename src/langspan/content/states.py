"""The conversation in a graph's state. All of this is content.

Source: the key `messages` of LangGraph's `MessagesState`, and LangChain's `convert_to_messages`.
"""

from __future__ import annotations

from typing import Any, Final

from langchain_core.messages import convert_to_messages

from langspan._reading import as_list, is_exactly, stored
from langspan._values import as_str
from langspan.content.messages import is_message

# The types that callers may use in place of a message object.
_SHORTHANDS: Final = (str, tuple, list, dict)


def state_messages(value: object) -> list[Any] | None:
    """Return a state's `messages` as message objects; None if the value is something else.

    Callers may write a message as a string, a pair of role and content, or a dictionary; LangChain's own
    `convert_to_messages` converts them.

    Args:
        value: The state's value under `messages`: one message in any of these forms, or a list of them.
    """
    items = list(as_list(value) or ()) if issubclass(type(value), list) else [value]
    if not items:
        return None
    if all(map(is_message, items)):
        return items
    given: list[Any] = items
    # Only exact types: LangChain calls their methods.
    if not all(is_message(item) or is_exactly(item, _SHORTHANDS) for item in items):
        return None
    try:
        return list(convert_to_messages(given))
    except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError):
        return None  # looked like messages, but is something else


def messages_after_last_human(messages: list[Any]) -> list[Any]:
    """Return what an agent added to a conversation: everything after the user's latest message.

    If nothing follows that message, it is returned itself.

    Args:
        messages: All messages, oldest first.
    """
    for position in range(len(messages) - 1, -1, -1):
        if as_str(stored(messages[position], "type")) == "human":
            return messages[position + 1 :] or messages[position:]
    return messages
