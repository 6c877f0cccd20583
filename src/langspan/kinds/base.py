"""The definition of a kind of run, and the read-only view of a run that a kind gets."""

from __future__ import annotations

import enum
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from opentelemetry.trace import SpanKind

from langspan._events import Call, CallbackType, Given, Graph, Started
from langspan._reading import as_list
from langspan._values import Attributes, as_id, as_mapping, as_str
from langspan.content.renderer import ContentRenderer, Texts
from langspan.content.tool_calls import SkippedCall
from langspan.conventions.measurements import Measurement
from langspan.conventions.metrics import Metric

# Names that LangChain and LangGraph give when nobody chose one: they tell nothing about the graph.
DEFAULT_GRAPH_NAMES: Final = frozenset({"LangGraph", "StateGraph", "Pregel"})

NO_REQUEST: Final[Attributes] = {}  # never changed


class AgentCall(enum.Enum):
    """The type of call that a run counts as for the agent it belongs to."""

    MODEL = "model"
    TOOL = "tool"

    __hash__ = object.__hash__


class ModelCall(NamedTuple):
    """The data of one model call that its agent's span aggregates.

    Attributes:
        model: The requested model.
        input_tokens: The provider's count of input tokens, if it reported one.
        output_tokens: The provider's count of output tokens, if it reported one.
        finish_reasons: The finish reason of each choice.
        request: The request parameters that an agent has too.
        cost: What it cost, in US dollars, if that is known.
    """

    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    finish_reasons: Sequence[str] | None
    request: Attributes = NO_REQUEST
    cost: float | None = None


class RunView(Protocol):
    """A read-only view of a run, as far as its kind needs it."""

    @property
    def kind(self) -> RunKind:
        """The kind of the run."""

    @property
    def conversation(self) -> str | None:
        """The conversation id, set on the run or inherited."""

    @property
    def run_id(self) -> UUID:
        """LangChain's id of the run."""

    @property
    def user(self) -> str | None:
        """The user the run is for, given or inherited."""

    @property
    def given(self) -> Given | None:
        """What the blocks of `langspan.context` around the run give, if there are any."""

    @property
    def attempt(self) -> int | None:
        """Of a graph's node that failed before: which attempt this is."""

    @property
    def circumstances(self) -> Attributes:
        """How the run came about: the attempt it is, the model it replaces, the deferred node."""

    @property
    def target(self) -> str | None:
        """The name of what the run acts on: model, tool, retriever, agent, graph or node."""

    @property
    def call(self) -> Call | None:
        """The call that started the run, if it was observed."""

    @property
    def provider(self) -> str | None:
        """`gen_ai.provider.name` of the run."""

    @property
    def told(self) -> Mapping[str, str]:
        """The facts of a model's answer that its result lacks, by the names that OpenAI gives them."""

    @property
    def agent_name(self) -> str | None:
        """The name of the innermost enclosing agent."""

    @property
    def calls(self) -> Sequence[AgentCall]:
        """An agent's own model and tool calls, in the order in which they started."""

    @property
    def model_calls(self) -> Sequence[ModelCall]:
        """The data of an agent's own model calls, in the order in which they ended."""

    @property
    def started(self) -> int:
        """The start time, in nanoseconds since the epoch."""

    @property
    def first_chunk(self) -> int | None:
        """The arrival time of the first streamed chunk, in nanoseconds since the epoch; None without one."""


