"""The lookup of the run that a body belongs to, and of what a graph tells of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langspan.kinds.base import DEFAULT_GRAPH_NAMES
from langspan.langchain.handler import RecordingHandler
from langspan.recording.run import Run


def run_of(manager: Any, run_id: Any) -> Run | None:
    """Find the open run with an id, as recorded by whichever handler of ours the manager has.

    Args:
        manager: A LangChain callback manager or run manager.
        run_id: The id of the run, or None.

    Returns:
        The run, or None if there is none.
    """
    if run_id is None:
        return None
    for handler in getattr(manager, "handlers", ()):
        if isinstance(handler, RecordingHandler):
            run = handler.recorder.run(run_id)
            if run is not None:
                return run
    return None


def is_made_by(graph: Any, model_nodes: Mapping[str, str]) -> bool:
    """Return whether a node of a compiled graph runs a function of the module listed for it.

    Source: `Pregel.nodes`, `PregelNode.bound` and `RunnableCallable.func`. Without them, an agent that is not
    marked as one is recorded as a workflow.

    Args:
        graph: The compiled graph.
        model_nodes: The module to look for, by the name of the node.
    """
    nodes = getattr(graph, "nodes", None) or {}
    return any(_module_of(nodes.get(node)) == module for node, module in model_nodes.items())


def own_name_of(graph: Any) -> str | None:
    """Return the name that a graph was compiled with; for an entry point, the name of its function.

    Source: `Pregel.name` and `Pregel.nodes`. Without them a graph is named by its run.

    Args:
        graph: The graph.
    """
    name = getattr(graph, "name", None)
    if name in DEFAULT_GRAPH_NAMES and type(graph).__name__ == "Pregel" and len(graph.nodes) == 1:
        return next(iter(graph.nodes), None)
    return name if isinstance(name, str) else None


def deferred_nodes_of(graph: Any) -> Sequence[str]:
    """Return the names of the nodes of a graph that wait until all others are done.

    Source: `CompiledStateGraph.builder`, `StateGraph.nodes` and `StateNodeSpec.defer`. Without them, no node
    is marked as deferred.

    Args:
        graph: The compiled graph.
    """
    deferred: tuple[str, ...] = ()
    try:
        specs = graph.builder.nodes
        for name in specs:  # without further calls, for this is done for every graph that starts
            if specs[name].defer:
                deferred = (*deferred, name)
    except AttributeError:  # it was not made by a builder
        return ()
    return deferred


def _module_of(node: Any) -> str | None:
    """Return the module that defines the function of a node, if any."""
    return getattr(getattr(getattr(node, "bound", None), "func", None), "__module__", None)
