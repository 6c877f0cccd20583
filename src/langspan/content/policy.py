"""The content policy: how captured prompts, answers, arguments, results and state are written to a span.

Content capture is off by default; this module does not decide whether to capture. All captured content passes
through a policy, which turns any Python value into valid JSON text of bounded size, with binary data by
reference, and with the user's `redact` hook applied to every string, number and key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from langspan._reading import is_text
from langspan._values import valid_utf8
from langspan.content.fields import NOTHING_HIDDEN
from langspan.content.plain import JsonTreeBuilder, Redact, RedactionFailedError
from langspan.content.room import MAX_CHARS, Room
from langspan.content.shorten import to_json

DEFAULT_MAX_BYTES: Final = 16_384
_MIN_NODES: Final = 64


@dataclass(frozen=True, slots=True)
class ContentPolicy:
    """The rules for writing content. Immutable; one policy may serve all threads.

    Attributes:
        redact: Called as `redact(value, where)` with every string, number and dictionary key, before anything
            is shortened; its result is recorded instead. If it raises, the whole value is dropped.
        max_bytes: The maximum size of a captured value, in bytes of UTF-8 JSON.
        max_chars: Its maximum length in characters, which is how OpenTelemetry limits attributes.
        hidden: The values of `where` that are not recorded; whoever renders a state or a whole message asks
            by itself.
        room: Both of them.
    """

    redact: Redact | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    max_chars: int = MAX_CHARS
    hidden: frozenset[str] = NOTHING_HIDDEN

    room: Room = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "room", Room(self.max_bytes, self.max_chars))

    def render(self, value: object, where: str) -> str | None:
        """Return a value as JSON text; None if it is None or hidden, or `redact` raised. Never raises.

        Args:
            value: Any Python value.
            where: What the value is (`"input"`, `"tool_arguments"`, ...); passed to `redact`.
        """
        if value is None or where in self.hidden:
            return None
        builder = self._builder(where)
        try:
            return to_json(builder.build(value), self.room, builder.text_length)
        except _UNREADABLE:
            return None

    def text(self, value: object, where: str, beside: int = 0) -> str | None:
        """Return a string redacted and shortened, without JSON quotes; any other value as JSON text.

        For attributes that the conventions define as plain strings, such as a query. Never raises.

        Args:
            value: Any Python value.
            where: As for `render`.
            beside: How much of the room is needed for something else.
        """
        if where in self.hidden:
            return None
        room = self.room.less(beside) if beside else self.room
        if not is_text(value):
            return self.render(value, where)
        builder = self._builder(where)
        try:
            tree = builder.build(value)
        except _UNREADABLE:
            return None
        if not is_text(tree):
            return to_json(tree, room, builder.text_length)
        return _cut_text(tree, room)

    def message(self, fields: Mapping[str, Any], where: str, room: Room | None = None) -> str | None:
        """Return a message or part as JSON text; its structural fields are not redacted. Never raises.

        Args:
            fields: The message (`role`, `parts`, ...) or part, as made by `langspan.content.messages`.
            where: As for `render`.
            room: Less room, for this message alone.
        """
        builder, room = self._builder(where), room or self.room
        try:
            tree = builder.message(fields)
            text = to_json(tree, room, builder.text_length, keeps_shape=True)
        except _UNREADABLE:
            return None
        if "role" in tree and (text is None or text[0] != "{"):  # there was only room for a note
            return to_json({"role": tree["role"], "parts": []}, room, 0)
        return text

    def _builder(self, where: str) -> JsonTreeBuilder:
        # Each node takes several bytes of JSON, so more nodes than this would not fit anyway.
        nodes = max(self.room.least // 8, _MIN_NODES)
        return JsonTreeBuilder(self.redact, where, nodes, hidden=self.hidden)


# `redact` raised, the recursion limit was reached, or another thread modified a container during iteration.
_UNREADABLE: Final = (RedactionFailedError, RuntimeError)


def _cut_text(text: str, room: Room) -> str:
    if len(text) <= room.least:
        text = valid_utf8(text)
        if room.load(text) <= 1:
            return text
    note = f"…[cut: {len(text)} characters in all]"
    left = room.less(len(note.encode()))
    return _start_of(text, left) + note if left.least else _start_of(text, room)


def _start_of(text: str, room: Room) -> str:
    return valid_utf8(text[: room.least]).encode()[: room.size].decode(errors="ignore")
