"""Attributes that any run may have: conversation, user, LangGraph position, tags, retry attempt.

Source: OpenTelemetry GenAI conventions (`gen_ai.conversation.id`), core conventions (`user.id`), the
metadata and tags of LangChain's start events. The user's other metadata is content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from langspan._events import Started
from langspan._values import Attributes, AttributeValue, as_count, as_float, as_id, as_str, valid_utf8
from langspan.content.renderer import ContentRenderer
from langspan.conventions import names
from langspan.kinds.base import ModelCall, RunView

_RETRY: Final = "retry:attempt:"
_MAX_METADATA: Final = 32  # keys, so that a span's own attributes stay far below its limit
_MAX_NESTING: Final = 8  # of sequences in a path; LangGraph's go two deep
# Tags that LangChain and LangGraph add for themselves.
_BOOKKEEPING: Final = ("seq:step:", "graph:step:", "map:key:", "branch:", "condition:", "langsmith:", _RETRY)


def _texts(value: object) -> list[str] | None:
    """Return any sequence as strings: LangGraph's paths mix strings, numbers and tuples."""
    if not isinstance(value, list | tuple) or not value:
        return None
    return [_text(item, _MAX_NESTING) for item in value]


def _text(item: object, nesting: int) -> str:
    if isinstance(item, str):
        return valid_utf8(item)
    if isinstance(item, tuple | list):
        return "/".join(_text(part, nesting - 1) for part in item) if nesting else ""
    return str(item) if item is None or as_float(item) is not None or isinstance(item, bool) else ""


# In order of preference: a run may carry several of the conversation's names.
_CONVERSATION: Final = ("thread_id", "session_id", "conversation_id")
_Rules: TypeAlias = Mapping[str, tuple[str, Callable[[object], AttributeValue | None]]]
# Metadata read from any run.
_EVERYWHERE: Final[_Rules] = {
    "user_id": (names.USER_ID, as_id),
    "lc_source": (names.LANGCHAIN_SOURCE, as_str),
    "lc_hub_repo": (names.GEN_AI_PROMPT_NAME, as_str),
    "lc_hub_commit_hash": (names.GEN_AI_PROMPT_VERSION, as_str),
}
# Metadata read from graphs and nodes only: every run below a node inherits it and need not repeat it.
_IN_GRAPHS: Final[_Rules] = {
    **_EVERYWHERE,
    "langgraph_node": (names.LANGGRAPH_NODE, as_str),
    "langgraph_step": (names.LANGGRAPH_STEP, as_count),
    "langgraph_triggers": (names.LANGGRAPH_TRIGGERS, _texts),
    "langgraph_checkpoint_ns": (names.LANGGRAPH_CHECKPOINT_NS, as_str),
    "checkpoint_id": (names.LANGGRAPH_CHECKPOINT_ID, as_id),
    "graph_id": (names.LANGGRAPH_GRAPH_ID, as_id),
    "assistant_id": (names.LANGGRAPH_ASSISTANT_ID, as_id),
}
# Metadata of LangChain, LangGraph and LangSmith: never the user's own.
_NOT_USERS: Final = ("ls_", "lc_", "langgraph_", "__")
_NOT_USERS_EITHER: Final = frozenset(
    {*_CONVERSATION, *_IN_GRAPHS, "checkpoint_ns", "task_id", "run_id", "run_attempt"}
)


def creation_attributes(run: RunView) -> Attributes:
    """Return the attributes for the sampler: operation, target, conversation and provider.

    They are also made for spans that are not sampled, so this must stay cheap.

    Args:
        run: The run.
    """
    kind, target = run.kind, run.target
    attributes: Attributes = {}
    if kind.operation is not None:
        attributes[names.GEN_AI_OPERATION_NAME] = kind.operation
    if target is not None and kind.target_attribute is not None:
        attributes[kind.target_attribute] = target
    if run.conversation is not None:
        attributes[names.GEN_AI_CONVERSATION_ID] = run.conversation
    if run.provider is not None:
        attributes[names.GEN_AI_PROVIDER_NAME] = run.provider
    return attributes


