"""One open run: its place in the tree, its span, and what its end will need."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext

from langspan._events import Call, Given, Started
from langspan._values import Attributes, AttributeValue
from langspan.kinds.base import AgentCall, ModelCall
from langspan.kinds.registry import Identity
from langspan.recording.failures import Sighting

# Never changed.
NO_ATTRIBUTES: Final[Attributes] = {}
NO_CONTENT: Final[Mapping[str, str]] = {}
_NO_CONTEXT: Final = Context()


class Owner(Protocol):
    """Whoever opened a run and can end it."""

    def abandon(self, run: Run, error: BaseException | None) -> None:
        """End a run that LangChain will not end."""

    def learn(self, run: Run, configurable: Mapping[str, Any]) -> None:
        """Take from a config what the run's start event did not tell."""


class Run:
    """An open run and its span.

    Attributes:
        event: The start event; let go when the run ends, for it holds the application's data.
        call: The call that started the run, if it was seen; let go as well.
        run_id: LangChain's id of the run.
        kind: What kind of run it is.
        name: The name of its span.
        target: What it acts on: model, tool, retriever, agent, graph or node, if known.
        provider: `gen_ai.provider.name`, if known.
        parent: The run that this one is nested in, if known.
        is_visible: The run has a span of its own.
        is_recording: That span is recorded.
        span: The run's own span, or the one its children nest under.
        context: The OpenTelemetry context in which that span is current.
        needs_attributes: The run's span is recorded, or its metrics or events are.
        is_unsampled: Nothing is recorded of it nor of any run below it: its trace was sampled out.
        start_attributes: What was known when the run started.
        deferred_attributes: Attributes that are set when the span ends: one call costs less than two.
        content: What the run started with, where content is recorded.
        agent: The innermost agent's run around this one, or this one.
        conversation: Conversation id, given or inherited.
        user: The user the run is for, given or inherited.
        given: What the blocks of `langspan.context` around the run give, if there are any.
        inside_graph: The run is a LangGraph graph's or lies below one.
        started: Wall-clock nanoseconds.
        ended: The same, where a run has ended before that is told.
        first_chunk: Wall-clock nanoseconds of the first streamed chunk.
        last_chunk: Wall-clock nanoseconds of the latest one.
        chunk_labels: The attributes of measurements of its chunks, once there was one.
        story: The outermost run, if it sums up the model calls below it.
        calls: On an agent's run: what each model and tool call of its own counts as, as they start.
        model_calls: What model calls came to, as they end: on an agent's run, its own; on a story's, all.
        configurable: `configurable` of the call's config, where it was seen.
        question: What a story began with, as GenAI messages, where content is recorded.
        is_delegated: Another run is measured instead: one directly below, which does this one's work, or one
            around it, whose work this is.
        interrupted: The run is a graph's that has stopped to wait for its user.
        place: Of a graph's node: where it stands in the graph, the same for all its attempts.
        attempt: Of a node that failed before: which attempt this is.
        attempts: The next attempts of nodes directly below that have failed, by their places.
        failed_model: The model of the last call directly below that failed, also where a chain lies between.
        deferred: Of a graph: the nodes that wait until all others are done.
        circumstances: What is known of how the run came about: attempt, model it replaces, deferred node.
        timeout: What LangGraph raises because the time of this run is up, before it cancels it.
        is_linked: The span has a link to the interrupted run that this one resumes.
        tools_ran: On a node: the ids of the model's tool calls for which tools ran below, or that are told
            already; of tools that started without an id, their names.
        told: On a model call: the facts of the answer that LangChain's result lacks, by the names that OpenAI
            gives them.
        failure: What recognises the exception that a nested run ended with: it is described there, once.
    """

    __slots__ = (
        "agent",
        "attempt",
        "attempts",
        "call",
        "calls",
        "chunk_labels",
        "circumstances",
        "configurable",
        "content",
        "context",
        "conversation",
        "deferred",
        "deferred_attributes",
        "ended",
        "event",
        "failed_model",
        "failure",
        "first_chunk",
        "given",
        "inside_graph",
        "interrupted",
        "is_delegated",
        "is_linked",
        "is_open",
        "is_recording",
        "is_unsampled",
        "is_visible",
        "kind",
        "last_chunk",
        "model_calls",
        "name",
        "needs_attributes",
        "owner",
        "parent",
        "place",
        "provider",
        "question",
        "run_id",
        "span",
        "start_attributes",
        "started",
        "story",
        "target",
        "timeout",
        "told",
        "tools_ran",
        "user",
    )

    span: Span
    context: Context
    content: Mapping[str, str]
    told: Mapping[str, str]
    last_chunk: int
    calls: list[AgentCall]
    model_calls: list[ModelCall]
    provider: str | None
    place: str | None
    question: str | None
    conversation: str | None
    user: str | None
    given: Given | None
    ended: int | None
    first_chunk: int | None
    attempt: int | None
    failed_model: str | None
    deferred: Sequence[str]
    attempts: dict[str, int] | None
    tools_ran: set[str] | None
    chunk_labels: Attributes | None
    failure: Sighting | None
    timeout: BaseException | None
    agent: Run | None
    story: Run | None

    def __init__(
        self,
        owner: Owner,
        event: Started,
        identity: Identity,
        parent: Run | None,
        *,
        is_unsampled: bool = False,
    ) -> None:
        self.owner = owner
        self.event: Started | None = event
        self.call: Call | None = None
        self.configurable: Mapping[str, Any] | None = None
        self.run_id = event.run_id
        self.kind, self.name, self.target = identity
        self.parent = parent
        self.started = time.time_ns()
        self.is_open = self.is_visible = True
        self.is_recording = self.needs_attributes = self.interrupted = self.is_linked = False
        self.is_delegated, self.is_unsampled = False, is_unsampled
        self.start_attributes: Attributes = NO_ATTRIBUTES
        self.circumstances: Attributes = NO_ATTRIBUTES
        self.deferred_attributes: Attributes = NO_ATTRIBUTES
        self.content = self.told = NO_CONTENT
        self.provider = self.place = self.question = self.conversation = self.user = self.given = None
        self.first_chunk = self.chunk_labels = self.attempt = self.attempts = self.tools_ran = None
        self.failure = self.timeout = self.agent = self.story = self.failed_model = self.ended = None
        self.deferred = ()
        self.inside_graph = self.kind.is_graph
        if parent is not None:
            self.agent, self.story = parent.agent, parent.story
            self.conversation = parent.conversation
            self.user, self.given = parent.user, parent.given
            self.inside_graph = self.inside_graph or parent.inside_graph
        elif self.kind.sums_at_root:
            self.story = self
            self.model_calls = []
        if self.kind.is_agent:
            # Appended to from any thread; a list does that without a lock.
            self.agent = self
            self.calls, self.model_calls = [], []

    @property
    def agent_name(self) -> str | None:
        """The name of the innermost agent around the run."""
        return None if self.agent is None else self.agent.target

    def is_below(self, run_id: object) -> bool:
        """Whether this run is that run, or an open descendant of it."""
        node: Run | None = self
        while node is not None:
            if node.run_id is run_id or node.run_id == run_id:
                return True
            node = node.parent if node.is_open else None
        return False

    def graph_root(self) -> Run:
        """The run of the outermost graph around this one."""
        root = node = self
        while node.parent is not None and node.parent.inside_graph:
            node = node.parent
            root = node
        return root

    def close(self) -> None:
        """Let go of what only an open run needs.

        The context and an agent's run refer back to the run: left in place, only the garbage collector
        could free them, and it would have much to do.
        """
        self.is_open = False
        self.configurable = self.event = self.call = self.failure = self.agent = self.story = None
        self.timeout = None
        self.context = _NO_CONTEXT

    def learn(self, facts: Mapping[str, AttributeValue | None]) -> None:
        """Take what becomes known while the run is open, for its span to say in the end.

        Args:
            facts: Attributes; one that is None is no longer known.
        """
        if self.is_open and self.needs_attributes:
            self.deferred_attributes = _with(self.deferred_attributes, facts)
            self.start_attributes = _with(self.start_attributes, facts)

    def span_context(self) -> SpanContext:
        """What is left of the run once it has ended, for children that come late."""
        return self.span.get_span_context()

    def abandon(self, error: BaseException | None) -> None:
        """End the run: LangChain will not."""
        self.owner.abandon(self, error)


def _with(attributes: Attributes, facts: Mapping[str, AttributeValue | None]) -> Attributes:
    return {name: value for name, value in {**attributes, **facts}.items() if value is not None}
