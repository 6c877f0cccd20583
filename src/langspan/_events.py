"""What is handed to the recorder: one plain record for every start event."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID


class Category(enum.Enum):
    """LangChain's callback families, and what has no callbacks: embeddings."""

    CHAT_MODEL = "chat_model"
    LLM = "llm"
    CHAIN = "chain"
    TOOL = "tool"
    RETRIEVER = "retriever"
    EMBEDDINGS = "embeddings"

    __hash__ = object.__hash__


class Call(NamedTuple):
    """A call that starts runs, seen from outside: what their start events leave out.

    Attributes:
        instance: The model, tool or retriever whose method was called.
        arguments: Keywords of the call.
        streams: The answer was asked for as a stream.
    """

    instance: Any
    arguments: Mapping[str, Any]
    streams: bool

    @property
    def fields(self) -> Any:
        """What the instance holds; only stored values, so that no code of its class runs."""
        return getattr(self.instance, "__dict__", None)


class Started(NamedTuple):
    """A run has started.

    Attributes:
        category: Which callback told so.
        run_id: The run.
        parent_run_id: The run that LangChain says started it.
        name: The run's name, if it has one.
        serialized: LangChain's description of the object that runs.
        tags: Tags of the run.
        metadata: Metadata of the run.
        payload: What it runs on: messages, prompts, inputs, query or texts.
        extra: Every other keyword of the event, by name.
    """

    category: Category
    run_id: UUID
    parent_run_id: UUID | None
    name: str | None
    serialized: Mapping[str, Any] | None
    tags: Sequence[str] | None
    metadata: Mapping[str, Any] | None
    payload: Any
    extra: Mapping[str, Any]