def start_attributes(run: RunView, event: Started) -> Attributes:
    """Return all other attributes known at the start of a run.

    Args:
        run: The run.
        event: Its start event.
    """
    kind = run.kind
    attributes = run_attributes(event.metadata, event.tags, in_graph=kind.is_graph)
    if kind.at_start is not None:
        attributes.update(kind.at_start(run, event))
    return attributes


def run_attributes(
    metadata: Mapping[str, Any] | None, tags: Sequence[str] | None, *, in_graph: bool = True
) -> Attributes:
    """Return the attributes of a run that do not depend on its kind. No content.

    Args:
        metadata: Metadata of the start event.
        tags: Tags of the start event.
        in_graph: Whether to include the position in a graph, which only graphs and nodes record.
    """
    attributes: Attributes = {}
    if metadata:
        _add_known(attributes, metadata, _IN_GRAPHS if in_graph else _EVERYWHERE)
    if tags:
        _add_tags(attributes, tags)
    return attributes


def conversation_id(metadata: Mapping[str, Any] | None) -> str | None:
    """Return the conversation id that the application set in a run's metadata, or None.

    Args:
        metadata: Metadata of the start event.
    """
    if metadata:
        for key in _CONVERSATION:
            if key in metadata and (conversation := as_id(metadata[key])) is not None:
                return conversation
    return None


def user_metadata(metadata: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Return the user's own entries of a run's metadata. This is content.

    Args:
        metadata: Metadata of the start event.
    """
    return {
        key: value
        for key, value in (metadata or {}).items()
        if isinstance(key, str) and key not in _NOT_USERS_EITHER and not key.startswith(_NOT_USERS)
    }


def model_call(model: str | None, attributes: Attributes) -> ModelCall:
    """Return what an agent's span needs from one of its model calls.

    Args:
        model: The requested model.
        attributes: The call's attributes at its end.
    """
    values: Any = attributes
    return ModelCall(
        model,
        values.get(names.GEN_AI_USAGE_INPUT_TOKENS),
        values.get(names.GEN_AI_USAGE_OUTPUT_TOKENS),
        values.get(names.GEN_AI_RESPONSE_FINISH_REASONS),
    )


def content_at_start(renderer: ContentRenderer, run: RunView, event: Started) -> dict[str, str]:
    """Return the run's input content and the user's own metadata, rendered.

    Args:
        renderer: Renders the content.
        run: The run.
        event: Its start event.
    """
    texts = run.kind.content_at_start(renderer, event)
    for key, value in islice(user_metadata(event.metadata).items(), _MAX_METADATA):
        texts[names.LANGCHAIN_METADATA_PREFIX + valid_utf8(key)] = renderer.text(value, "metadata")
    return present(texts)


def present(texts: Mapping[str, str | None]) -> dict[str, str]:
    """Return the texts that are not None."""
    return {name: text for name, text in texts.items() if text is not None}


def _add_known(attributes: Attributes, metadata: Mapping[str, Any], rules: _Rules) -> None:
    for key, (attribute, convert) in rules.items():
        value = metadata.get(key)
        if value is not None and (converted := convert(value)) is not None:
            attributes[attribute] = converted


def _add_tags(attributes: Attributes, tags: Iterable[Any]) -> None:
    kept = []
    for tag in tags:
        if not isinstance(tag, str) or not tag:
            continue
        if not tag.startswith(_BOOKKEEPING):
            kept.append(valid_utf8(tag))
        elif tag.startswith(_RETRY) and (attempt := tag[len(_RETRY) :]).isdecimal():
            attributes[names.LANGSPAN_RETRY_ATTEMPT] = int(attempt[:9])
    if kept:
        attributes[names.LANGCHAIN_TAGS] = kept
