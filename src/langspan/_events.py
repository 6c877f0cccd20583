"""What is handed from floor to floor: start events, what was seen of the call behind one, what users see."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from opentelemetry.trace import Span


class CallbackType(enum.Enum):
    """LangChain's callback families: which `on_..._start` told of a run."""

    CHAT_MODEL = "chat_model"
    LLM = "llm"
    CHAIN = "chain"
    TOOL = "tool"
    RETRIEVER = "retriever"

    # Members live as long as the process, so identity is equality and hashing need not go through Python.
    __hash__ = object.__hash__


class Call(NamedTuple):
    """A call that starts runs, seen from outside: what their start events leave out.

    Attributes:
        instance: The model, tool or retriever whose method was called.
        arguments: Keywords of the call.
        streams: The answer was asked for as a stream.
        config: The `RunnableConfig` of the call, if it takes one.
    """

    instance: Any
    arguments: Mapping[str, Any]
    streams: bool
    config: Any = None

    @property
    def fields(self) -> Any:
        """What the instance holds; only stored values, so that no code of its class runs."""
        return getattr(self.instance, "__dict__", None)

    @property
    def own_name(self) -> str:
        """What LangChain calls the instance where no run name is given: its `name`, or its class's."""
        name = (self.fields or {}).get("name")
        return name if name.__class__ is str and name else type(self.instance).__name__


class Graph(NamedTuple):
    """A LangGraph graph that is about to start, as told by the graph itself.

    Attributes:
        name: The name its run will have; None if the graph could not tell.
        is_agent: It was made by `create_agent`, or by the `create_react_agent` before it.
        own_name: The graph's own name, whatever its run is called; None if nobody gave it one.
        configurable: `configurable` of the call's config.
    """

    name: str | None
    is_agent: bool
    own_name: str | None = None
    configurable: Mapping[str, Any] | None = None


class Started(NamedTuple):
    """A run has started.

    Attributes:
        callback: Which callback told of it; None if a patch did, where LangChain has no callback.
        run_id: The run.
        parent_run_id: The run that LangChain says started it.
        name: The run's name, if it has one.
        serialized: LangChain's description of the object that runs.
        tags: Tags of the run.
        metadata: Metadata of the run.
        payload: What it runs on: messages, prompts, inputs, query or texts.
        extra: Every other keyword of the event, by name.
    """

    callback: CallbackType | None
    run_id: UUID
    parent_run_id: UUID | None
    name: str | None
    serialized: Mapping[str, Any] | None
    tags: Sequence[str] | None
    metadata: Mapping[str, Any] | None
    payload: Any
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """A run, as the functions `on_start` and `on_end` of `instrument` see it.

    What belongs to the application is handed on as it is: look, and leave it unchanged.

    Attributes:
        kind: What kind of run it is: "chat", "text_completion", "embeddings", "execute_tool", "retrieval",
            "invoke_agent", "invoke_workflow", "node" or "chain".
        name: The run's name in LangChain.
        run_id: LangChain's id of the run.
        parent_run_id: LangChain's id of the run around it; None for a root.
        model: The model that was asked for, if known.
        provider: The model's provider as in `gen_ai.provider.name`, if known.
        agent: The name of the innermost agent around the run, or of the agent that runs.
        tags: Tags of the run.
        metadata: Metadata of the run; read-only.
        inputs: What the run's start callback got: messages, prompts, inputs, a query or texts.
        result: What the run returned, as its end callback got it; None at the start.
        error: What the run raised; None at the start, and for a run that returned.
    """

    kind: str
    name: str
    run_id: UUID
    parent_run_id: UUID | None
    model: str | None
    provider: str | None
    agent: str | None
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]
    inputs: Any
    result: Any = None
    error: BaseException | None = None


RunHook: TypeAlias = Callable[[Span, RunInfo], object]
