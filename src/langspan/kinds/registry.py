"""The list of all kinds of runs, and the rules that find a run's kind from its start event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from langspan._events import Call, CallbackType, Graph, Started
from langspan._reading import as_list, as_text
from langspan._values import as_str
from langspan.conventions.metrics import ALL
from langspan.kinds.agents import AGENT
from langspan.kinds.base import RunKind, run_name
from langspan.kinds.chains import CHAIN
from langspan.kinds.decisions import DECISION, GENERATION, is_decision
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.graphs import NODE, WORKFLOW
from langspan.kinds.models import CHAT, COMPLETION
from langspan.kinds.retrievers import RETRIEVER
from langspan.kinds.tools import TOOL

KINDS: Final = (
    CHAT,
    COMPLETION,
    DECISION,
    GENERATION,
    EMBEDDINGS,
    TOOL,
    RETRIEVER,
    AGENT,
    WORKFLOW,
    NODE,
    CHAIN,
)

HIDDEN_TAG: Final = "langsmith:hidden"
AGENT_INTEGRATION: Final = "langchain_create_agent"
_RUN_TYPES: Final = frozenset({"llm", "retriever", "tool"})
"""The types of runs that LangChain reports as chains and that are none."""
_GRAPH_INTEGRATIONS: Final = frozenset({"langgraph", AGENT_INTEGRATION})
_STEP_TAG: Final = "graph:step:"
_TASK_TAG: Final = "seq:step:1"

Identity: TypeAlias = tuple[RunKind, str, str | None]
"""Kind, span name and target of a run."""

UNKNOWN: Final[Identity] = (CHAIN, "run", None)
"""The identity of a run whose start event cannot be read."""


def identify(
    event: Started,
    kind: RunKind | None = None,
    *,
    call: Call | None = None,
    inside_graph: bool = False,
    graph: Graph | None = None,
) -> Identity:
    """Find a run's kind, span name and target.

    Args:
        event: The start event.
        kind: The kind, if a patch recorded the run and so knows it; None to find it by the event's callback.
        call: The call that started the run, if it was seen.
        inside_graph: Whether an enclosing run belongs to a graph.
        graph: The graph that announced this run, if one did.
    """
    name = None
    if kind is None:
        kind = _BY_CALLBACK[event.callback]
        if type(kind) is not RunKind:
            name = run_name(event)
            run_type = event.extra["run_type"] if "run_type" in event.extra else None  # noqa: SIM401 - for speed
            if type(run_type) is str and run_type in _RUN_TYPES:
                kind = _of_run_type(run_type, event)
            else:
                kind = _RULES[event.callback](event, name, inside_graph, graph)
    target = kind.target(event, call, graph) if kind.target is not None else name or run_name(event)
    prefix = kind.prefix
    if prefix is None:
        return kind, target or kind.name, target
    return kind, f"{prefix} {target}" if target else prefix, target


def is_hidden(tags: Sequence[Any] | None) -> bool:
    """Return whether LangChain marks a run as internal, with the tag `langsmith:hidden`."""
    for tag in tags or ():  # noqa: SIM110 - a generator would cost more
        # Only the type is checked, because a tag may be any object and an error here would lose the span.
        if (tag if type(tag) is str else as_text(tag)) == HIDDEN_TAG:
            return True
    return False


def chain_kind(event: Started, name: str | None, inside_graph: bool, graph: Graph | None) -> RunKind:
    """Return the kind of a run reported by `on_chain_start`: agent, workflow, node or chain.

    The order of the checks matters.

    Args:
        event: The start event; nested runs inherit most of the metadata of the enclosing graph.
        name: The run's name.
        inside_graph: Whether an enclosing run belongs to a graph.
        graph: The graph that announced this run, if one did.
    """
    metadata = event.metadata
    if name and metadata and "langgraph_node" in metadata:
        node = metadata["langgraph_node"]
        if (node is name or as_str(node) == name) and _is_node(event.tags, metadata):
            return NODE
    if graph is not None and graph.name in (name, None):
        return AGENT if graph.is_agent else WORKFLOW
    if not metadata or "ls_integration" not in metadata:
        return CHAIN
    mark = as_text(metadata["ls_integration"])
    if mark is None or mark not in _GRAPH_INTEGRATIONS:
        return CHAIN
    is_agent = mark == AGENT_INTEGRATION
    # Without an announcement, a graph's root is the first run in a tree with the integration mark, and a
    # nested agent's root is the only run with the agent's own name.
    if not inside_graph or (is_agent and name is not None and as_str(metadata.get("lc_agent_name")) == name):
        return AGENT if is_agent else WORKFLOW
    return CHAIN


def _of_run_type(run_type: str, event: Started) -> RunKind:
    """Return the kind of a run that is reported as a chain of one of `_RUN_TYPES`."""
    if run_type == "llm":
        return DECISION if is_decision(event) else GENERATION
    return RETRIEVER if run_type == "retriever" else TOOL


def _is_node(tags: Sequence[Any] | None, metadata: Mapping[str, Any]) -> bool:
    """Whether a run that bears its node's name is the node, or a task, rather than a step inside."""
    for each in tags or ():
        tag = each if type(each) is str else as_text(each)
        if tag is not None and tag.startswith(_STEP_TAG):
            return True
        # A task of the functional API is the first step of the node that was made for it.
        if tag == _TASK_TAG and (path := as_list(metadata.get("langgraph_path"))):
            return path[-1] is True
    return False


Rule: TypeAlias = Callable[[Started, str | None, bool, Graph | None], RunKind]
_RULES: Final[Mapping[Any, Rule]] = {CallbackType.CHAIN: chain_kind}


def by_callback(kinds: Sequence[RunKind], rules: Mapping[CallbackType, Rule]) -> Mapping[Any, Any]:
    """Map each callback to its kind, or to the rule that chooses among several kinds.

    Args:
        kinds: All kinds of runs.
        rules: The rules for callbacks that several kinds share.

    Raises:
        TypeError: A callback has no kind, or has several kinds and no rule, or two kinds have the same name.
    """
    if len({kind.name for kind in kinds}) < len(kinds):
        raise TypeError("two kinds of run have the same name; rename one in langspan.kinds")
    found: dict[CallbackType, RunKind | Rule] = dict(rules)
    for callback in CallbackType:
        matching = [kind for kind in kinds if kind.callback is callback]
        if len(matching) == 1:
            found[callback] = matching[0]
        elif not matching:
            raise TypeError(
                f"no kind of run has the callback {callback}; list one in langspan.kinds.registry.KINDS"
            )
        elif callback not in rules:
            raise TypeError(
                f"{matching} share {callback}; add a rule to langspan.kinds.registry that decides"
            )
    return found


_BY_CALLBACK: Final[Mapping[Any, Any]] = by_callback(KINDS, _RULES)


def check_metrics(kinds: Sequence[RunKind]) -> None:
    """Check that the kinds record exactly the metrics of `langspan.conventions.metrics`.

    Raises:
        TypeError: A kind records a metric that is not listed there, or no kind records a listed one.
    """
    fed = {metric for kind in kinds for metric in kind.metrics}
    for metric in fed.symmetric_difference(ALL):
        where = "RELEASED, LATEST, ADDED or OWN of langspan.conventions.metrics"
        raise TypeError(f"{metric.name} must be listed in {where}, and in the metrics of a kind of run")


check_metrics(KINDS)
