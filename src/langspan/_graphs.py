"""What a LangGraph graph tells about itself just before its run starts.

LangChain's start event of a graph looks like that of any chain inside it. So the graph announces itself in
the context that its start event comes from, and the handler takes the announcement with that event.
"""

from __future__ import annotations

from contextvars import ContextVar

from langspan.conventions.operations import Graph

_announced: ContextVar[Graph | None] = ContextVar("langspan_graph", default=None)


def announce(graph: Graph) -> None:
    """Tell that the next chain run that starts in this context is this graph's."""
    _announced.set(graph)


def take() -> Graph | None:
    """The graph that announced the run that starts now; an announcement holds for one event."""
    graph = _announced.get()
    if graph is not None:
        _announced.set(None)
    return graph
