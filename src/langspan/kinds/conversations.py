"""Who a run is for: the conversation and the user, as the application named them.

Source: OpenTelemetry GenAI conventions (`gen_ai.conversation.id`), core conventions (`user.id`); the metadata
of LangChain's start events and `configurable` of a `RunnableConfig`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langspan._events import Call, Given, Graph
from langspan._values import Attributes, as_id, as_mapping
from langspan.conventions import names
from langspan.kinds.base import RunKind, RunView

# In order of preference: a run may carry several of the conversation's names.
CONVERSATION_KEYS: Final = ("thread_id", "session_id", "conversation_id")
USER_KEY: Final = "user_id"
WHO: Final = frozenset((*CONVERSATION_KEYS, USER_KEY))
"""Metadata without any of these names nobody, and needs no closer look."""

_NOTHING: Final = Given()


def conversation_attribute(kind: RunKind) -> str:
    """Return the attribute for the conversation's id.

    What is no operation has no attribute of the GenAI conventions: Jaeger takes any span that has one for a
    GenAI operation, and hides the span's own facts behind an empty view.

    Args:
        kind: The kind of run.
    """
    return names.LANGSPAN_CONVERSATION_ID if kind.operation is None else names.GEN_AI_CONVERSATION_ID


def configurable_of(call: Call | None, graph: Graph | None) -> Mapping[str, Any] | None:
    """Return `configurable` of the call's config, where the config was seen.

    Args:
        call: The call, if it was seen.
        graph: The graph that announced the run, if one did.
    """
    if graph is not None:
        return graph.configurable
    return None if call is None or not call.config else as_mapping(call.config.get("configurable"))


def conversation_id(facts: Mapping[str, Any] | None) -> str | None:
    """Return the conversation a run belongs to, as the application named it; never an invented one.

    Args:
        facts: Metadata of the start event, or `configurable` of the call's config.
    """
    if facts:
        for key in CONVERSATION_KEYS:
            if key in facts and (conversation := as_id(facts[key])) is not None:
                return conversation
    return None


def user_id(facts: Mapping[str, Any] | None) -> str | None:
    """Return the user a run is for, as the application named them.

    Args:
        facts: Metadata of the start event, or `configurable` of the call's config.
    """
    return as_id(facts[USER_KEY]) if facts and USER_KEY in facts else None


def ids_to_learn(run: RunView, configurable: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the conversation and the user that a config tells and the run has from no other config.

    Args:
        run: The run. What a block gives is for runs that are told nothing else.
        configurable: `configurable` of its config.
    """
    given = run.given or _NOTHING
    return (
        conversation_id(configurable) if run.conversation in (None, given.conversation) else None,
        user_id(configurable) if run.user in (None, given.user) else None,
    )


def learned(run: RunView, configurable: Mapping[str, Any]) -> Attributes:
    """Return the attributes of `ids_to_learn`.

    Args:
        run: The run.
        configurable: `configurable` of its config.
    """
    attributes: Attributes = {}
    conversation, user = ids_to_learn(run, configurable)
    if conversation is not None:
        attributes[conversation_attribute(run.kind)] = conversation
    if user is not None:
        attributes[names.USER_ID] = user
    return attributes
