"""Small graphs whose nodes open an application span each."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from support.probe import Probe


class State(TypedDict, total=False):
    """What the nodes pass on: a list that grows."""

    seen: Annotated[list[str], operator.add]


START_STATE: Any = {"seen": []}


def node(probe: Probe, name: str, work: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    """A synchronous node; it adds its name to the state, or returns what its work returns."""

    def node(state: State) -> Any:
        with probe.start_as_current_span():
            return {"seen": [name]} if work is None else work(state)

    node.__name__ = name
    return node


def anode(probe: Probe, name: str, work: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    """The same as a coroutine function; what its work returns is awaited where it can be."""

    async def node(state: State) -> Any:
        with probe.start_as_current_span():
            if work is None:
                return {"seen": [name]}
            result = work(state)
            return await result if hasattr(result, "__await__") else result

    node.__name__ = name
    return node


def line(*nodes: Callable[[Any], Any], **options: Any) -> Any:
    """A compiled graph that runs nodes one after another."""
    return builder(*nodes).compile(**options)


def builder(*nodes: Callable[[Any], Any]) -> Any:
    """The same, not yet compiled."""
    graph: Any = StateGraph(State)
    graph.add_sequence(list(nodes))
    graph.add_edge(START, nodes[0].__name__)
    graph.add_edge(nodes[-1].__name__, END)
    return graph


class GraphInterrupt(Exception):  # noqa: N818 - it bears the name of LangGraph's
    """An application's own error."""
