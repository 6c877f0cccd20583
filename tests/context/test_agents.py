"""Agents: model calls, tools and sub-agents, in every way that an agent can be run."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from support.agents import ASK, CONFIG, agent, drawn_agents
from support.capabilities import BETA, GRAPH_EVENTS, TOOL_NODES
from support.cases import Case, Cases, check
from support.models import ScriptedChat, tool_call
from support.probe import Probe
from support.recording import Recording
from support.tools import adouble, double
from support.waiting import Gate, WaitingChat, cancelled_at, waiting_tool

cases = Cases()


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
      node model
        chat scripted-1
          http
      node tools
        execute_tool double
          http
""")
def invoke(probe: Probe) -> None:
    agent(probe, double(probe)).invoke(ASK)


@cases()
async def ainvoke(probe: Probe) -> None:
    await agent(probe, adouble(probe)).ainvoke(ASK)


@cases()
async def ainvoke_with_a_sync_tool(probe: Probe) -> None:
    await agent(probe, double(probe)).ainvoke(ASK)


@cases()
async def invoke_on_an_event_loop(probe: Probe) -> None:
    agent(probe, double(probe)).invoke(ASK)


@cases()
def values(probe: Probe) -> None:
    probe.consume(agent(probe, double(probe)).stream(ASK, stream_mode="values"))


@cases()
async def updates(probe: Probe) -> None:
    await probe.aconsume(agent(probe, adouble(probe)).astream(ASK, stream_mode="updates"))


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
          http
      node model
        chat scripted-1
          http
          http
      node tools
        execute_tool double
          http
""")
def messages(probe: Probe) -> None:
    probe.consume(agent(probe, double(probe)).stream(ASK, stream_mode="messages"))


@cases()
async def messages_async(probe: Probe) -> None:
    await probe.aconsume(agent(probe, adouble(probe)).astream(ASK, stream_mode="messages"))


@cases()
async def astream_events_v2(probe: Probe) -> None:
    await probe.aconsume(agent(probe, adouble(probe)).astream_events(ASK, version="v2"))


@cases(needs=GRAPH_EVENTS, marks=(BETA,))
def stream_events_v3(probe: Probe) -> None:
    probe.consume(agent(probe, double(probe)).stream_events(ASK, version="v3"))


@cases(needs=GRAPH_EVENTS, marks=(BETA,))
async def astream_events_v3(probe: Probe) -> None:
    await probe.aconsume(await agent(probe, adouble(probe)).astream_events(ASK, version="v3"))


TWO_CALLS = tool_call("double", number=2)
TWO_CALLS.tool_calls.append({"name": "double", "args": {"number": 3}, "id": "call-2", "type": "tool_call"})


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
      node model
        chat scripted-1
          http
      node tools
        execute_tool double
          http
      node tools
        execute_tool double
          http
""")
def two_tools_at_once(probe: Probe) -> None:
    agent(probe, double(probe), answers=(TWO_CALLS, "done")).invoke(ASK)


@cases()
async def two_tools_at_once_async(probe: Probe) -> None:
    await agent(probe, adouble(probe), answers=(TWO_CALLS, "done")).ainvoke(ASK)


@cases("""
    invoke_agent math (error ValueError)
      node model
        chat scripted-1
          http
      node tools (error ValueError)
        execute_tool double (error ValueError)
          http
""")
def a_tool_that_fails(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        agent(probe, double(probe, ValueError("no"))).invoke(ASK)


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
      node model
        chat scripted-1
          http
      node tools
        execute_tool double (error tool_error)
          http
""")
async def a_tool_whose_error_is_handled(probe: Probe) -> None:
    await agent(probe, adouble(probe, ToolException("no"), handle_tool_error=True)).ainvoke(ASK)


def delegating(probe: Probe, *, is_async: bool) -> Any:
    """An agent whose tool is another agent."""
    helper = create_agent(ScriptedChat(body=probe, answers=("four",)), [], name="helper")

    @tool
    def ask_helper(question: str) -> str:
        """Ask the helper."""
        with probe.start_as_current_span("user"):
            return str(helper.invoke(ASK)["messages"][-1].content)

    @tool("ask_helper")
    async def aask_helper(question: str) -> str:
        """Ask the helper."""
        with probe.start_as_current_span("user"):
            return str((await helper.ainvoke(ASK))["messages"][-1].content)

    answers = (tool_call("ask_helper", question="?"), "done")
    return agent(probe, aask_helper if is_async else ask_helper, answers=answers)


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
      node model
        chat scripted-1
          http
      node tools
        execute_tool ask_helper
          user
            invoke_agent helper
              node model
                chat scripted-1
                  http
""")
def an_agent_as_a_tool(probe: Probe) -> None:
    delegating(probe, is_async=False).invoke(ASK)


