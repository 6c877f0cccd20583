"""One open run: its place in the tree, its span, and what its end will need."""

from __future__ import annotations

from typing import Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext

from langspan._events import Started
from langspan.conventions.operations import Kind, Operation


class Owner(Protocol):
    """Whoever opened a run and can end it."""

    def abandon(self, run: Run, error: BaseException | None) -> None:
        """End a run that LangChain will not end."""


class Run:
    """An open run and its span.

    Attributes:
        event: The start event; let go when the run ends, for it holds the application's data.
        run_id: LangChain's id of the run.
        operation: What the run is recorded as.
        parent: The run that this one is nested in, if known.
        visible: The run has a span of its own. Children of a run without one nest under its parent's span.
        span: The run's own span, or the one its children nest under.
        context: The OpenTelemetry context in which that span is current.
        agent: The innermost agent's run around this one, or this one.
        conversation: Conversation id, given or inherited.
        inside_graph: The run is a LangGraph graph's or lies below one.
        started: Wall-clock nanoseconds.
        first_chunk: Wall-clock nanoseconds of the first streamed chunk.
        usage: On an agent's run: input and output tokens of each model call of its own.
        interrupted: The run is a graph's that has stopped to wait for its user.
        linked: The span has a link to the interrupted run that this one goes on with.
        failure: The exception that a nested run ended with: it is described there, once.
    """

    __slots__ = (
        "agent",
        "context",
        "conversation",
        "event",
        "failure",
        "first_chunk",
        "inside_graph",
        "interrupted",
        "is_open",
        "linked",
        "operation",
        "owner",
        "parent",
        "run_id",
        "span",
        "started",
        "usage",
        "visible",
    )

    span: Span
    context: Context

    def __init__(
        self,
        owner: Owner,
        event: Started,
        operation: Operation,
        parent: Run | None,
        started: int,
        *,
        visible: bool,
    ) -> None:
        self.owner = owner
        self.event: Started | None = event
        self.run_id = event.run_id
        self.operation = operation
        self.parent = parent
        self.visible = visible
        self.started = started
        self.is_open = True
        self.first_chunk: int | None = None
        self.failure: BaseException | None = None
        self.interrupted = False
        self.linked = False
        self.conversation: str | None = None
        self.usage: list[tuple[int, int]] = []
        self.agent: Run | None = self if operation.kind is Kind.AGENT else parent.agent if parent else None
        self.inside_graph: bool = operation.kind in (Kind.AGENT, Kind.WORKFLOW, Kind.NODE) or (
            parent is not None and parent.inside_graph
        )

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

    def trail(self) -> SpanContext:
        """What a late child needs once the run has ended."""
        return trace.get_current_span(self.context).get_span_context()

    def abandon(self, error: BaseException | None) -> None:
        """End the run: LangChain will not."""
        self.owner.abandon(self, error)
