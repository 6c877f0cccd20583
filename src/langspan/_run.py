"""One open run: its place in the tree, its span, and what its end will need."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final, Protocol

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext

from langspan._events import Call, Started
from langspan.conventions._values import Attributes
from langspan.conventions.agents import Answer
from langspan.conventions.operations import GRAPH_KINDS, Kind, Operation

# Never changed.
NOTHING: Final[Attributes] = {}
NOTHING_SAID: Final[Mapping[str, str]] = {}
_NO_CONTEXT: Final = Context()
_AGENT: Final = Kind.AGENT
_EMBEDDINGS: Final = Kind.EMBEDDINGS
_CALLS: Final = frozenset({Kind.CHAT, Kind.COMPLETION, Kind.TOOL})


class Owner(Protocol):
    """Whoever opened a run and can end it."""

    def abandon(self, run: Run, error: BaseException | None) -> None:
        """End a run that LangChain will not end."""


class Run:
    """An open run and its span.

    Attributes:
        event: The start event; let go when the run ends, for it holds the application's data.
        call: The call that started the run, if it was seen; let go as well.
        run_id: LangChain's id of the run.
        operation: What the run is recorded as.
        parent: The run that this one is nested in, if known.
        is_visible: The run has a span of its own.
        is_recording: That span is recorded.
        span: The run's own span, or the one its children nest under.
        context: The OpenTelemetry context in which that span is current.
        is_described: Somebody wants to know about the run: its span, metrics or events.
        is_left_out: Nobody does, now or for any run below it: its trace was sampled out.
        facts: What was known when the run started.
        pending: Attributes that are set when the span ends: one call costs less than two.
        content: What the run started with, where content is recorded.
        agent: The innermost agent's run around this one, or this one.
        conversation: Conversation id, given or inherited.
        inside_graph: The run is a LangGraph graph's or lies below one.
        started: Wall-clock nanoseconds.
        first_chunk: Wall-clock nanoseconds of the first streamed chunk.
        last_chunk: Wall-clock nanoseconds of the latest one.
        answers: On an agent's run: what each model call of its own came to.
        calls: On an agent's run: the kind of each model and tool call of its own.
        is_handed_on: On a run of embeddings: others did, or do, the work. Theirs is what is measured.
        interrupted: The run is a graph's that has stopped to wait for its user.
        is_linked: The span has a link to the interrupted run that this one goes on with.
        failure: The exception that a nested run ended with: it is described there, once.
    """

    __slots__ = (
        "agent",
        "answers",
        "call",
        "calls",
        "content",
        "context",
        "conversation",
        "event",
        "facts",
        "failure",
        "first_chunk",
        "inside_graph",
        "interrupted",
        "is_described",
        "is_handed_on",
        "is_left_out",
        "is_linked",
        "is_open",
        "is_recording",
        "is_visible",
        "last_chunk",
        "operation",
        "owner",
        "parent",
        "pending",
        "run_id",
        "span",
        "started",
    )

    span: Span
    context: Context
    last_chunk: int

    def __init__(
        self,
        owner: Owner,
        event: Started,
        operation: Operation,
        parent: Run | None,
        *,
        is_left_out: bool = False,
    ) -> None:
        self.owner = owner
        self.event: Started | None = event
        self.call: Call | None = None
        self.run_id = event.run_id
        self.operation = operation
        self.parent = parent
        self.started = time.time_ns()
        self.is_open = self.is_visible = True
        self.is_recording = self.is_described = self.interrupted = self.is_linked = False
        self.is_handed_on = False
        self.is_left_out = is_left_out
        self.facts: Attributes = NOTHING
        self.pending: Attributes = NOTHING
        self.content: Mapping[str, str] = NOTHING_SAID
        self.first_chunk: int | None = None
        self.failure: BaseException | None = None
        kind = operation.kind
        if parent is None:
            self.agent: Run | None = None
            self.conversation: str | None = None
            self.inside_graph = kind in GRAPH_KINDS
        else:
            self.agent = parent.agent
            self.conversation = parent.conversation
            self.inside_graph = parent.inside_graph or kind in GRAPH_KINDS
            if kind is _EMBEDDINGS and parent.operation.kind is _EMBEDDINGS:
                parent.is_handed_on = True
            if self.agent is not None and kind in _CALLS:
                self.agent.calls.append(kind)
        if kind is _AGENT:
            # Appended to from any thread; a list does that without a lock.
            self.agent = self
            self.answers: list[Answer] = []
            self.calls: list[Kind] = []

    def pass_through(self, span: Span) -> None:
        """Have no span of one's own: children nest under ``span``."""
        self.is_visible = False
        self.span = span

    def is_below(self, run_id: object) -> bool:
        """Whether this run is that run, or an open descendant of it."""
        node: Run | None = self
        while node is not None:
            if node.run_id == run_id:
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
        self.event = self.call = self.failure = self.agent = None
        self.context = _NO_CONTEXT

    def span_context(self) -> SpanContext:
        """What is left of the run once it has ended, for children that come late."""
        return self.span.get_span_context()

    def abandon(self, error: BaseException | None) -> None:
        """End the run: LangChain will not."""
        self.owner.abandon(self, error)
