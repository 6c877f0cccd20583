"""The tree of a real agent."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

from support.capabilities import MARKED_AGENTS
from support.models import ScriptedChat, tool_call
from support.recording import Recording


@MARKED_AGENTS.mark
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
    ] == traced.paths()
