"""What renders content: one policy for every value, and the conversations that are rendered under it."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from langspan._values import as_mapping
from langspan.content.conversation import ConversationRenderer
from langspan.content.plain import Redact
from langspan.content.policy import ContentPolicy
from langspan.content.states import messages_after_last_human, state_messages
from langspan.conventions import names

Texts: TypeAlias = dict[str, str | None]
"""Content by attribute; None where there is none, or where redaction failed."""

_MESSAGES: Final = "messages"


class ContentRenderer:
    """Renders prompts, answers, arguments, results, documents and state.

    Values are rendered when they are seen, for the application may change them afterwards.

    Args:
        redact: See `ContentPolicy`.
        max_bytes: See `ContentPolicy`.
    """

    def __init__(self, redact: Redact | None, max_bytes: int) -> None:
        self.policy = ContentPolicy(redact, max_bytes)
        self.conversation = ConversationRenderer(self.policy)

    def render(self, value: Any, where: str) -> str | None:
        """Any value as JSON text; None if there is none, or if redaction failed."""
        return self.policy.render(value, where)

    def text(self, value: Any, where: str) -> str | None:
        """A text as itself, any other value as JSON text; None if redaction failed."""
        return self.policy.text(value, where)

    def exception(self, error: BaseException) -> str | None:
        """An exception's message; None if it has none to give."""
        try:
            text = str(error)
        except Exception:  # noqa: BLE001 - the application's own exception fails to describe itself
            return None
        return self.policy.text(text, "exception") or None

    def state_in(self, value: Any) -> Texts:
        """A graph's input: its messages as messages, the rest and every other value as JSON."""
        return self._state(value, names.GEN_AI_INPUT_MESSAGES, names.LANGCHAIN_INPUT)

    def state_out(self, value: Any) -> Texts:
        """A graph's output; of its messages those that it has added."""
        return self._state(value, names.GEN_AI_OUTPUT_MESSAGES, names.LANGCHAIN_OUTPUT)

    def _state(self, value: Any, messages_name: str, rest_name: str) -> Texts:
        state = as_mapping(value)
        messages = state_messages(state.get(_MESSAGES))
        if messages is None:
            return {rest_name: self.render(value, "state")}
        if messages_name == names.GEN_AI_OUTPUT_MESSAGES:
            messages = messages_after_last_human(messages)
        rest = {key: item for key, item in state.items() if key != _MESSAGES}
        return {
            messages_name: self.conversation.input(messages),
            rest_name: self.render(rest, "state") if rest else None,
        }
