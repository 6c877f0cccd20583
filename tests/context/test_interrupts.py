"""Graphs that stop for their user and go on later: interrupted is no failure, and nothing stays current."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from support.capabilities import GRAPH_CALLBACKS
from support.cases import Case, Cases, check
from support.graphs import START_STATE, GraphInterrupt, State, anode, line, node
from support.probe import Probe
from support.recording import Recording
from support.steps import raising

cases = Cases()

CONFIG: Any = {"configurable": {"thread_id": "1"}}


def ask(_: Any) -> Any:
    """Work for a node that asks its user."""
    return {"seen": [interrupt("may I?")]}


def asking(probe: Probe, make: Any = node) -> Any:
    return line(make(probe, "a"), make(probe, "ask", ask), checkpointer=InMemorySaver())


@cases("""
    invoke_workflow (interrupted)
      node a
        http
      node ask (interrupted)
        http
""")
def in_a_node(probe: Probe) -> None:
    asking(probe).invoke(START_STATE, CONFIG)


@cases()
async def in_a_node_async(probe: Probe) -> None:
    await asking(probe, anode).ainvoke(START_STATE, CONFIG)


@cases("""
    invoke_workflow
      node ask
        http
    invoke_workflow (interrupted)
      node a
        http
      node ask (interrupted)
        http
""")
def resumed(probe: Probe) -> None:
    graph = asking(probe)
    graph.invoke(START_STATE, CONFIG)
    probe.look("while interrupted")
    graph.invoke(Command(resume="yes"), CONFIG)


@cases()
async def resumed_async(probe: Probe) -> None:
    graph = asking(probe, anode)
    await graph.ainvoke(START_STATE, CONFIG)
    probe.look("while interrupted")
    await graph.ainvoke(Command(resume="yes"), CONFIG)


@cases()
def streamed(probe: Probe) -> None:
    graph = asking(probe)
    probe.consume(graph.stream(START_STATE, CONFIG))
    probe.consume(graph.stream(Command(resume="yes"), CONFIG))


@cases()
async def streamed_async(probe: Probe) -> None:
    graph = asking(probe, anode)
    await probe.aconsume(graph.astream(START_STATE, CONFIG))
    await probe.aconsume(graph.astream(Command(resume="yes"), CONFIG))


@cases("""
    invoke_workflow (closed)
      node a
        http
      node ask (interrupted)
        http
""")
def a_reader_that_leaves_at_the_interrupt(probe: Probe) -> None:
    stream = asking(probe).stream(START_STATE, CONFIG, stream_mode="updates")
    for item in stream:
        if "__interrupt__" in item:
            break
    stream.close()


@cases()
async def a_reader_that_leaves_at_the_interrupt_async(probe: Probe) -> None:
    stream = asking(probe, anode).astream(START_STATE, CONFIG, stream_mode="updates")
    async for item in stream:
        if "__interrupt__" in item:
            break
    await stream.aclose()


@cases("""
    invoke_workflow
      node a
        http
          execute_tool confirm
            http
    invoke_workflow (interrupted)
      node a (interrupted)
        http
          execute_tool confirm (interrupted)
            http
""")
def in_a_tool_in_a_node(probe: Probe) -> None:
    @tool
    def confirm(question: str) -> str:
        """Ask."""
        with probe.start_as_current_span():
            return str(interrupt(question))

    graph = line(node(probe, "a", lambda _: {"seen": [confirm.invoke("?")]}), checkpointer=InMemorySaver())
    graph.invoke(START_STATE, CONFIG)
    graph.invoke(Command(resume="yes"), CONFIG)


def nested(probe: Probe, make: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("inner", line(make(probe, "ask", ask), name="inner"))
    graph.add_edge(START, "inner")
    return graph.compile(name="outer", checkpointer=InMemorySaver())


@cases("""
    invoke_workflow outer
      node inner
        invoke_workflow inner
          node ask
            http
    invoke_workflow outer (interrupted)
      node inner (interrupted)
        invoke_workflow inner (interrupted)
          node ask (interrupted)
            http
