"""Graphs: each node's span is current in the node's own code, however the graph gets there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send

from support.cases import Case, Cases, check
from support.graphs import START_STATE, State, anode, line, node
from support.models import ScriptedChat
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, steps

cases = Cases()


@cases("""
    invoke_workflow
      node a
        http
      node b
        http
""")
def invoke(probe: Probe) -> None:
    line(node(probe, "a"), node(probe, "b")).invoke(START_STATE)


@cases()
async def ainvoke(probe: Probe) -> None:
    await line(anode(probe, "a"), anode(probe, "b")).ainvoke(START_STATE)


@cases()
async def ainvoke_of_sync_nodes(probe: Probe) -> None:
    await line(node(probe, "a"), node(probe, "b")).ainvoke(START_STATE)


@cases()
async def invoke_on_an_event_loop(probe: Probe) -> None:
    line(node(probe, "a"), node(probe, "b")).invoke(START_STATE)


@cases("""
    invoke_workflow
      node a
        http
    invoke_workflow
      node a
        http
""")
def batch(probe: Probe) -> None:
    line(node(probe, "a")).batch([START_STATE, START_STATE])


@cases()
async def abatch(probe: Probe) -> None:
    await line(anode(probe, "a")).abatch([START_STATE, START_STATE])


@cases("""
    invoke_workflow
      node words
        words
          http
          http
""")
def generator_node(probe: Probe) -> None:
    def words(state: State) -> Iterator[dict[str, Any]]:
        for word in "ab":
            with probe.start_as_current_span():
                step = {"seen": [word]}
            yield step

    line(words).invoke(START_STATE)


@cases()
async def async_generator_node(probe: Probe) -> None:
    async def words(state: State) -> AsyncIterator[dict[str, Any]]:
        for word in "ab":
            with probe.start_as_current_span():
                step = {"seen": [word]}
            yield step

    await line(words).ainvoke(START_STATE)


def fan_out(probe: Probe, make: Any) -> Any:
    graph = StateGraph(State)
    for name in ("a", "b"):
        graph.add_node(make(probe, name))
        graph.add_edge(START, name)
        graph.add_edge(name, "last")
    graph.add_node(make(probe, "last"))
    return graph.compile()


@cases("""
    invoke_workflow
      node a
        http
      node b
        http
      node last
        http
""")
def two_nodes_at_once(probe: Probe) -> None:
    fan_out(probe, node).invoke(START_STATE)


@cases()
async def two_nodes_at_once_async(probe: Probe) -> None:
    await fan_out(probe, anode).ainvoke(START_STATE)


def sending(probe: Probe, make: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node(make(probe, "plan"))
    graph.add_node(make(probe, "work"))
    graph.add_edge(START, "plan")

    def choose(_: Any) -> list[Send]:
        return [Send("work", START_STATE)] * 2

    graph.add_conditional_edges("plan", choose, ["work"])
    return graph.compile()


@cases("""
    invoke_workflow
      node plan
        choose
        http
      node work
        http
      node work
        http
""")
def send(probe: Probe) -> None:
    sending(probe, node).invoke(START_STATE)


@cases()
async def send_async(probe: Probe) -> None:
    await sending(probe, anode).ainvoke(START_STATE)


def forking(probe: Probe, make: Any, choose: Any) -> Any:
    graph = StateGraph(State)
    for name in ("a", "b"):
        graph.add_node(make(probe, name))
    graph.add_edge(START, "a")
    graph.add_conditional_edges("a", choose, ["b", END])
    return graph.compile()


@cases("""
    invoke_workflow
      node a
        choose
          http
        http
      node b
        http
""")
def conditional_edge(probe: Probe) -> None:
    forking(probe, node, probe.step("choose", lambda _: "b")).invoke(START_STATE)


@cases()
async def conditional_edge_async(probe: Probe) -> None:
    await forking(probe, anode, probe.astep("choose", lambda _: "b")).ainvoke(START_STATE)


def jumping(probe: Probe, make: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node(make(probe, "a", lambda _: Command(goto="b")), destinations=("b",))
    graph.add_node(make(probe, "b"))
    graph.add_edge(START, "a")
    return graph.compile()


@cases("""
    invoke_workflow
      node a
        http
      node b
        http
""")
def command_goto(probe: Probe) -> None:
    jumping(probe, node).invoke(START_STATE)


@cases()
async def command_goto_async(probe: Probe) -> None:
    await jumping(probe, anode).ainvoke(START_STATE)


@cases("""
    invoke_workflow
      node chain
        x
          http
        y
          http
""")
def a_chain_as_a_node(probe: Probe) -> None:
    graph = StateGraph(State)
    graph.add_node("chain", steps(probe, "x", "y"))
    graph.add_edge(START, "chain")
    graph.compile().invoke(START_STATE)


@cases()
async def a_chain_as_a_node_async(probe: Probe) -> None:
    graph = StateGraph(State)
    graph.add_node("chain", asteps(probe, "x", "y"))
    graph.add_edge(START, "chain")
    await graph.compile().ainvoke(START_STATE)


@cases("""
    invoke_workflow
      node a
        http
          chat scripted-1
            http
""")
def a_model_in_a_node(probe: Probe) -> None:
    def ask(_: Any) -> Any:
        return {"seen": [ScriptedChat(body=probe).invoke("hi").content]}

    line(node(probe, "a", ask)).invoke(START_STATE)


@cases()
async def a_model_in_a_node_async(probe: Probe) -> None:
    async def ask(_: Any) -> Any:
        return {"seen": [(await ScriptedChat(body=probe).ainvoke("hi")).content]}

    await line(anode(probe, "a", ask)).ainvoke(START_STATE)


@cases.each
def test_a_node_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
