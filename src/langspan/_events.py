"""Records passed between the packages: start events, the call behind one, and what user hooks receive."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from opentelemetry.trace import Span

from langspan._reading import as_list
from langspan._values import Attributes


class CallbackType(enum.Enum):
    """LangChain's callback families: which `on_..._start` reported a run."""

    CHAT_MODEL = "chat_model"
    LLM = "llm"
    CHAIN = "chain"
    TOOL = "tool"
    RETRIEVER = "retriever"

    # Members are singletons, so identity is equality; this hash avoids a call into Python code.
    __hash__ = object.__hash__


class Call(NamedTuple):
    """The method call that starts a run: what its start event leaves out.

    Attributes:
        instance: The model, tool or retriever whose method was called.
        arguments: Keyword arguments of the call.
        streams: Whether the caller requested a stream.
        config: The `RunnableConfig` of the call; None if it takes none.
        tries_in_turn: Whether the runs directly below are alternatives, each tried if the former one fails.
    """

    instance: Any
    arguments: Mapping[str, Any]
    streams: bool
    config: Any = None
    tries_in_turn: bool = False

    @property
    def fields(self) -> Any:
        """The instance's `__dict__`: stored values only, so that no code of its class runs."""
        return getattr(self.instance, "__dict__", None)

    @property
    def own_name(self) -> str:
        """What LangChain calls the instance where no run name is given: its `name`, or its class's."""
        name = (self.fields or {}).get("name")
        return name if name.__class__ is str and name else type(self.instance).__name__


class Graph(NamedTuple):
    """A LangGraph graph that is about to start, as announced by the graph itself.

    Attributes:
        name: The name its run will have; None if unknown.
        is_agent: Whether it was made by `create_agent` or its predecessor `create_react_agent`.
        own_name: The graph's own name, whatever its run is called; None if nobody gave it one.
        configurable: `configurable` of the call's config.
        deferred: The nodes that wait until all others are done.
    """

    name: str | None
    is_agent: bool
    own_name: str | None = None
    configurable: Mapping[str, Any] | None = None
    deferred: Sequence[str] = ()


class Started(NamedTuple):
    """The start of a run.

    Attributes:
        callback: The callback that reported it; None if a patch did because LangChain has no callback for it.
        run_id: The run's id.
        parent_run_id: The id of the run that started it, according to LangChain.
        name: The run's name, if it has one.
        serialized: LangChain's description of the object that runs.
        tags: Tags of the run.
        metadata: Metadata of the run.
        payload: The run's input: messages, prompts, inputs, query or texts.
        extra: Every other keyword argument of the event, by name.
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


class Attempt(NamedTuple):
    """One of the times that an agent's middleware runs a model or a tool.

    Attributes:
        around: The run that the middleware is part of: what it runs lies directly below.
        circumstances: What is to be said of what it runs.
    """

    around: object
    circumstances: Attributes


class Given(NamedTuple):
    """What `langspan.context` gives the runs that start inside its block.

    Attributes:
        conversation: The conversation's id.
        user: The user's id.
        session: The session's id.
        tags: Tags, those of outer blocks first.
        metadata: The application's own metadata.
        entry: Stands for the innermost block as it was entered; None if another process gave all of it.
    """

    conversation: str | None = None
    user: str | None = None
    session: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = MappingProxyType({})
    entry: object = None

    def over(self, outer: Given | None) -> Given:
        """Return what an outer block gives as well; where both give something, this one counts."""
        if outer is None:
            return self
        return Given(
            self.conversation or outer.conversation,
            self.user or outer.user,
            self.session or outer.session,
            tuple(dict.fromkeys((*outer.tags, *self.tags))),
            {**outer.metadata, **self.metadata},
            self.entry,
        )

    def added_to(self, event: Started) -> Started:
        """Return a start event with these tags and metadata; those of the call itself come first."""
        tags, metadata = event.tags, event.metadata
        if self.tags:
            own = as_list(tags) or []
            tags = [*own, *(tag for tag in self.tags if tag not in own)]
        if self.metadata:
            metadata = {**self.metadata, **(metadata or {})}
        return event._replace(tags=tags, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """A run, as `current_run` tells it and as passed to the `on_start` and `on_end` hooks of `instrument`.

    The application's own objects are passed through as they are: read them, but do not modify them.

    Attributes:
        kind: The kind of run: "chat", "text_completion", "embeddings", "execute_tool", "retrieval",
            "invoke_agent", "invoke_workflow", "node" or "chain"; of what LangChain sends no events for, what
            the table of spans in the documentation says, such as "search_memory" or "mcp_request".
        name: The run's name in LangChain.
        run_id: LangChain's id of the run.
        parent_run_id: LangChain's id of the parent run; None for a root run.
        trace_id: The id of the trace that the run's span is in, as 32 hexadecimal digits.
        span_id: The id of that span, as 16; if the run has none of its own, of the one around it.
        conversation: The id of the run's conversation, if known.
        model: The requested model, if known.
        provider: The model's provider as in `gen_ai.provider.name`, if known.
        agent: The name of the agent, if the run is one, otherwise of the innermost enclosing agent.
        tags: Tags of the run.
        metadata: Metadata of the run; read-only.
        inputs: What the run's start callback received: messages, prompts, inputs, a query or texts.
        result: What the run's end callback received; None at the start.
        error: The exception that the run raised; None at the start, and if the run returned.
    """

    kind: str
    name: str
    run_id: UUID
    parent_run_id: UUID | None
    trace_id: str
    span_id: str
    conversation: str | None
    model: str | None
    provider: str | None
    agent: str | None
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]
    inputs: Any
    result: Any = None
    error: BaseException | None = None


RunHook: TypeAlias = Callable[[Span, RunInfo], object]