""")
def in_a_sub_graph(probe: Probe) -> None:
    graph = nested(probe, node)
    graph.invoke(START_STATE, CONFIG)
    graph.invoke(Command(resume="yes"), CONFIG)


@cases()
async def in_a_sub_graph_async(probe: Probe) -> None:
    graph = nested(probe, anode)
    await graph.ainvoke(START_STATE, CONFIG)
    await graph.ainvoke(Command(resume="yes"), CONFIG)


def both(probe: Probe, make: Any) -> Any:
    graph = StateGraph(State)
    for name in ("x", "y"):
        graph.add_node(make(probe, name, ask))
        graph.add_edge(START, name)
    return graph.compile(checkpointer=InMemorySaver())


@cases("""
    invoke_workflow (interrupted)
      node x (interrupted)
        http
      node y (interrupted)
        http
""")
def in_two_nodes_at_once(probe: Probe) -> None:
    both(probe, node).invoke(START_STATE, CONFIG)


@cases()
async def in_two_nodes_at_once_async(probe: Probe) -> None:
    await both(probe, anode).ainvoke(START_STATE, CONFIG)


def guarded(probe: Probe, make: Any, **options: Any) -> Any:
    return line(make(probe, "a"), make(probe, "b"), checkpointer=InMemorySaver(), **options)


@cases(
    """
    invoke_workflow
      node b
        http
    invoke_workflow (interrupted)
      node a
        http
""",
    needs=GRAPH_CALLBACKS,
)
def before_a_node(probe: Probe) -> None:
    graph = guarded(probe, node, interrupt_before=["b"])
    graph.invoke(START_STATE, CONFIG)
    graph.invoke(None, CONFIG)


@cases(needs=GRAPH_CALLBACKS)
async def before_a_node_async(probe: Probe) -> None:
    graph = guarded(probe, anode, interrupt_before=["b"])
    await graph.ainvoke(START_STATE, CONFIG)
    await graph.ainvoke(None, CONFIG)


@cases(needs=GRAPH_CALLBACKS)
def after_a_node(probe: Probe) -> None:
    graph = guarded(probe, node, interrupt_after=["a"])
    graph.invoke(START_STATE, CONFIG)
    graph.invoke(None, CONFIG)


@cases("""
    invoke_workflow
      node ask
        http
    invoke_workflow (interrupted)
      node a
        http
      node ask (interrupted)
        http
""")
def state_is_read_and_written_meanwhile(probe: Probe) -> None:
    graph = asking(probe)
    graph.invoke(START_STATE, CONFIG)
    graph.get_state(CONFIG)
    list(graph.get_state_history(CONFIG))
    graph.update_state(CONFIG, {"seen": ["x"]}, as_node="a")
    probe.look("after the state was written")
    graph.invoke(Command(resume="yes"), CONFIG)


@cases()
async def state_is_read_and_written_meanwhile_async(probe: Probe) -> None:
    graph = asking(probe, anode)
    await graph.ainvoke(START_STATE, CONFIG)
    await graph.aget_state(CONFIG)
    await graph.aupdate_state(CONFIG, {"seen": ["x"]}, as_node="a")
    probe.look("after the state was written")
    await graph.ainvoke(Command(resume="yes"), CONFIG)


@cases("""
    invoke_workflow
      node a
        http
    invoke_workflow
      node a
        http
""")
def memory_between_two_runs(probe: Probe) -> None:
    graph = line(node(probe, "a"), checkpointer=InMemorySaver())
    graph.invoke(START_STATE, CONFIG)
    graph.invoke(START_STATE, CONFIG)


@cases("""
    invoke_workflow (error support.graphs.GraphInterrupt)
      node a (error support.graphs.GraphInterrupt)
        http
""")
def an_error_of_the_same_name_is_an_error(probe: Probe) -> None:
    with pytest.raises(GraphInterrupt):
        line(node(probe, "a", raising(GraphInterrupt()))).invoke(START_STATE)


@cases.each
def test_an_interrupted_graph_leaves_nothing_behind(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