@cases()
async def an_agent_as_a_tool_async(probe: Probe) -> None:
    await delegating(probe, is_async=True).ainvoke(ASK)


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
          http
      node model
        chat scripted-1
          http
          http
      node tools
        execute_tool ask_helper
          user
            invoke_agent helper
              node model
                chat scripted-1
                  http
""")
async def an_agent_as_a_tool_streamed(probe: Probe) -> None:
    stream = delegating(probe, is_async=True).astream(ASK, stream_mode="messages", subgraphs=True)
    await probe.aconsume(stream)


@tool
def confirm(question: str) -> str:
    """Ask the user."""
    return str(interrupt(question))


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
      node tools
        execute_tool confirm
    invoke_agent math (interrupted)
      node model
        chat scripted-1
          http
      node tools (interrupted)
        execute_tool confirm (interrupted)
""")
def a_tool_that_interrupts(probe: Probe) -> None:
    asking = agent(
        probe, confirm, answers=(tool_call("confirm", question="?"), "done"), checkpointer=InMemorySaver()
    )
    asking.invoke(ASK, CONFIG)
    probe.look("while interrupted")
    asking.invoke(Command(resume="yes"), CONFIG)


@cases()
async def a_tool_that_interrupts_async(probe: Probe) -> None:
    asking = agent(
        probe, confirm, answers=(tool_call("confirm", question="?"), "done"), checkpointer=InMemorySaver()
    )
    await asking.ainvoke(ASK, CONFIG)
    probe.look("while interrupted")
    await asking.ainvoke(Command(resume="yes"), CONFIG)


class Number(BaseModel):
    """A number."""

    value: int


@cases("""
    invoke_agent math
      node model
        chat scripted-1
          http
""")
def structured_answer(probe: Probe) -> None:
    answers = (tool_call("Number", value=4),)
    agent(probe, answers=answers, response_format=Number).invoke(ASK)


@cases(
    """
    invoke_workflow
      node tools
        execute_tool double
          http
""",
    needs=TOOL_NODES,
)
def tool_node(probe: Probe) -> None:
    graph = StateGraph(MessagesState)
    from langgraph.prebuilt import ToolNode

    graph.add_node("tools", ToolNode([double(probe)]))
    graph.add_edge(START, "tools")
    graph.compile().invoke({"messages": [tool_call("double", number=2)]})


@cases(needs=TOOL_NODES)
async def tool_node_async(probe: Probe) -> None:
    graph = StateGraph(MessagesState)
    from langgraph.prebuilt import ToolNode

    graph.add_node("tools", ToolNode([adouble(probe)]))
    graph.add_edge(START, "tools")
    await graph.compile().ainvoke({"messages": [tool_call("double", number=2)]})


@cases("""
    invoke_agent math (cancelled)
      node model (cancelled)
        chat scripted-1 (cancelled)
          http
""")
async def a_cancelled_model(probe: Probe) -> None:
    gate = Gate()
    waiting = create_agent(WaitingChat(gate=gate, body=probe), [], name="math")
    await cancelled_at(gate, waiting.ainvoke(ASK))


@cases("""
    invoke_agent math (cancelled)
      node model
        chat scripted-1
          http
      node tools (cancelled)
        execute_tool wait (cancelled)
          http
""")
async def a_cancelled_tool(probe: Probe) -> None:
    gate = Gate()
    waiting = agent(probe, waiting_tool(probe, gate), answers=(tool_call("wait", number=1), "done"))
    await cancelled_at(gate, waiting.ainvoke(ASK))


@cases()
async def a_cancelled_reader(probe: Probe) -> None:
    gate = Gate()
    waiting = agent(probe, waiting_tool(probe, gate), answers=(tool_call("wait", number=1), "done"))

    async def read() -> None:
        async for _ in waiting.astream(ASK, stream_mode="updates"):
            pass

    await cancelled_at(gate, read())


@cases.each
def test_an_agents_parts_are_current_in_their_bodies_only(
    case: Case, recording: Recording, outer: bool
) -> None:
    check(case, recording, outer=outer, draw=drawn_agents)
