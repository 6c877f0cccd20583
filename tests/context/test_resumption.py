"""An interrupted run and the one that goes on: one conversation, and a link from the second to the first."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from opentelemetry.sdk.trace import ReadableSpan

from support.agents import ASK, agent
from support.capabilities import GRAPH_CALLBACKS
from support.graphs import START_STATE, State, anode, line, node
from support.models import tool_call
from support.probe import Probe
from support.recording import Recording

RESUME: Any = Command(resume="yes")


def thread(name: str) -> Any:
    return {"configurable": {"thread_id": name}}


def asking(probe: Probe, make: Any = node, **options: Any) -> Any:
    """A graph with a node that asks its user."""

    def ask(_: Any) -> Any:
        return {"seen": [interrupt("may I?")]}

    return line(make(probe, "ask", ask), make(probe, "last"), checkpointer=InMemorySaver(), **options)


def roots(recording: Recording) -> list[ReadableSpan]:
    """Roots of traces, by start time."""
    return [span for span in recording.spans if span.parent is None]


def linked(span: ReadableSpan) -> list[int]:
    """Ids of the spans that a span links to."""
    return [link.context.span_id for link in span.links]


def test_the_resumed_root_links_to_the_interrupted_one(traced: Recording) -> None:
    graph = asking(Probe(traced))
    graph.invoke(START_STATE, thread("1"))
    graph.invoke(RESUME, thread("1"))

    first, second = roots(traced)
    assert [] == linked(first)
    assert [first.context.span_id] == linked(second)


async def test_the_resumed_root_links_to_the_interrupted_one_async(traced: Recording) -> None:
    graph = asking(Probe(traced), anode)
    await graph.ainvoke(START_STATE, thread("1"))
    await graph.ainvoke(RESUME, thread("1"))

    first, second = roots(traced)
    assert [first.context.span_id] == linked(second)


def test_both_halves_are_one_conversation(traced: Recording) -> None:
    graph = asking(Probe(traced))
    graph.invoke(START_STATE, thread("1"))
    graph.invoke(RESUME, thread("1"))

    assert ["1", "1"] == [span.attributes["gen_ai.conversation.id"] for span in roots(traced)]


def test_a_stream_that_is_left_at_the_interrupt_is_linked_to(traced: Recording) -> None:
    graph = asking(Probe(traced))
    stream = graph.stream(START_STATE, thread("1"), stream_mode="updates")
    for item in stream:
        if "__interrupt__" in item:
            break
    stream.close()
    graph.invoke(RESUME, thread("1"))

    first, second = roots(traced)
    assert [first.context.span_id] == linked(second)


def test_each_thread_is_linked_to_its_own(traced: Recording) -> None:
    graph = asking(Probe(traced))
    for name in "12":
        graph.invoke(START_STATE, thread(name))
    for name in "21":
        graph.invoke(RESUME, thread(name))

    one, two, resumed_two, resumed_one = roots(traced)
    assert [one.context.span_id] == linked(resumed_one)
    assert [two.context.span_id] == linked(resumed_two)


def test_a_second_interrupt_is_linked_to_by_the_second_resumption(traced: Recording) -> None:
    def ask_twice(_: Any) -> Any:
        return {"seen": [interrupt("may I?"), interrupt("really?")]}

    probe = Probe(traced)
    graph = line(node(probe, "ask", ask_twice), checkpointer=InMemorySaver())
    graph.invoke(START_STATE, thread("1"))
    graph.invoke(RESUME, thread("1"))
    graph.invoke(RESUME, thread("1"))

    first, second, third = roots(traced)
    assert [first.context.span_id] == linked(second)
    assert [second.context.span_id] == linked(third)


def test_a_command_that_only_jumps_takes_no_link(traced: Recording) -> None:
    probe = Probe(traced)
    asking(probe).invoke(START_STATE, thread("1"))
    line(node(probe, "other")).invoke(Command(goto="other"), thread("1"))

    assert [] == linked(roots(traced)[1])


def test_a_new_question_in_the_thread_takes_no_link(traced: Recording) -> None:
    graph = asking(Probe(traced))
    graph.invoke(START_STATE, thread("1"))
    graph.invoke(START_STATE, thread("1"))

    assert [] == linked(roots(traced)[1])


def test_an_interrupt_deep_inside_links_the_roots(traced: Recording) -> None:
    probe = Probe(traced)

    def ask(_: Any) -> Any:
        return {"seen": [interrupt("may I?")]}

    graph = StateGraph(State)
    graph.add_node("inner", line(node(probe, "ask", ask), name="inner"))
    graph.add_edge(START, "inner")
    outer = graph.compile(checkpointer=InMemorySaver(), name="outer")
    outer.invoke(START_STATE, thread("1"))
    outer.invoke(RESUME, thread("1"))

    first, second = roots(traced)
    assert [first.context.span_id] == linked(second)
    assert [1] == [len(span.links) for span in traced.spans if span.links]


@GRAPH_CALLBACKS.mark
@pytest.mark.parametrize("where", ["interrupt_before", "interrupt_after"])
def test_a_graph_that_stops_beside_a_node_is_linked_to(traced: Recording, where: str) -> None:
    probe = Probe(traced)
    at = {"interrupt_before": ["b"], "interrupt_after": ["a"]}[where]
    graph = line(node(probe, "a"), node(probe, "b"), checkpointer=InMemorySaver(), **{where: at})
    graph.invoke(START_STATE, thread("1"))
    graph.invoke(None, thread("1"))

    first, second = roots(traced)
    assert [first.context.span_id] == linked(second)


def test_an_agent_that_waits_for_its_user_is_linked_to(traced: Recording) -> None:
    from langchain_core.tools import tool

    @tool
    def confirm(question: str) -> str:
        """Ask the user."""
        return str(interrupt(question))

    answers = (tool_call("confirm", question="?"), "done")
    asked = agent(Probe(traced), confirm, answers=answers, checkpointer=InMemorySaver())
    asked.invoke(ASK, thread("1"))
    asked.invoke(RESUME, thread("1"))

    first, second = roots(traced)
    assert [first.context.span_id] == linked(second)


def test_below_an_application_span_the_resumed_graph_is_linked(traced: Recording) -> None:
    graph = asking(Probe(traced))
    for value in (START_STATE, RESUME):
        with traced.tracer.start_as_current_span("request"):
            graph.invoke(value, thread("1"))

    first, second = [span for span in traced.spans if span.name == "invoke_workflow"]
    assert [first.context.span_id] == linked(second)
