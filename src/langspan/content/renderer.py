"""The renderer of all content: single values, conversations and graph state, under one policy."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

from langspan._values import as_mapping
from langspan.content.conversation import OUTPUT, ConversationRenderer
from langspan.content.fields import NOTHING_HIDDEN
from langspan.content.plain import Redact
from langspan.content.policy import ContentPolicy
from langspan.content.room import MAX_CHARS
from langspan.content.states import messages_after_last_human, state_messages
from langspan.conventions import names

Texts: TypeAlias = dict[str, str | None]
"""Rendered content by attribute name; None if there is none or redaction failed."""

_MESSAGES: Final = "messages"
_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#@]+@")


class ContentRenderer:
    """A renderer of prompts, answers, arguments, results, documents and state.

    Values are rendered immediately, because the application may modify them afterwards.

    Args:
        redact: See `ContentPolicy`.
        max_bytes: See `ContentPolicy`.
        max_chars: See `ContentPolicy`.
        hidden: See `ContentPolicy`.

    Attributes:
        shows_input: Whether what comes in is recorded.
        shows_output: Whether what goes out is.
    """

    def __init__(
        self,
        redact: Redact | None,
        max_bytes: int,
        max_chars: int = MAX_CHARS,
        hidden: frozenset[str] = NOTHING_HIDDEN,
    ) -> None:
        self.policy = ContentPolicy(redact, max_bytes, max_chars, hidden)
        self.shows_input, self.shows_output = "input" not in hidden, "output" not in hidden
        self.conversation = ConversationRenderer(self.policy)

    def render(self, value: Any, where: str) -> str | None:
        """Return any value as JSON text; None if the value is None or redaction failed.

        Args:
            value: Any Python value.
            where: What the value is (`"input"`, `"tool_arguments"`, ...); passed to `redact`.
        """
        return self.policy.render(value, where)

    def text(self, value: Any, where: str) -> str | None:
        """Return a string without JSON quotes, any other value as JSON text; None if redaction failed.

        Args:
            value: Any Python value.
            where: As for `render`.
        """
        return self.policy.text(value, where)

    def exception(self, error: BaseException) -> str | None:
        """Return an exception's message, without passwords in URLs; None if it is empty or cannot be read."""
        try:
            text = str(error)
        except Exception:  # noqa: BLE001 - the application's exception may define a `__str__` that raises
            return None
        return self.policy.text(_USER_INFO.sub("", text), "exception") or None

    def state_in(self, value: Any) -> Texts:
        """Return a graph's input: `messages` as input messages, everything else as JSON.

        Args:
            value: The `inputs` of `on_chain_start`.
        """
        if not self.shows_input:
            return {}
        return self._state(value, names.GEN_AI_INPUT_MESSAGES, names.LANGCHAIN_INPUT)

    def state_out(self, value: Any) -> Texts:
        """Return a graph's output: the messages that it added as output messages, everything else as JSON.

        Args:
            value: The `outputs` of `on_chain_end`.
        """
        if not self.shows_output:
            return {}
        return self._state(value, names.GEN_AI_OUTPUT_MESSAGES, names.LANGCHAIN_OUTPUT)

    def _state(self, value: Any, messages_name: str, rest_name: str) -> Texts:
        state = as_mapping(value)
        messages = state_messages(state.get(_MESSAGES))
        if messages is None:
            return {rest_name: self.render(value, "state")}
        if messages_name == names.GEN_AI_OUTPUT_MESSAGES:
            messages = messages_after_last_human(messages)
            shown = self.conversation.input(messages, recorded_as=OUTPUT)
        else:
            shown = self.conversation.input(messages)
        rest = {key: item for key, item in state.items() if type(key) is str and key != _MESSAGES}
        return {
            messages_name: shown,
            rest_name: self.render(rest, "state") if rest else None,
        }
