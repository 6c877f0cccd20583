"""The content policy: what captured prompts, answers, arguments, results and state look like on a span.

Content is off unless the user turns it on; nothing in this module decides that. Whoever records content
passes it through a policy: any Python value becomes valid JSON text of bounded size, with binary data by
reference, and with the user's `redact` hook applied to every text, number and key in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from langspan._values import valid_utf8
from langspan.content.plain import JsonTreeBuilder, Redact, RedactionFailedError
from langspan.content.shorten import to_json

DEFAULT_MAX_BYTES: Final = 16_384
_MIN_NODES: Final = 64


@dataclass(frozen=True, slots=True)
class ContentPolicy:
    """How content is written. Immutable; one policy serves all threads.

    Attributes:
        redact: Called as `redact(value, where)` with every text, number and dictionary key, before anything
            is shortened; what it returns is recorded instead. If it raises, the whole value is dropped.
        max_bytes: Longest captured value, in bytes of UTF-8 JSON.
    """

    redact: Redact | None = None
    max_bytes: int = DEFAULT_MAX_BYTES

    def render(self, value: object, where: str) -> str | None:
        """Return a value as JSON text; None when there is no value, or when `redact` raised. Never raises.

        Args:
            value: Any Python value.
            where: What the value is (`"input"`, `"tool_arguments"`, ...); handed to `redact`.
        """
        if value is None:
            return None
        builder = self._builder(where)
        try:
            return to_json(builder.build(value), self.max_bytes, builder.text_length)
        except _UNREADABLE:
            return None

    def text(self, value: object, where: str) -> str | None:
        """Return a text as itself, shortened and redacted; any other value as JSON text. Never raises.

        For attributes that are plain strings by convention, such as a query.

        Args:
            value: Any Python value.
            where: As for `render`.
        """
        if not issubclass(type(value), str):  # asked of the value, its own code would answer
            return self.render(value, where)
        builder = self._builder(where)
        try:
            tree = builder.build(value)
        except _UNREADABLE:
            return None
        if not isinstance(tree, str):
            return to_json(tree, self.max_bytes, builder.text_length)
        return _cut_text(valid_utf8(tree), self.max_bytes)

    def message(self, fields: Mapping[str, Any], where: str, max_bytes: int | None = None) -> str | None:
        """Return one message, as `messages` makes them, as JSON text. Its structure is not redacted.

        Args:
            fields: The message: `role`, `parts` and so on.
            where: As for `render`.
            max_bytes: A smaller limit for this message.
        """
        builder = self._builder(where)
        try:
            return to_json(builder.message(fields), max_bytes or self.max_bytes, builder.text_length)
        except _UNREADABLE:
            return None

    def _builder(self, where: str) -> JsonTreeBuilder:
        # A value takes a few bytes of JSON: many more of them than this cannot be shown anyway.
        return JsonTreeBuilder(self.redact, where, max(self.max_bytes // 8, _MIN_NODES))


# `redact` raised; the interpreter's stack is used up; another thread changed a container while it was read.
_UNREADABLE: Final = (RedactionFailedError, RuntimeError)


def _cut_text(text: str, max_bytes: int) -> str:
    size = len(text) if text.isascii() else len(text.encode())
    if size <= max_bytes:
        return text
    note = f"…[cut: {len(text)} characters in all]"
    room = max(max_bytes - len(note.encode()), 0)
    return text.encode()[:room].decode(errors="ignore") + (note if room else "")
