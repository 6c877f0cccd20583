"""Graphs whose nodes fail, try again, take too long or are cancelled."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy

from support.capabilities import NODE_TIMEOUTS
from support.cases import Case, Cases, check
from support.graphs import START_STATE, State, anode, builder, line, node
from support.probe import Probe
from support.recording import Recording
from support.steps import failing, raising
from support.waiting import TIMEOUT, Gate, WaitingChat, cancelled_at, deadline_at, hurry_at, waiting_step

cases = Cases()


def flaky(probe: Probe, make: Any) -> Any:
    graph = StateGraph(State)
    policy = RetryPolicy(initial_interval=0, jitter=False, retry_on=ValueError)
    graph.add_node(make(probe, "a", failing(1)), retry_policy=policy)
    graph.add_edge(START, "a")
    return graph.compile()


@cases("""
    invoke_workflow
      node a
        http
      node a (error ValueError)
        http
""")
def node_retries(probe: Probe) -> None:
    flaky(probe, node).invoke(START_STATE)


@cases()
async def node_retries_async(probe: Probe) -> None:
    await flaky(probe, anode).ainvoke(START_STATE)


@cases("""
    invoke_workflow (error ValueError)
      node a
        http
      node b (error ValueError)
        http
""")
def a_failing_node(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        line(node(probe, "a"), node(probe, "b", failing(1))).invoke(START_STATE)


@cases()
async def a_failing_node_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await line(anode(probe, "a"), anode(probe, "b", failing(1))).ainvoke(START_STATE)


@cases("""
    invoke_workflow (error langgraph.errors.GraphRecursionError)
      node a
        http
      node a
        http
""")
def a_graph_with_a_step_limit(probe: Probe) -> None:
    graph = builder(node(probe, "a"))
    graph.add_edge("a", "a")
    with pytest.raises(RecursionError):
        graph.compile().invoke(START_STATE, config={"recursion_limit": 2})


@cases(
    """
    invoke_workflow (error langgraph.errors.NodeTimeoutError)
      node wait (error langgraph.errors.NodeTimeoutError)
        http
""",
    needs=NODE_TIMEOUTS,
)
async def a_node_that_takes_too_long(probe: Probe) -> None:
    gate = Gate()
    graph = StateGraph(State)
    graph.add_node(waiting_step(probe, gate), timeout=TIMEOUT)
    graph.add_edge(START, "wait")
    hurry_at(gate)
    with pytest.raises(Exception, match="timeout"):
        await graph.compile().ainvoke(START_STATE)


@cases("""
    invoke_workflow (cancelled)
      node a
        http
      node wait (cancelled)
        http
""")
async def a_cancelled_graph(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, line(anode(probe, "a"), waiting_step(probe, gate)).ainvoke(START_STATE))


@cases("""
    invoke_workflow (cancelled)
      node wait (cancelled)
        http
""")
async def a_graph_before_a_deadline(probe: Probe) -> None:
    gate = Gate()
    await deadline_at(gate, line(waiting_step(probe, gate)).ainvoke(START_STATE))


@cases("""
    invoke_workflow (cancelled)
      node a (cancelled)
        http
          chat scripted-1 (cancelled)
            http
""")
async def a_cancelled_model_in_a_node(probe: Probe) -> None:
    gate = Gate()
    model = WaitingChat(gate=gate, body=probe)
    await cancelled_at(gate, line(anode(probe, "a", lambda _: model.ainvoke("hi"))).ainvoke(START_STATE))


@cases("""
    invoke_workflow (error ValueError)
      node fail (error ValueError)
      node wait (cancelled)
        http
""")
async def a_sibling_of_a_failed_node(probe: Probe) -> None:
    gate = Gate()

    async def fail(state: State) -> None:
        await gate.reached.wait()
        raise ValueError("no")

    graph = StateGraph(State)
    for each in (waiting_step(probe, gate), fail):
        graph.add_node(each)
        graph.add_edge(START, each.__name__)
    with pytest.raises(ValueError, match="no"):
        await graph.compile().ainvoke(START_STATE)


@cases("""
    invoke_workflow (error KeyboardInterrupt)
      node a (error KeyboardInterrupt)
        http
""")
def a_keyboard_interrupt_in_a_node(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        line(node(probe, "a", raising(KeyboardInterrupt()))).invoke(START_STATE)


@cases.each
def test_a_graph_that_fails_ends_all_its_runs(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
