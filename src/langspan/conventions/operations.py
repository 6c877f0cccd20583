"""What a run is: operation, span name and span kind. Ordered rules over plain data, no effects.

Source: OpenTelemetry GenAI conventions (span names and kinds), LangChain and LangGraph callback metadata.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from langspan.conventions._values import as_str

HIDDEN_TAG: Final = "langsmith:hidden"
_STEP_TAG: Final = "graph:step:"
AGENT_INTEGRATION: Final = "langchain_create_agent"
_GRAPH_INTEGRATIONS: Final = frozenset({"langgraph", AGENT_INTEGRATION})
# Names that LangChain and LangGraph give when nobody chose one: they tell nothing about the workflow.
_DEFAULT_GRAPH_NAMES: Final = frozenset({"LangGraph", "StateGraph", "Pregel"})


class Kind(enum.Enum):
    """The kinds of run that we tell apart. Values are ``gen_ai.operation.name``, where one exists."""

    CHAT = "chat"
    COMPLETION = "text_completion"
    EMBEDDINGS = "embeddings"
    TOOL = "execute_tool"
    RETRIEVER = "retrieval"
    AGENT = "invoke_agent"
    WORKFLOW = "invoke_workflow"
    NODE = "node"
    CHAIN = "chain"

    # Members live as long as the process, so identity is equality and hashing need not go through Python.
    __hash__ = object.__hash__


GENAI_KINDS: Final = frozenset(Kind) - {Kind.NODE, Kind.CHAIN}
MODEL_KINDS: Final = frozenset({Kind.CHAT, Kind.COMPLETION})
GRAPH_KINDS: Final = frozenset({Kind.AGENT, Kind.WORKFLOW, Kind.NODE})
CLIENT_KINDS: Final = frozenset({Kind.CHAT, Kind.COMPLETION, Kind.EMBEDDINGS, Kind.RETRIEVER})


class Operation(NamedTuple):
    """What a run is recorded as.

    Attributes:
        kind: The kind of run.
        name: Span name, low-cardinality.
        target: What the operation acts on (model, tool, agent, graph, node), if known.
    """

    kind: Kind
    name: str
    target: str | None


# What a run is recorded as if its start event cannot be understood.
UNKNOWN_OPERATION: Final = Operation(Kind.CHAIN, "run", None)


class Graph(NamedTuple):
    """A LangGraph graph that is about to start, as told by the graph itself.

    Attributes:
        name: The name its run will have; None if the graph could not tell.
        is_agent: It was made by ``create_agent``, or by the ``create_react_agent`` before it.
    """

    name: str | None
    is_agent: bool


def operation(kind: Kind, target: str | None) -> Operation:
    """A GenAI operation, named ``{operation} {target}`` as the conventions say."""
    return Operation(kind, f"{kind.value} {target}" if target else kind.value, target)


def chain_operation(
    name: str | None,
    tags: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
    *,
    inside_graph: bool,
    graph: Graph | None,
) -> Operation:
    """Tell agents, graphs, nodes and plain chains apart.

    Args:
        name: The run's name.
        tags: Tags of the start event.
        metadata: Metadata of the start event; nested runs inherit most of it from the enclosing graph.
        inside_graph: An enclosing run already belongs to a graph.
        graph: The graph that announced this run, if one did.
    """
    label = name or "chain"
    if name and metadata and as_str(metadata.get("langgraph_node")) == name and _is_step(tags):
        return Operation(Kind.NODE, f"node {label}", label)
    if graph is not None and graph.name in (name, None):
        return _graph_operation(label, metadata, is_agent=graph.is_agent)
    mark = metadata.get("ls_integration") if metadata else None
    if not metadata or not isinstance(mark, str) or mark not in _GRAPH_INTEGRATIONS:
        return Operation(Kind.CHAIN, label, None)
    agent = metadata.get("lc_agent_name")
    is_agent = mark == AGENT_INTEGRATION
    # Without an announcement: a graph's root is the first run of a tree that carries the mark, and a
    # nested agent's root is the only run that bears the agent's own name.
    if not inside_graph or (is_agent and name is not None and as_str(agent) == name):
        return _graph_operation(label, metadata, is_agent=is_agent)
    return Operation(Kind.CHAIN, label, None)


def is_hidden(tags: Sequence[Any] | None) -> bool:
    """Tell whether LangChain marks a run as none of the user's business."""
    for tag in tags or ():  # noqa: SIM110 - as below: a generator would cost more
        # By its type only: a tag may be anything, and a run without an answer to this would have no span.
        if issubclass(type(tag), str) and str.__eq__(tag, HIDDEN_TAG):
            return True
    return False


def _is_step(tags: Sequence[Any] | None) -> bool:
    for tag in tags or ():  # noqa: SIM110 - a generator would cost more than the rest of the rules
        if isinstance(tag, str) and tag.startswith(_STEP_TAG):
            return True
    return False


def _graph_operation(label: str, metadata: Mapping[str, Any] | None, *, is_agent: bool) -> Operation:
    if is_agent:
        agent = (metadata or {}).get("lc_agent_name")
        return operation(Kind.AGENT, _meaningful(label) or as_str(agent))
    return operation(Kind.WORKFLOW, _meaningful(label))


def _meaningful(label: str) -> str | None:
    return None if label in _DEFAULT_GRAPH_NAMES else label
