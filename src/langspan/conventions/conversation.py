"""Whole conversations as JSON text, at a cost that grows with new messages only.

An agent sends its whole history with every model call. A `ConversationRenderer` remembers the text it made
of each message, so a call pays for the messages it has not seen.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Final

from langspan.conventions.content import ContentPolicy
from langspan.conventions.messages import (
    conversation_of,
    is_message,
    message_fields,
    output_messages,
    prompt_messages,
    system_instructions,
)

INPUT: Final = "input_messages"
OUTPUT: Final = "output_messages"
SYSTEM: Final = "system_instructions"

_LONG: Final = 65_536  # characters; a longer text is known by length and hash, so that it is not kept alive
_MAX_NODES: Final = 500  # a message of more values is not remembered
_NUMBERS: Final = (int, float, bool)
# What `message_fields` reads.
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
_READ_FROM_EXTRAS: Final = ("reasoning_content", "function_call", "audio")
_OVERHEAD: Final = 200  # what an entry costs besides its texts
_ROOM_FOR_NOTE: Final = 120  # bytes kept free for the note about left out messages


_Rendered = tuple[str, int]


class ConversationRenderer:
    """Renders messages under one content policy. Own one for as long as you like; threads may share it.

    What makes a remembered text valid: it is found by value. Everything of a message that its text is made of
    is part of the key, together with where it is shown, so a message that is changed in place is simply not
    found. A message's `id` and its metadata are not shown, and may change freely.

    When texts die: they live in two generations. When the young one has grown to its limit it becomes the old
    one, and the old one is forgotten; a text that is used moves back to the young one. So memory stays below
    twice the limit, and no lock is needed: a lost race only costs rendering a message again.

    What is not covered: answers (each is new), completion prompts, and messages of hundreds of parts.

    Args:
        policy: How content is written.
        limit: About how many bytes each generation may hold.
    """

    def __init__(self, policy: ContentPolicy, limit: int = 4_194_304) -> None:
        self._policy = policy
        self._limit = limit
        # One message may take most of the room, not all: the question stays beside a huge tool result.
        self._one = policy.max_bytes * 3 // 4
        self._young: dict[Hashable, _Rendered] = {}
        self._old: dict[Hashable, _Rendered] = {}
        self._weight = 0

    def input(self, messages: Iterable[Any]) -> str | None:
        """Return `gen_ai.input.messages`: all but the leading system messages; None without any.

        When they do not all fit, the newest are shown and a note says how many were left out before them.

        Args:
            messages: The one inner list that `on_chat_model_start` receives.
        """
        shown = conversation_of(messages)
        return self._joined((self._remembered(message) for message in reversed(shown)), len(shown))

    def system(self, messages: Iterable[Any]) -> str | None:
        """Return `gen_ai.system_instructions`: the parts of the leading system messages; None without any.

        Args:
            messages: The one inner list that `on_chat_model_start` receives.
        """
        return self._all(system_instructions(messages), SYSTEM)

    def output(self, result: object) -> str | None:
        """Return `gen_ai.output.messages`: one message for each choice; None when there is none.

        Args:
            result: What `on_llm_end` receives, or the partial `response` of `on_llm_error`.
        """
        return self._all(output_messages(result), OUTPUT)

    def prompts(self, prompts: Sequence[str]) -> str | None:
        """Return `gen_ai.input.messages` of a completion model; None when there is no prompt.

        Args:
            prompts: What `on_llm_start` receives.
        """
        return self._all(prompt_messages(prompts), INPUT)

    def _all(self, items: list[dict[str, Any]], where: str) -> str | None:
        """Render new messages or parts, each with its share of the room."""
        share = (self._policy.max_bytes - _ROOM_FOR_NOTE) // len(items) if items else 0
        share = max(share - 1, self._one // 8)
        rendered = (_sized(self._policy.message(item, where, share)) for item in reversed(items))
        return self._joined(rendered, len(items))

    def _joined(self, newest_first: Iterable[_Rendered | None], count: int) -> str | None:
        room = self._policy.max_bytes - 2
        kept: list[str] = []
        for rendered in newest_first:
            if rendered is None:
                return None  # `redact` raised for one: nothing of the conversation may get out
            text, size = rendered
            room -= size
            if room < (_ROOM_FOR_NOTE if len(kept) + 1 < count else 0):
                break
            kept.append(text)
        if len(kept) < count:
            kept.append(_note(count - len(kept)))
        return f"[{','.join(reversed(kept))}]" if kept else None

    def _remembered(self, message: Any) -> _Rendered | None:
        key = _key(message)
        if key is None:
            return self._render(message)
        rendered = self._young.get(key)
        if rendered is None:
            rendered = self._old.get(key) or self._render(message)
            if rendered is not None:
                self._remember(key, rendered, len(message.content))
        return rendered

    def _render(self, message: Any) -> _Rendered | None:
        return _sized(self._policy.message(message_fields(message), INPUT, self._one))

    def _remember(self, key: Hashable, rendered: _Rendered, content_length: int) -> None:
        weight = rendered[1] + min(content_length, _LONG) + _OVERHEAD
        if self._weight + weight > self._limit:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = rendered
        self._weight += weight


def _sized(text: str | None) -> _Rendered | None:
    """A text and the bytes it takes in a list, with its comma."""
    if text is None:
        return None
    return text, 1 + (len(text) if text.isascii() else len(text.encode()))


def _note(count: int) -> str:
    """A message that stands for messages; its role says that nobody in the conversation wrote it."""
    return (
        f'{{"role":"langspan","parts":[{{"type":"text","content":"[{count} earlier messages left out]"}}]}}'
    )


class _NotRememberedError(Exception):
    """A message holds something that cannot be compared by value, or too much of it."""


def _key(message: Any) -> Hashable:
    """Everything a message's text is made of; None when it cannot be told by value."""
    if not is_message(message):
        return None
    stored = message.__dict__
    kind, role, name, content, call_id, status, calls, bad_calls, extras = map(stored.get, _READ_FROM_MESSAGE)
    seen = _Seen()
    rest: Hashable = None
    try:
        if calls or bad_calls or extras:
            shown = [extras.get(extra) for extra in _READ_FROM_EXTRAS] if extras else None
            rest = seen.frozen([calls, bad_calls, shown])
        key = kind, role, name, seen.frozen(content), call_id, status, rest
        hash(key)
    except (_NotRememberedError, TypeError, AttributeError):
        return None
    return key


class _Seen:
    """Freezes values, up to a number of them."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MAX_NODES

    def frozen(self, value: Any) -> Hashable:
        """Return a value that is equal exactly when the given one would look the same."""
        kind = type(value)
        if kind is str:
            return value if len(value) < _LONG else (kind, len(value), hash(value))
        if value is None:
            return None
        self._left -= 1
        if self._left < 0:
            raise _NotRememberedError
        if kind is list or kind is tuple:
            return list, *map(self.frozen, value)
        if kind is dict:
            return dict, *map(self.frozen, value), *map(self.frozen, value.values())
        if kind in _NUMBERS:
            return kind, value  # 1, 1.0 and True are equal, and look different
        raise _NotRememberedError
