"""Graphs in graphs, and graphs in chains."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from support.cases import Case, Cases, check
from support.graphs import START_STATE, State, anode, line, node
from support.probe import Probe
from support.recording import Recording

cases = Cases()


def nested(probe: Probe, make: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("inner", line(make(probe, "deep"), name="inner"))
    graph.add_edge(START, "inner")
    return graph.compile(name="outer")


@cases("""
    invoke_workflow outer
      node inner
        invoke_workflow inner
          node deep
            http
""")
def sub_graph(probe: Probe) -> None:
    nested(probe, node).invoke(START_STATE)


@cases()
async def sub_graph_async(probe: Probe) -> None:
    await nested(probe, anode).ainvoke(START_STATE)


@cases("""
    invoke_workflow outer
      node a
        http
          invoke_workflow inner
            node deep
              http
""")
def sub_graph_called_in_a_node(probe: Probe) -> None:
    inner = line(node(probe, "deep"), name="inner")
    line(node(probe, "a", inner.invoke), name="outer").invoke(START_STATE)


@cases()
async def sub_graph_called_in_a_node_async(probe: Probe) -> None:
    inner = line(anode(probe, "deep"), name="inner")
    await line(anode(probe, "a", inner.ainvoke), name="outer").ainvoke(START_STATE)


def leaving(probe: Probe, make: Any) -> Any:
    inner = StateGraph(State)
    inner.add_node(make(probe, "deep", lambda _: Command(goto="b", graph=Command.PARENT)))
    inner.add_edge(START, "deep")
    graph = StateGraph(State)
    graph.add_node("inner", inner.compile(name="inner"), destinations=("b",))
    graph.add_node(make(probe, "b"))
    graph.add_edge(START, "inner")
    return graph.compile(name="outer")


@cases("""
    invoke_workflow outer
      node b
        http
      node inner
        invoke_workflow inner
          node deep
            http
""")
def command_to_the_parent(probe: Probe) -> None:
    leaving(probe, node).invoke(START_STATE)


@cases()
async def command_to_the_parent_async(probe: Probe) -> None:
    await leaving(probe, anode).ainvoke(START_STATE)


@cases("""
    RunnableSequence
      RunnableLambda
      invoke_workflow graph
        node a
          http
""")
def a_graph_in_a_chain(probe: Probe) -> None:
    (RunnableLambda(lambda _: START_STATE) | line(node(probe, "a"), name="graph")).invoke(1)


@cases.each
def test_a_nested_graph_is_current_in_its_nodes_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
