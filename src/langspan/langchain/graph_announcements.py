"""What a LangGraph graph tells about itself just before its run starts.

LangChain's start event of a graph looks like that of any chain inside it. So the graph announces itself in
the context that its start event comes from, and the handler takes the announcement with that event.
"""

from __future__ import annotations

from contextvars import ContextVar

from langspan._events import Graph

_announced: ContextVar[tuple[Graph, object] | None] = ContextVar("langspan_graph", default=None)


def announce(graph: Graph, config: object) -> None:
    """Tell that the next chain run that starts in this context is this graph's, with this config."""
    _announced.set((graph, config))


def specify(graph: Graph) -> None:
    """Say which graph it is that was announced in this context without a name."""
    announced = _announced.get()
    if announced is not None and announced[0].name is None:
        _announced.set((graph, announced[1]))


def is_announced(config: object) -> bool:
    """Whether the graph that will start with this very config has announced itself."""
    announced = _announced.get()
    return announced is not None and announced[1] is config


def pop_announcement() -> Graph | None:
    """The graph that announced the run that starts now; an announcement holds for one event."""
    announced = _announced.get()
    if announced is None:
        return None
    _announced.set(None)
    return announced[0]
