"""What a run is recorded as: tables for each rule, and properties for everything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.conventions.operations import (
    CLIENT_KINDS,
    GENAI_KINDS,
    GRAPH_KINDS,
    Graph,
    Kind,
    Operation,
    chain_operation,
    is_hidden,
    operation,
)


class Undecided:
    """Like an array: a comparison is no answer."""

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise ValueError("neither")

    __hash__ = None  # type: ignore[assignment]


GRAPH = {"ls_integration": "langgraph"}
AGENT = {"ls_integration": "langchain_create_agent"}
NODE = {**GRAPH, "langgraph_node": "answer"}
STEP = ["graph:step:1"]

CHAINS: dict[str, tuple[dict[str, Any], Operation]] = {
    "a step": ({"name": "RunnableLambda"}, Operation(Kind.CHAIN, "RunnableLambda", None)),
    "a step without a name": ({}, Operation(Kind.CHAIN, "chain", None)),
    "a step with an empty name": ({"name": ""}, Operation(Kind.CHAIN, "chain", None)),
    "a graph": (
        {"name": "flow", "metadata": GRAPH},
        Operation(Kind.WORKFLOW, "invoke_workflow flow", "flow"),
    ),
    "a graph that nobody named": (
        {"name": "LangGraph", "metadata": GRAPH},
        Operation(Kind.WORKFLOW, "invoke_workflow", None),
    ),
    "an agent": (
        {"name": "math", "metadata": {**AGENT, "lc_agent_name": "math"}},
        Operation(Kind.AGENT, "invoke_agent math", "math"),
    ),
    "an agent that nobody named": (
        {"name": "LangGraph", "metadata": AGENT},
        Operation(Kind.AGENT, "invoke_agent", None),
    ),
    "an agent whose run has a default name": (
        {"name": "LangGraph", "metadata": {**AGENT, "lc_agent_name": "math"}},
        Operation(Kind.AGENT, "invoke_agent math", "math"),
    ),
    "an agent whose name is no text": (
        {"name": "LangGraph", "metadata": {**AGENT, "lc_agent_name": 7}},
        Operation(Kind.AGENT, "invoke_agent", None),
    ),
    "a node": (
        {"name": "answer", "metadata": NODE, "tags": STEP, "inside_graph": True},
        Operation(Kind.NODE, "node answer", "answer"),
    ),
    "a node of a graph that marks nothing": (
        {"name": "answer", "metadata": {"langgraph_node": "answer"}, "tags": STEP, "inside_graph": True},
        Operation(Kind.NODE, "node answer", "answer"),
    ),
    "a step inside a node": (
        {"name": "parse", "metadata": NODE, "tags": ["seq:step:1"], "inside_graph": True},
        Operation(Kind.CHAIN, "parse", None),
    ),
    "a step with the node's name": (
        {"name": "answer", "metadata": NODE, "tags": ["seq:step:1"], "inside_graph": True},
        Operation(Kind.CHAIN, "answer", None),
    ),
    "an edge's function": (
        {"name": "route", "metadata": NODE, "tags": STEP, "inside_graph": True},
        Operation(Kind.CHAIN, "route", None),
    ),
    "a nested agent, by its own name": (
        {
            "name": "math",
            "metadata": {**AGENT, **NODE, **AGENT, "lc_agent_name": "math"},
            "inside_graph": True,
        },
        Operation(Kind.AGENT, "invoke_agent math", "math"),
    ),
    "a step of a nested agent": (
        {"name": "parse", "metadata": {**NODE, **AGENT, "lc_agent_name": "math"}, "inside_graph": True},
        Operation(Kind.CHAIN, "parse", None),
    ),
    "a nested graph that announced itself": (
        {"name": "inner", "metadata": NODE, "inside_graph": True, "graph": Graph("inner", is_agent=False)},
        Operation(Kind.WORKFLOW, "invoke_workflow inner", "inner"),
    ),
    "a nested agent that announced itself": (
        {"name": "inner", "metadata": NODE, "inside_graph": True, "graph": Graph("inner", is_agent=True)},
        Operation(Kind.AGENT, "invoke_agent inner", "inner"),
    ),
    "a graph that could not tell its name": (
        {"name": "inner", "inside_graph": True, "graph": Graph(None, is_agent=False)},
        Operation(Kind.WORKFLOW, "invoke_workflow inner", "inner"),
    ),
    "a run that another graph's announcement reached": (
        {"name": "parse", "metadata": NODE, "inside_graph": True, "graph": Graph("inner", is_agent=False)},
        Operation(Kind.CHAIN, "parse", None),
    ),
    "a node with the name of a graph that announced itself": (
        {"name": "answer", "metadata": NODE, "tags": STEP, "graph": Graph("answer", is_agent=False)},
        Operation(Kind.NODE, "node answer", "answer"),
    ),
    "a step with a step's tag but no node": (
        {"metadata": {"user": 1}, "tags": STEP},
        Operation(Kind.CHAIN, "chain", None),
    ),
    "a step with metadata of the user's own": (
        {"name": "parse", "metadata": {"ls_integration": "mine", "lc_agent_name": "parse"}},
        Operation(Kind.CHAIN, "parse", None),
    ),
}

texts = st.text(max_size=8) | st.sampled_from(["answer", "math", "LangGraph", "graph:step:1"])
metadata = st.none() | st.dictionaries(
    st.sampled_from(["ls_integration", "langgraph_node", "lc_agent_name", "user"]),
    texts | st.sampled_from(["langgraph", "langchain_create_agent"]) | st.none() | st.integers(),
)
graphs = st.none() | st.builds(Graph, st.none() | texts, st.booleans())


def _operation(
    name: str | None = None,
    tags: Any = None,
    metadata: Any = None,
    *,
    inside_graph: bool = False,
    graph: Graph | None = None,
) -> Operation:
    return chain_operation(name, tags, metadata, inside_graph=inside_graph, graph=graph)


@pytest.mark.parametrize("case", CHAINS)
def test_a_chain_event_is_told_apart(case: str) -> None:
    arguments, expected = CHAINS[case]

    assert expected == _operation(**arguments)


@pytest.mark.parametrize(
    ("kind", "target", "name"),
    [
        (Kind.CHAT, "gpt-5", "chat gpt-5"),
        (Kind.CHAT, None, "chat"),
        (Kind.CHAT, "", "chat"),
        (Kind.COMPLETION, "davinci", "text_completion davinci"),
        (Kind.TOOL, "add", "execute_tool add"),
        (Kind.RETRIEVER, "docs", "retrieval docs"),
        (Kind.AGENT, "math", "invoke_agent math"),
        (Kind.WORKFLOW, None, "invoke_workflow"),
    ],
)
def test_an_operation_is_named_after_what_it_acts_on(kind: Kind, target: str | None, name: str) -> None:
    assert name == operation(kind, target).name


def test_chains_and_nodes_are_no_operations_of_the_conventions() -> None:
    assert {Kind.CHAIN, Kind.NODE} == set(Kind) - GENAI_KINDS


def test_clients_and_graphs_do_not_overlap() -> None:
    assert frozenset() == CLIENT_KINDS & GRAPH_KINDS


@given(st.none() | texts, st.none() | st.lists(texts), metadata, st.booleans(), graphs)
def test_every_chain_event_gets_a_name_and_a_kind_of_chain(
    name: str | None, tags: Any, metadata: Any, inside: bool, graph: Graph | None
) -> None:
    result = _operation(name, tags, metadata, inside_graph=inside, graph=graph)

    assert result.name
    assert result.kind in {Kind.CHAIN, Kind.NODE, Kind.WORKFLOW, Kind.AGENT}


@given(st.none() | texts, st.none() | st.lists(texts), metadata, st.booleans(), graphs)
def test_only_a_run_that_metadata_names_is_a_node(
    name: str | None, tags: Any, metadata: Any, inside: bool, graph: Graph | None
) -> None:
    if _operation(name, tags, metadata, inside_graph=inside, graph=graph).kind is Kind.NODE:
        assert name == metadata["langgraph_node"]


@given(st.none() | texts, st.none() | st.lists(texts), metadata.filter(lambda data: not data), st.booleans())
def test_without_metadata_and_announcement_every_run_is_a_chain(
    name: str | None, tags: Any, metadata: Any, inside: bool
) -> None:
    assert Kind.CHAIN is _operation(name, tags, metadata, inside_graph=inside).kind


@given(st.sampled_from(sorted(GENAI_KINDS, key=str)), st.none() | texts)
def test_an_operations_name_begins_with_its_kind(kind: Kind, target: str | None) -> None:
    assert kind.value == operation(kind, target).name.split(" ")[0]


@pytest.mark.parametrize(
    "tag", [7, None, Undecided(), ["langsmith:hidden"]], ids=["int", "None", "array", "list"]
)
def test_a_tag_may_be_anything_and_only_one_text_hides_a_run(tag):
    assert (False, True) == (is_hidden([tag]), is_hidden([tag, "langsmith:hidden"]))
