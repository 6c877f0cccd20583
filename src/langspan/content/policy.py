"""The content policy: how captured prompts, answers, arguments, results and state are written to a span.

Content capture is off by default; this module does not decide whether to capture. All captured content passes
through a policy, which turns any Python value into valid JSON text of bounded size, with binary data by
reference, and with the user's `redact` hook applied to every string, number and key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from langspan._reading import is_text
from langspan._values import valid_utf8
from langspan.content.plain import JsonTreeBuilder, Redact, RedactionFailedError
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
    """

    redact: Redact | None = None
    max_bytes: int = DEFAULT_MAX_BYTES

    def render(self, value: object, where: str) -> str | None:
        """Return a value as JSON text; None if the value is None or `redact` raised. Never raises.

        Args:
            value: Any Python value.
            where: What the value is (`"input"`, `"tool_arguments"`, ...); passed to `redact`.
        """
        if value is None:
            return None
        builder = self._builder(where)
        try:
            return to_json(builder.build(value), self.max_bytes, builder.text_length)
        except _UNREADABLE:
            return None

    def text(self, value: object, where: str) -> str | None:
        """Return a string redacted and shortened, without JSON quotes; any other value as JSON text.

        For attributes that the conventions define as plain strings, such as a query. Never raises.

        Args:
            value: Any Python value.
            where: As for `render`.
        """
        if not is_text(value):
            return self.render(value, where)
        builder = self._builder(where)
        try:
            tree = builder.build(value)
        except _UNREADABLE:
            return None
        if not is_text(tree):
            return to_json(tree, self.max_bytes, builder.text_length)
        return _cut_text(valid_utf8(tree), self.max_bytes)

    def message(self, fields: Mapping[str, Any], where: str, max_bytes: int | None = None) -> str | None:
        """Return a message or part as JSON text; its structural fields are not redacted. Never raises.

        Args:
            fields: The message (`role`, `parts`, ...) or part, as made by `langspan.content.messages`.
            where: As for `render`.
            max_bytes: A smaller limit for this message.
        """
        builder = self._builder(where)
        try:
            return to_json(builder.message(fields), max_bytes or self.max_bytes, builder.text_length)
        except _UNREADABLE:
            return None

    def _builder(self, where: str) -> JsonTreeBuilder:
        # Each node takes several bytes of JSON, so more nodes than this would not fit anyway.
        return JsonTreeBuilder(self.redact, where, max(self.max_bytes // 8, _MIN_NODES))


# `redact` raised, the recursion limit was reached, or another thread modified a container during iteration.
_UNREADABLE: Final = (RedactionFailedError, RuntimeError)


def _cut_text(text: str, max_bytes: int) -> str:
    size = len(text) if text.isascii() else len(text.encode())
    if size <= max_bytes:
        return text
    note = f"…[cut: {len(text)} characters in all]"
    room = max(max_bytes - len(note.encode()), 0)
    return text.encode()[:room].decode(errors="ignore") + (note if room else "")
