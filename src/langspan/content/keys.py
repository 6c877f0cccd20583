"""Cache keys for rendered messages and tools: equal exactly if their rendered text is the same."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Hashable
from typing import Any, Final

from langspan._reading import is_exactly, model_fields
from langspan.content.messages import is_message

# In characters. Longer texts are keyed by length and hash, so that the cache does not keep them alive.
_LONG_TEXT: Final = 256
_MAX_NODES: Final = 500  # a message with more values has no key
_MAX_TOOL_NODES: Final = 20_000  # so many values in tools, or circular ones, have none either
_NUMBERS: Final = (int, float, bool)
# The fields that `message_fields` reads from a message.
_READ_FROM_MESSAGE: Final = (
    "type",
    "role",
    "name",
    "content",
    "tool_call_id",
    "status",
    "tool_calls",
    "invalid_tool_calls",
    "additional_kwargs",
)
_READ_FROM_ADDITIONAL_KWARGS: Final = ("reasoning_content", "function_call", "audio")


class _NotHashableError(Exception):
    """A message holds a value that is not plain data, or too many values."""


def message_key(message: Any) -> Hashable:
    """Return a key of everything that a message's text is made of; None if some of it is not plain data.

    Args:
        message: A LangChain message.
    """
    if not is_message(message):
        return None
    held = model_fields(message)
    kind, role, name, content, call_id, status, calls, bad_calls, extras = map(held.get, _READ_FROM_MESSAGE)
    has_more = False
    for more in (calls, bad_calls, extras):
        if more is not None:
            if type(more) is not list and type(more) is not dict:
                return None
            has_more = has_more or bool(more)
    # Only strings are rendered of these.
    texts = [text if type(text) is str else None for text in (kind, role, name, call_id, status)]
    rest: Hashable = None
    budget = [_MAX_NODES]
    try:
        if has_more:
            shown = list(map(extras.get, _READ_FROM_ADDITIONAL_KWARGS)) if extras else None
            rest = _hashable([calls, bad_calls, shown], budget)
        return *texts, _hashable(content, budget), rest
    except (_NotHashableError, AttributeError, RecursionError):  # the last for circular values
        return None


def _hashable(value: Any, budget: list[int]) -> Hashable:
    """Return a hashable value that is equal exactly if the given one renders the same."""
    kind = type(value)
    if kind is str:
        # Python caches a string's hash, so long texts cost little.
        return value if len(value) < _LONG_TEXT else (kind, len(value), hash(value))
    if value is None:
        return None
    budget[0] -= 1
    is_list = kind is list or kind is tuple
    if budget[0] < (len(value) if is_list else 0):
        raise _NotHashableError  # before any of them is looked at
    if is_list:
        return list, *(_hashable(item, budget) for item in value)
    if kind is dict:
        return dict, *((key, _hashable(item, budget)) for key, item in value.items() if _is_plain_key(key))
    if is_exactly(value, _NUMBERS):
        return kind, value  # 1, 1.0 and True are equal but render differently
    raise _NotHashableError


def _is_plain_key(key: Any) -> bool:
    if type(key) is not str:
        raise _NotHashableError
    return True


def _is_plain(value: Any) -> bool:
    """Return whether a value is made of exact built-in types only, and not of too many values."""
    waiting = [value]
    for each in waiting:  # grows on the way: a function for each value would cost more
        kind = type(each)
        if kind is dict:
            waiting.extend(each)
            waiting.extend(each.values())
        elif kind is list or kind is tuple:
            waiting.extend(each)
        elif not (kind is str or each is None or kind is bool or kind is int or kind is float):
            return False
        if len(waiting) > _MAX_TOOL_NODES:
            return False
    return True


def tools_key(offered: list[Any], *, schemas: bool) -> Hashable:
    """Return a key for the tools offered to a model; None if they are not plain data.

    Args:
        offered: The tools, as bound to the model.
        schemas: Whether descriptions and parameters are rendered.
    """
    # Tools are deeply nested with short texts: marshal is the fastest way to compare them by value. It asks
    # what it does not know for a buffer, which runs the application's code from Python 3.12 on.
    if not _is_plain(offered):
        return None
    try:
        data = marshal.dumps(offered, 2)
    except ValueError:
        return None
    return schemas, hashlib.blake2b(data, digest_size=16).digest()
