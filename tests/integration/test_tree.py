"""The tree of a real agent."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph

from support.agents import is_edge
from support.models import ScriptedChat, tool_call
from support.recording import Recording


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_an_agent_run_is_one_tree_with_the_applications_spans_in_it(
    traced: Recording, mode: str
) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        with traced.tracer.start_as_current_span("db"):
            return a + b

    model = ScriptedChat(answers=(tool_call("add", a=1, b=2), "three"), body=traced.tracer)
    agent = create_agent(model, [add], name="math")
    inputs = {"messages": [("user", "1 + 2?")]}
    result = agent.invoke(inputs) if mode == "invoke" else await agent.ainvoke(inputs)

    assert "three" == result["messages"][-1].content
    assert [
        "invoke_agent math",
        "invoke_agent math/node model",
        "invoke_agent math/node model",
        "invoke_agent math/node model/chat scripted-1",
        "invoke_agent math/node model/chat scripted-1",
        "invoke_agent math/node model/chat scripted-1/http",
        "invoke_agent math/node model/chat scripted-1/http",
        "invoke_agent math/node tools",
        "invoke_agent math/node tools/execute_tool add",
        "invoke_agent math/node tools/execute_tool add/db",
    ] == [path for path in traced.paths() if not is_edge(path)]


@pytest.mark.filterwarnings("ignore:.* has been moved to")
async def test_an_agent_of_the_older_maker_is_an_agent(traced: Recording) -> None:
    from langgraph.prebuilt import create_react_agent  # it warns

    model = ScriptedChat(answers=("hi",))
    agent = create_react_agent(model, [], name="helper")
    agent.invoke({"messages": ["hello"]})
    await agent.ainvoke({"messages": ["hello"]})
    assert ["invoke_agent helper"] * 2 == [span.name for span in traced.spans if span.parent is None]


def test_a_graph_with_a_node_named_like_an_agents_is_a_workflow(traced: Recording) -> None:
    graph = StateGraph(dict)
    graph.add_node("model", lambda state: state)
    graph.add_edge(START, "model")
    graph.compile(name="plain").invoke({})
    assert ["invoke_workflow plain"] == [span.name for span in traced.spans if span.parent is None]
