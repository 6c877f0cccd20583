"""The announcement that a LangGraph graph makes just before its run starts.

LangChain's start event of a graph looks like that of any chain inside it. Therefore the graph announces
itself in the context of its start event, and the recorder pops the announcement with that event.
"""

from __future__ import annotations

from contextvars import ContextVar

from langspan._events import Graph

_announced: ContextVar[tuple[Graph, object] | None] = ContextVar("langspan_graph", default=None)


def announce(graph: Graph, config: object) -> None:
    """Announce that the next chain run in this context is the run of this graph, with this config."""
    _announced.set((graph, config))


def specify(graph: Graph) -> None:
    """Replace an announcement without a name in this context by this graph."""
    announced = _announced.get()
    if announced is not None and announced[0].name is None:
        _announced.set((graph._replace(configurable=announced[0].configurable), announced[1]))


def is_announced(config: object) -> bool:
    """Return whether a graph has been announced with this very config object."""
    announced = _announced.get()
    return announced is not None and announced[1] is config


def pop_announcement() -> Graph | None:
    """Return and remove the announced graph; an announcement is valid for one start event."""
    announced = _announced.get()
    if announced is None:
        return None
    _announced.set(None)
    return announced[0]
