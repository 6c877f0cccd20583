"""Attributes that any run may have: conversation, user, LangGraph position, tags, retry attempt.

Source: OpenTelemetry GenAI conventions (`gen_ai.conversation.id`), core conventions (`user.id`), the
metadata and tags of LangChain's start events. The user's other metadata is content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from langspan._events import Started
from langspan._reading import as_list, as_text, is_exactly, is_text
from langspan._values import Attributes, AttributeValue, as_count, as_float, as_id, as_str, valid_utf8
from langspan.content.renderer import ContentRenderer
from langspan.conventions import names
from langspan.kinds.base import DEFAULT_GRAPH_NAMES, RunKind, RunView
from langspan.kinds.conversations import CONVERSATION_KEYS, USER_KEY, conversation_attribute

_PUSHED: Final = ("__pregel_push",)
_RETRY: Final = "retry:attempt:"
_MAX_METADATA: Final = 32  # keys, so that a span's own attributes stay far below its limit
_MAX_NESTING: Final = 8  # of sequences in a path; LangGraph's go two deep
# Tags that LangChain and LangGraph add for themselves, in their exact form; others like them are the user's.
_BOOKKEEPING: Final = re.compile(
    r"(seq|graph):step:\d+|map:key:.*|branch:(\d+|default)|condition:\d+|langsmith:(hidden|nostream)",
    re.DOTALL,
)


def _texts(value: object) -> list[str] | None:
    """Return any sequence as strings: LangGraph's paths mix strings, numbers and tuples."""
    items = value if type(value) is tuple else as_list(value)
    return [
        item if type(item) is str and item.isascii() else _text(item, _MAX_NESTING) for item in items or ()
    ] or None


def _text(item: object, nesting: int) -> str:
    if is_text(item):
        return valid_utf8(item)
    parts = as_list(item)
    if parts is not None:
        return "/".join(_text(part, nesting - 1) for part in parts) if nesting else ""
    return str(item) if is_exactly(item, (bool, type(None))) or as_float(item) is not None else ""


_Rules: TypeAlias = Mapping[str, tuple[str, Callable[[object], AttributeValue | None]]]
# Metadata read from any run.
_EVERYWHERE: Final[_Rules] = {
    "lc_source": (names.LANGCHAIN_SOURCE, as_str),
}
# Which prompt of LangChain's hub was used. Only operations have attributes of the GenAI conventions.
_HUB_OF_OPERATION: Final[_Rules] = {
    "lc_hub_repo": (names.GEN_AI_PROMPT_NAME, as_str),
    "lc_hub_commit_hash": (names.GEN_AI_PROMPT_VERSION, as_str),
}
_HUB_OF_STEP: Final[_Rules] = {
    "lc_hub_repo": (names.LANGCHAIN_PROMPT_NAME, as_str),
    "lc_hub_commit_hash": (names.LANGCHAIN_PROMPT_VERSION, as_str),
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
    {*CONVERSATION_KEYS, USER_KEY, *_IN_GRAPHS, "checkpoint_ns", "task_id", "run_id", "run_attempt"}
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
        attributes[conversation_attribute(kind)] = run.conversation
    if run.provider is not None:
        attributes[names.GEN_AI_PROVIDER_NAME] = run.provider
    return attributes


def start_attributes(run: RunView, event: Started) -> Attributes:
    """Return all other attributes known at the start of a run.

    Args:
        run: The run.
        event: Its start event.
    """
    kind, name = run.kind, event.name
    attributes = run_attributes(event.metadata, event.tags, kind)
    attributes[names.LANGCHAIN_RUN_ID] = str(run.run_id)
    if run.user is not None:
        attributes[names.USER_ID] = run.user
    if run.given is not None and run.given.session is not None:
        attributes[names.SESSION_ID] = run.given.session
    if run.attempt is not None:
        attributes[names.LANGSPAN_RETRY_ATTEMPT] = run.attempt
    if run.circumstances:
        attributes.update(run.circumstances)
    if name is not None and kind.prefix is not None and name != run.target:
        _add_run_name(attributes, name)
    if kind.at_start is not None:
        attributes.update(kind.at_start(run, event))
    return attributes


def run_attributes(
    metadata: Mapping[str, Any] | None, tags: Sequence[str] | None, kind: RunKind
) -> Attributes:
    """Return the attributes of a run that do not depend on its kind. No content.

    Args:
        metadata: Metadata of the start event.
        tags: Tags of the start event.
        kind: The kind of run: only graphs and nodes record the position in a graph.
    """
    attributes: Attributes = {}
    if metadata:
        if kind.is_graph:
            _add_known(attributes, metadata, _IN_GRAPHS)
            if "langgraph_path" in metadata and metadata["langgraph_path"][:1] == _PUSHED:
                _add_send_index(attributes, metadata["langgraph_path"])
        elif "lc_source" in metadata:
            _add_known(attributes, metadata, _EVERYWHERE)
        if "lc_hub_repo" in metadata:
            _add_known(attributes, metadata, _HUB_OF_STEP if kind.operation is None else _HUB_OF_OPERATION)
    if tags:
        _add_tags(attributes, tags)
    return attributes


def user_metadata(metadata: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Return the user's own entries of a run's metadata. This is content.

    Args:
        metadata: Metadata of the start event.
    """
    return {
        key: value
        for key, value in (metadata or {}).items()
        if type(key) is str and key not in _NOT_USERS_EITHER and not key.startswith(_NOT_USERS)
    }


def chosen_metadata(
    renderer: ContentRenderer, metadata: Mapping[str, Any] | None, keys: Sequence[str]
) -> dict[str, str]:
    """Return those entries of the user's metadata that the settings name, whether content is on or not.

    Args:
        renderer: Renders them.
        metadata: Metadata of the start event.
        keys: The keys.
    """
    prefix, given = names.LANGCHAIN_METADATA_PREFIX, metadata or {}
    return present({prefix + key: renderer.text(given[key], "metadata") for key in keys if key in given})


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


def _add_run_name(attributes: Attributes, name: object) -> None:
    """Add the name that the call gave to its run, rather than the one the object has."""
    text = as_str(name)
    if text is not None and text not in DEFAULT_GRAPH_NAMES:
        attributes[names.LANGCHAIN_RUN_NAME] = text


def _add_known(attributes: Attributes, metadata: Mapping[str, Any], rules: _Rules) -> None:
    for key, (attribute, convert) in rules.items():
        if key in metadata and (converted := convert(metadata[key])) is not None:
            attributes[attribute] = converted


def _add_send_index(attributes: Attributes, path: Sequence[Any]) -> None:
    """Add the position of a node in the fan-out of `Send`s that started it.

    A task of the functional API has the same mark, and then the path of the node that called it.
    """
    if len(path) > 1 and type(path[1]) is int:
        attributes[names.LANGGRAPH_SEND_INDEX] = path[1]


def _add_tags(attributes: Attributes, tags: Iterable[Any]) -> None:
    kept = []
    for each in tags if type(tags) is list else as_list(tags) or ():
        tag = each if type(each) is str else as_text(each)
        if not tag:
            continue
        if tag.startswith(_RETRY) and (attempt := tag[len(_RETRY) :]).isdecimal():
            attributes[names.LANGSPAN_RETRY_ATTEMPT] = int(attempt[:9])
        elif not _BOOKKEEPING.fullmatch(tag):
            kept.append(valid_utf8(tag))
    if kept:
        attributes[names.LANGCHAIN_TAGS] = kept
