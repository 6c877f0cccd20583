"""What came in and went out of a whole application, as one question and one answer in the GenAI form."""

from __future__ import annotations

from typing import Any, Final

from langspan._reading import as_list
from langspan._values import as_mapping
from langspan.content.conversation import OUTPUT
from langspan.content.messages import is_message
from langspan.content.renderer import ContentRenderer
from langspan.content.shorten import to_json
from langspan.content.states import messages_after_last_human, state_messages

_ROOM_FOR_FORM: Final = 80  # bytes of JSON around the text


def question(renderer: ContentRenderer, value: Any, where: str) -> str | None:
    """Return `gen_ai.input.messages` for what a run started with; None if there is nothing to show.

    Args:
        renderer: Renders it.
        value: The run's input: messages or a state that has some, else any value as one user message.
        where: What the value is, for `redact`.
    """
    if not renderer.shows_input:
        return None
    messages = _messages(value)
    if messages is not None:
        return renderer.conversation.input(messages)
    return _one_message(renderer, value, "user", where)


def answer(renderer: ContentRenderer, value: Any, where: str) -> str | None:
    """Return `gen_ai.output.messages` for what a run returned; None if there is nothing to show.

    Args:
        renderer: Renders it.
        value: The run's result: messages or a state that has some, else any value as one assistant message.
        where: What the value is, for `redact`.
    """
    if not renderer.shows_output:
        return None
    messages = _messages(value)
    if messages is not None:
        return renderer.conversation.input(messages_after_last_human(messages), recorded_as=OUTPUT)
    return _one_message(renderer, value, "assistant", where)


def _messages(value: Any) -> list[Any] | None:
    """Messages as a chain or a graph passes them on; not the shorthands, which may be anything else."""
    if is_message(value):
        return [value]
    if issubclass(type(value), list):
        items = list(as_list(value) or ())
        return items if items and all(map(is_message, items)) else None
    return state_messages(as_mapping(value).get("messages"))


def _one_message(renderer: ContentRenderer, value: Any, role: str, where: str) -> str | None:
    if value is None:
        return None
    text = renderer.policy.text(value, where, beside=_ROOM_FOR_FORM)
    if text is None:
        return None
    tree = [{"role": role, "parts": [{"type": "text", "content": text}]}]
    return to_json(tree, renderer.policy.room, len(text), keeps_shape=True)
