"""The one record of what a kind of run needs, and the little that a kind may see of a run."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from opentelemetry.trace import SpanKind

from langspan._events import Call, CallbackType, Graph, Started
from langspan._values import Attributes, as_mapping, as_str
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions.measurements import Measurement
from langspan.conventions.metrics import Metric

# Names that LangChain and LangGraph give when nobody chose one: they tell nothing about the graph.
DEFAULT_GRAPH_NAMES: Final = frozenset({"LangGraph", "StateGraph", "Pregel"})


class AgentCall(enum.Enum):
    """What a run counts as for the agent that it belongs to."""

    MODEL = "model"
    TOOL = "tool"

    __hash__ = object.__hash__


class ModelCall(NamedTuple):
    """What one model call of an agent's own came to.

    Attributes:
        model: The model that was asked for.
        input_tokens: As counted by the provider, if it did.
        output_tokens: The same.
        finish_reasons: Why each choice ended.
    """

    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    finish_reasons: Sequence[str] | None


class RunView(Protocol):
    """What a kind may see of a run. It changes nothing."""

    @property
    def kind(self) -> RunKind:
        """What kind of run it is."""

    @property
    def conversation(self) -> str | None:
        """Conversation id, given or inherited."""

    @property
    def run_id(self) -> UUID:
        """LangChain's id of the run."""

    @property
    def user(self) -> str | None:
        """The user the run is for, given or inherited."""

    @property
    def target(self) -> str | None:
        """What the run acts on: model, tool, retriever, agent, graph or node."""

    @property
    def call(self) -> Call | None:
        """The call that started the run, if it was seen."""

    @property
    def provider(self) -> str | None:
        """`gen_ai.provider.name` of the run."""

    @property
    def agent_name(self) -> str | None:
        """The name of the innermost agent around the run."""

    @property
    def calls(self) -> Sequence[AgentCall]:
        """Of an agent: its own model and tool calls, in the order of their starts."""

    @property
    def model_calls(self) -> Sequence[ModelCall]:
        """Of an agent: what its own model calls came to, in the order of their ends."""

    @property
    def started(self) -> int:
        """When the run started: wall-clock nanoseconds."""

    @property
    def first_chunk(self) -> int | None:
        """When its first streamed chunk came: wall-clock nanoseconds."""


Target: TypeAlias = Callable[[Started, Call | None, Graph | None], str | None]
AtStart: TypeAlias = Callable[[RunView, Started], Attributes]
AtEnd: TypeAlias = Callable[[RunView, Any], Attributes]
AtFailure: TypeAlias = Callable[[RunView, Mapping[str, Any]], Attributes]
ContentAtStart: TypeAlias = Callable[[ContentRenderer, Started], Texts]
ContentAtEnd: TypeAlias = Callable[[ContentRenderer, Any, Mapping[str, Any]], Texts]
ContentAtFailure: TypeAlias = Callable[[ContentRenderer, Mapping[str, Any]], Texts]
Measure: TypeAlias = Callable[[RunView, Attributes, float, bool], list[Measurement]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunKind:
    """Everything that tells one kind of run from another. No part has a default, so none is forgotten.

    All functions are pure. What they return is added to what any run says (`langspan.kinds.any_run`).

    Attributes:
        name: What the kind is called, in `RunInfo` and in the documentation.
        operation: `gen_ai.operation.name`; None if the run is no GenAI operation.
        prefix: The span's name is this and the target; None if the target alone is the name.
        span_kind: The span's kind.
        target_attribute: The attribute that holds the target, if one does.
        callback: The callback by which LangChain tells of such a run; None if a patch records it. Where kinds
            share a callback, a rule of `langspan.kinds.registry` decides between them.
        target: From the start event, the call that was seen and the graph that announced the run, to what it
            acts on; None if that is the run's name.
        provider: From the start event to `gen_ai.provider.name`; None if the kind has no provider.
        at_start: Attributes known before the run's body runs, besides operation, target and provider; None if
            there are none, here as in what follows.
        at_end: Attributes known from the result, in the shape of LangChain's end event.
        at_failure: Attributes known when the run raised, from the keywords of LangChain's error event.
        reported_error: From a result to `error.type`, if the result reports a failure; None if none can.
        content_at_start: Content that the run starts with.
        content_at_end: Content of the result, and of the keywords of the end event.
        content_at_failure: Content known when the run raised.
        metrics: Every metric that the kind feeds.
        measure: Measurements of a run that ended: from its attributes, its seconds, and whether the newest
            names are wanted.
        counts_as: What the run counts as for the agent around it, if for anything.
        is_agent: Model and tool calls below it belong to it.
        is_graph: It is a LangGraph graph or node, and has a position in one.
        delegates: A run of this kind directly below another one does that one's work, and is measured for it.
        has_log_events: Details and exceptions are told as log events, too.
    """

    name: str
    operation: str | None
    prefix: str | None
    span_kind: SpanKind
    target_attribute: str | None
    callback: CallbackType | None
    target: Target | None
    provider: Callable[[Started], str | None] | None
    at_start: AtStart | None
    at_end: AtEnd | None
    at_failure: AtFailure | None
    reported_error: Callable[[Any], str | None] | None
    content_at_start: ContentAtStart
    content_at_end: ContentAtEnd
    content_at_failure: ContentAtFailure
    metrics: tuple[Metric, ...]
    measure: Measure | None
    counts_as: AgentCall | None
    is_agent: bool
    is_graph: bool
    delegates: bool
    has_log_events: bool

    def __repr__(self) -> str:
        return f"RunKind({self.name})"


def run_name(event: Started) -> str | None:
    """The run's name; chain groups and classic chains have it in their description only."""
    name = event.name
    if name.__class__ is str and name and name.isascii():  # nearly always: save the calls
        return name
    return as_str(name) or _described_name(as_mapping(event.serialized))


def _described_name(serialized: Mapping[str, Any]) -> str | None:
    """The name in LangChain's description of an object: its own, or the last part of its path."""
    name = as_str(serialized.get("name"))
    path = serialized.get("id")
    return as_str(path[-1]) if name is None and isinstance(path, list) and path else name


def no_content(_renderer: ContentRenderer, *_data: Any) -> Texts:
    """The kind has no content there."""
    return {}