Target: TypeAlias = Callable[[Started, Call | None, Graph | None], str | None]
AtStart: TypeAlias = Callable[[RunView, Started], Attributes]
AtEnd: TypeAlias = Callable[[RunView, Any], Attributes]
AtFailure: TypeAlias = Callable[[RunView, Mapping[str, Any]], Attributes]
ContentAtStart: TypeAlias = Callable[[ContentRenderer, Started], Texts]
ContentAtEnd: TypeAlias = Callable[[ContentRenderer, Any, Mapping[str, Any]], Texts]
ContentAtFailure: TypeAlias = Callable[[ContentRenderer, Mapping[str, Any]], Texts]
SkippedCalls: TypeAlias = Callable[[str | None, bool, Any, Any, Container[str]], list[SkippedCall]]
Measure: TypeAlias = Callable[[RunView, Attributes, float, bool], list[Measurement]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunKind:
    """Everything that distinguishes one kind of run from another. No field has a default: none is forgotten.

    All functions are pure. Their attributes are added to those of any run (`langspan.kinds.any_run`).

    Attributes:
        name: The kind's name in `RunInfo` and in the documentation.
        operation: The value of `gen_ai.operation.name`; None if the run is not a GenAI operation.
        prefix: The first word of the span name, before the target; None if the name is the target alone.
        span_kind: The span's kind.
        target_attribute: The attribute that holds the target; None if no attribute does.
        callback: The callback by which LangChain reports such a run; None if a patch records it. If several
            kinds share a callback, a rule in `langspan.kinds.registry` chooses among them.
        target: Returns what the run acts on, from the start event, the call that was seen and the graph that
            announced the run; None if that is the run's name.
        provider: Returns `gen_ai.provider.name`, from the start event; None if the kind has no provider.
        at_start: Returns the attributes known at the start, besides operation, target and provider. None if
            there are none, here and below.
        at_end: Returns the attributes known from the result, as passed to LangChain's end event.
        at_failure: Returns the attributes known when the run raised, from the keyword arguments of
            LangChain's error event.
        reported_error: Returns `error.type` if a result reports a failure; None if no result can do so.
        content_at_start: Returns the run's input content.
        content_at_end: Returns the content of the result and of the end event's keyword arguments.
        content_at_failure: Returns the content known when the run raised.
        metrics: Every metric that the kind records.
        measure: Returns the measurements of an ended run, from its attributes, its duration in seconds, and
            whether to use the newest metric names.
        counts_as: The type of call that the run counts as for the enclosing agent; None if it is not counted.
        is_agent: Whether model and tool calls below it belong to it.
        is_graph: Whether it is a LangGraph graph or node, and so has a position in one.
        sums_at_root: Whether, as the outermost run, it sums up all model calls below it.
        delegates: Whether a run of this kind directly below another one does the parent's work and is
            measured in its place. Below a run of another kind with the same operation, that one is measured.
        skipped_calls: Returns the tool calls that a run answered, or gave up, without a tool; None if it
            answers none. See `langspan.content.tool_calls.skipped_calls`.
        has_log_events: Whether details and exceptions are also recorded as log events.
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
    sums_at_root: bool
    delegates: bool
    skipped_calls: SkippedCalls | None
    has_log_events: bool

    def __repr__(self) -> str:
        return f"RunKind({self.name})"


def run_name(event: Started) -> str | None:
    """Return the run's name; chain groups and classic chains have it in `serialized` only."""
    name = event.name
    if type(name) is str and name and name.isascii():  # the common case, without further calls
        return name
    return as_str(name) or _described_name(as_mapping(event.serialized))


def _described_name(serialized: Mapping[str, Any]) -> str | None:
    """The name in LangChain's description of an object: its own, or the last part of its path."""
    name = as_str(serialized.get("name"))
    path = as_list(serialized.get("id"))
    return as_str(path[-1]) if name is None and path else name


def requested_call_id(event: Started, call: Call | None) -> str | None:
    """Return the id of the model's tool call that requested a run, if one did.

    Args:
        event: The start event of the run.
        call: The call that started the run, if it was seen; older versions of LangChain tell the id there.
    """
    call_id = event.extra.get("tool_call_id")
    if call_id is None and call is not None:
        call_id = call.arguments.get("tool_call_id")
    return as_id(call_id)


def no_content(_renderer: ContentRenderer, *_data: Any) -> Texts:
    """Return no content, for a kind that has none at that point."""
    return {}
