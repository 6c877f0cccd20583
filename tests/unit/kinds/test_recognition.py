"""The kind, span name and target of a run: tables for each rule, and properties for everything else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanKind

from langspan._events import CallbackType, Graph, Started
from langspan.kinds.agents import AGENT as AGENT_KIND
from langspan.kinds.base import RunKind
from langspan.kinds.chains import CHAIN
from langspan.kinds.graphs import NODE as NODE_KIND
from langspan.kinds.graphs import WORKFLOW
from langspan.kinds.models import CHAT, COMPLETION
from langspan.kinds.registry import KINDS, Identity, identify, is_hidden
from langspan.kinds.retrievers import RETRIEVER
from langspan.kinds.tools import TOOL


class Undecided:
    """An array-like object whose comparison has no truth value."""

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise ValueError("neither")

    __hash__ = None  # type: ignore[assignment]


GRAPH = {"ls_integration": "langgraph"}
AGENT = {"ls_integration": "langchain_create_agent"}
NODE = {**GRAPH, "langgraph_node": "answer"}
STEP = ["graph:step:1"]

CHAINS: dict[str, tuple[dict[str, Any], Identity]] = {
    "a step": ({"name": "RunnableLambda"}, (CHAIN, "RunnableLambda", "RunnableLambda")),
    "a step without a name": ({}, (CHAIN, "chain", None)),
    "a step with an empty name": ({"name": ""}, (CHAIN, "chain", None)),
    "a graph": (
        {"name": "flow", "metadata": GRAPH},
        (WORKFLOW, "invoke_workflow flow", "flow"),
    ),
    "a graph with a default name": (
        {"name": "LangGraph", "metadata": GRAPH},
        (WORKFLOW, "invoke_workflow", None),
    ),
    "an agent": (
        {"name": "math", "metadata": {**AGENT, "lc_agent_name": "math"}},
        (AGENT_KIND, "invoke_agent math", "math"),
    ),
    "an agent with a default name": (
        {"name": "LangGraph", "metadata": AGENT},
        (AGENT_KIND, "invoke_agent", None),
    ),
    "an agent whose run has a default name": (
        {"name": "LangGraph", "metadata": {**AGENT, "lc_agent_name": "math"}},
        (AGENT_KIND, "invoke_agent math", "math"),
    ),
    "an agent whose name is not a string": (
        {"name": "LangGraph", "metadata": {**AGENT, "lc_agent_name": 7}},
        (AGENT_KIND, "invoke_agent", None),
    ),
    "a node": (
        {"name": "answer", "metadata": NODE, "tags": STEP, "inside_graph": True},
        (NODE_KIND, "node answer", "answer"),
    ),
    "a node of a graph without an integration mark": (
        {"name": "answer", "metadata": {"langgraph_node": "answer"}, "tags": STEP, "inside_graph": True},
        (NODE_KIND, "node answer", "answer"),
    ),
    "a step inside a node": (
        {"name": "parse", "metadata": NODE, "tags": ["seq:step:1"], "inside_graph": True},
        (CHAIN, "parse", "parse"),
    ),
    "a step with the node's name": (
        {"name": "answer", "metadata": NODE, "tags": ["seq:step:1"], "inside_graph": True},
        (CHAIN, "answer", "answer"),
    ),
    "an edge's function": (
        {"name": "route", "metadata": NODE, "tags": STEP, "inside_graph": True},
        (CHAIN, "route", "route"),
    ),
    "a nested agent, by its own name": (
        {
            "name": "math",
            "metadata": {**AGENT, **NODE, **AGENT, "lc_agent_name": "math"},
            "inside_graph": True,
        },
        (AGENT_KIND, "invoke_agent math", "math"),
    ),
    "a step of a nested agent": (
        {"name": "parse", "metadata": {**NODE, **AGENT, "lc_agent_name": "math"}, "inside_graph": True},
        (CHAIN, "parse", "parse"),
    ),
    "a nested graph that announced itself": (
        {"name": "inner", "metadata": NODE, "inside_graph": True, "graph": Graph("inner", is_agent=False)},
        (WORKFLOW, "invoke_workflow inner", "inner"),
    ),
    "a nested agent that announced itself": (
        {"name": "inner", "metadata": NODE, "inside_graph": True, "graph": Graph("inner", is_agent=True)},
        (AGENT_KIND, "invoke_agent inner", "inner"),
    ),
    "a graph that announced no name": (
        {"name": "inner", "inside_graph": True, "graph": Graph(None, is_agent=False)},
        (WORKFLOW, "invoke_workflow inner", "inner"),
    ),
    "a run that another graph's announcement reached": (
        {"name": "parse", "metadata": NODE, "inside_graph": True, "graph": Graph("inner", is_agent=False)},
        (CHAIN, "parse", "parse"),
    ),
    "a node with the name of a graph that announced itself": (
        {"name": "answer", "metadata": NODE, "tags": STEP, "graph": Graph("answer", is_agent=False)},
        (NODE_KIND, "node answer", "answer"),
    ),
    "a step with a step's tag but no node": (
        {"metadata": {"user": 1}, "tags": STEP},
        (CHAIN, "chain", None),
    ),
    "a step with metadata of the user's own": (
        {"name": "parse", "metadata": {"ls_integration": "mine", "lc_agent_name": "parse"}},
        (CHAIN, "parse", "parse"),
    ),
}

texts = st.text(max_size=8) | st.sampled_from(["answer", "math", "LangGraph", "graph:step:1"])
metadata = st.none() | st.dictionaries(
    st.sampled_from(["ls_integration", "langgraph_node", "lc_agent_name", "user"]),
    texts | st.sampled_from(["langgraph", "langchain_create_agent"]) | st.none() | st.integers(),
)
graphs = st.none() | st.builds(Graph, st.none() | texts, st.booleans(), st.none() | texts, st.none())


def _event(
    callback: CallbackType | None = CallbackType.CHAIN,
    name: str | None = None,
    tags: Any = None,
    metadata: Any = None,
    serialized: Any = None,
) -> Started:
    return Started(callback, uuid4(), None, name, serialized, tags, metadata, {}, {})


def _identity(
    name: str | None = None,
    tags: Any = None,
    metadata: Any = None,
    *,
    inside_graph: bool = False,
    graph: Graph | None = None,
) -> Identity:
    event = _event(name=name, tags=tags, metadata=metadata)
    return identify(event, inside_graph=inside_graph, graph=graph)


@pytest.mark.parametrize("case", CHAINS)
def test_a_chain_events_kind(case: str) -> None:
    arguments, expected = CHAINS[case]

    assert expected == _identity(**arguments)


def _model(name: str | None) -> dict[str, Any]:
    return {"metadata": {"ls_model_name": name}}


@pytest.mark.parametrize(
    ("callback", "fields", "expected"),
    [
        (CallbackType.CHAT_MODEL, _model("gpt-5"), (CHAT, "chat gpt-5", "gpt-5")),
        (CallbackType.CHAT_MODEL, _model(None), (CHAT, "chat", None)),
        (CallbackType.CHAT_MODEL, _model(""), (CHAT, "chat", None)),
        (CallbackType.LLM, _model("davinci"), (COMPLETION, "text_completion davinci", "davinci")),
        (CallbackType.TOOL, {"name": "add"}, (TOOL, "execute_tool add", "add")),
        (
            CallbackType.TOOL,
            {"name": "run", "serialized": {"name": "add"}},
            (TOOL, "execute_tool add", "add"),
        ),
        (CallbackType.TOOL, {"serialized": {"name": 3}}, (TOOL, "execute_tool", None)),
        (CallbackType.RETRIEVER, {"name": "docs"}, (RETRIEVER, "retrieval docs", "docs")),
        (CallbackType.CHAIN, {"serialized": {"name": "Sum"}}, (CHAIN, "Sum", "Sum")),
    ],
)
def test_a_span_is_named_after_what_the_run_acts_on(
    callback: CallbackType, fields: dict[str, Any], expected: Identity
) -> None:
    assert expected == identify(_event(callback, **fields))


def test_a_given_kind_is_used() -> None:
    assert (TOOL, "execute_tool add", "add") == identify(_event(None, "add"), TOOL)


def test_chains_and_nodes_are_not_genai_operations() -> None:
    assert {CHAIN, NODE_KIND} == {kind for kind in KINDS if kind.operation is None}


def test_clients_and_graphs_do_not_overlap() -> None:
    assert set() == {kind for kind in KINDS if kind.is_graph and kind.span_kind is SpanKind.CLIENT}


@given(st.none() | texts, st.none() | st.lists(texts), metadata, st.booleans(), graphs)
def test_every_chain_event_gets_a_name_and_a_kind_of_chain(
    name: str | None, tags: Any, metadata: Any, inside: bool, graph: Graph | None
) -> None:
    kind, span_name, _ = _identity(name, tags, metadata, inside_graph=inside, graph=graph)

    assert span_name
    assert kind in {CHAIN, NODE_KIND, WORKFLOW, AGENT_KIND}


@given(st.none() | texts, st.none() | st.lists(texts), metadata, st.booleans(), graphs)
def test_only_a_run_that_metadata_names_is_a_node(
    name: str | None, tags: Any, metadata: Any, inside: bool, graph: Graph | None
) -> None:
    if _identity(name, tags, metadata, inside_graph=inside, graph=graph)[0] is NODE_KIND:
        assert name == metadata["langgraph_node"]


@given(st.none() | texts, st.none() | st.lists(texts), metadata.filter(lambda data: not data), st.booleans())
def test_without_metadata_and_announcement_every_run_is_a_chain(
    name: str | None, tags: Any, metadata: Any, inside: bool
) -> None:
    assert CHAIN is _identity(name, tags, metadata, inside_graph=inside)[0]


@given(st.sampled_from([kind for kind in KINDS if kind.prefix]), st.none() | texts, metadata)
def test_a_span_with_a_prefix_is_named_by_it(kind: RunKind, name: str | None, metadata: Any) -> None:
    assert kind.prefix == identify(_event(None, name, metadata=metadata), kind)[1].split(" ")[0]


@pytest.mark.parametrize(
    "tag", [7, None, Undecided(), ["langsmith:hidden"]], ids=["int", "None", "array", "list"]
)
def test_a_tag_may_be_any_object_but_only_one_string_hides_the_run(tag):
    assert (False, True) == (is_hidden([tag]), is_hidden([tag, "langsmith:hidden"]))
