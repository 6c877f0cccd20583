"""Agents of other packages: each run that LangChain tells of is one span, in the place where it belongs."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

from support.drawing import drawn, written
from support.ecosystem import WAYS, Counting, check_counted, needed
from support.models import StreamingChat, tool_call, usage
from support.recording import Recording

deepagents = needed("deepagents")
langgraph_supervisor = needed("langgraph_supervisor")
langgraph_swarm = needed("langgraph_swarm")

ASK: Any = {"messages": [("user", "2 + 2?")]}
# What these packages use of LangGraph is their own affair.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


@tool
def double(number: int) -> int:
    """Double a number."""
    return number * 2


def model(name: str, *answers: Any) -> StreamingChat:
    """A model that answers in turn, and says what that took."""
    for answer in answers:
        if not isinstance(answer, str):
            answer.usage_metadata = usage(5, 2)
    return StreamingChat(answers=answers, model_name=name)


def deep_agent() -> Any:
    """An agent that gives a task to a helper, which uses a tool."""
    helper = model("helper-model", tool_call("double", number=2), "four")
    boss = model("boss-model", tool_call("task", description="2 + 2?", subagent_type="helper"), "It is four.")
    subagent = {
        "name": "helper",
        "description": "calculates",
        "system_prompt": "Calculate.",
        "model": helper,
        "tools": [double],
    }
    return deepagents.create_deep_agent(
        model=boss, tools=[], system_prompt="Ask.", subagents=[subagent], name="boss"
    )


def supervised() -> Any:
    """A supervisor that hands over to an agent."""
    math = create_agent(model("math-model", tool_call("double", number=2), "four"), [double], name="math")
    boss = _binding(model("boss-model", tool_call("transfer_to_math"), "It is four."))
    return langgraph_supervisor.create_supervisor([math], model=boss, supervisor_name="boss").compile(
        name="office"
    )


def swarm() -> Any:
    """Two agents, the first of which hands over to the second."""
    to_bob = langgraph_swarm.create_handoff_tool(agent_name="bob")
    alice = create_agent(model("alice-model", tool_call("transfer_to_bob")), [to_bob], name="alice")
    bob = create_agent(model("bob-model", "four"), [], name="bob")
    return langgraph_swarm.create_swarm([alice, bob], default_active_agent="alice").compile(name="pair")


def _binding(chat: StreamingChat) -> Any:
    """The model with its tools bound as LangGraph's own agent expects to find them."""

    class Binding(type(chat)):  # type: ignore[misc] # a class made where it is needed
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self.bind(tools=[{"type": "function", "function": {"name": each.name}} for each in tools])

    return Binding(answers=chat.answers, model_name=chat.model_name)


TREES = {
    deep_agent: """
        invoke_agent boss
          node PatchToolCallsMiddleware.before_agent
          node _ParentNotifierMiddleware.after_agent
          node model
            chat boss-model
          node model
            chat boss-model
          node tools
            execute_tool task
              invoke_agent helper
                node PatchToolCallsMiddleware.before_agent
                node model
                  chat helper-model
                node model
                  chat helper-model
                node tools
                  execute_tool double
    """,
    supervised: """
        invoke_workflow office
          node boss
            invoke_agent boss
              node agent
                call_model
                  RunnableSequence
                    Prompt
                    chat boss-model
                should_continue
          node boss
            invoke_agent boss
              node agent
                call_model
                  RunnableSequence
                    Prompt
                    chat boss-model
                should_continue
              node tools
                execute_tool transfer_to_math
          node math
            call_agent
              invoke_agent math
                node model
                  chat math-model
                node model
                  chat math-model
                node tools
                  execute_tool double
    """,
    swarm: """
        invoke_workflow pair
          node alice
            invoke_agent alice
              node model
                chat alice-model
              node tools
                execute_tool transfer_to_bob
          node bob
            invoke_agent bob
              node model
                chat bob-model
    """,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("application", TREES, ids=lambda each: each.__name__)
def test_the_tree_is_as_the_application_is_built(traced: Recording, application: Any, way: str) -> None:
    counting = Counting()

    WAYS[way](application(), ASK, {"callbacks": [counting]})

    assert written(TREES[application]) == drawn(traced.spans)
    check_counted(counting, traced)
