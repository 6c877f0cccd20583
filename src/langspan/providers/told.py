"""Facts of an answer as a provider sent it, by the names that OpenAI gives them: id, model and the like.

Source: what LangChain's provider packages convert to messages, and do not copy from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from langspan._reading import as_dict, fields_of
from langspan._values import as_mapping, as_str

Facts: TypeAlias = Mapping[str, str]

_COMPLETION: Final = {name: name for name in ("id", "model", "system_fingerprint", "service_tier")}
_MESSAGE: Final = {"id": "id", "model": "model"}
_GEMINI: Final = {"response_id": "id", "model_version": "model"}


def completion_facts(answer: Any) -> Facts:
    """Read a completion or a chunk of one; nothing of a chunk that names neither its id nor its model.

    Args:
        answer: A mapping or an object of an SDK; OpenAI's wraps the chunks that it parses.
    """
    wrapped = as_mapping(as_mapping(answer).get("chunk"))
    if wrapped:
        answer = wrapped
    facts = _texts(answer, _COMPLETION)
    return facts if "id" in facts or "model" in facts else {}


def response_event_facts(event: Any) -> Facts:
    """Read the event that a stream of OpenAI's Responses API begins with; other events tell nothing."""
    return completion_facts(_stored(event).get("response"))


def anthropic_event_facts(event: Any) -> Facts:
    """Read the event that a stream of Anthropic's begins with; other events tell nothing."""
    return _texts(_stored(event).get("message"), _MESSAGE)


def gemini_facts(response: Any) -> Facts:
    """Read a response of Gemini's or a chunk of one."""
    return _texts(response, _GEMINI)


def _texts(source: Any, fields: Mapping[str, str]) -> Facts:
    known = _stored(source)
    found = {fact: as_str(known.get(field)) for field, fact in fields.items()}
    return {fact: text for fact, text in found.items() if text is not None}


def _stored(source: Any) -> Mapping[str, Any]:
    """Return a dictionary itself, or what an object stores, so that no code of its class runs."""
    found = as_dict(source)
    return fields_of(source) if found is None else found
