"""What becomes of a graph's nodes: timeouts and attempts; and graphs that go back to a past checkpoint."""

from __future__ import annotations

import asyncio
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, RetryPolicy, interrupt

from support.capabilities import GRAPH_CALLBACKS
from support.recording import Recording

CONFIG = {"configurable": {"thread_id": "t"}}


class State(TypedDict, total=False):
    x: int


def graph(*nodes: Any, options: Any = (), **compiled: Any) -> Any:
    builder = StateGraph(State)
    names = ["a", "b"][: len(nodes)]
    for name, node in zip(names, nodes, strict=True):
        builder.add_node(name, node, **dict(options))
    for source, target in zip([START, *names], names, strict=False):
        builder.add_edge(source, target)
    return builder.compile(**compiled)


async def wait_for_ever(_: State) -> State:
    await asyncio.Event().wait()
    return {}


def events(recording: Recording) -> list[str]:
    return [
        event.name for span in recording.spans for event in span.events if event.name.startswith("langgraph")
    ]


@GRAPH_CALLBACKS.mark
async def test_a_node_whose_time_is_up_is_an_error_of_its_type(traced: Recording) -> None:
    with pytest.raises(Exception, match="timeout"):
        await graph(wait_for_ever, options={"timeout": 0.01}).ainvoke({"x": 0})
    node = traced.named("node a")

    assert "langgraph.errors.NodeTimeoutError" == node.attributes["error.type"]
    assert ("ERROR", None) == (node.status.status_code.name, node.attributes.get("langspan.outcome"))


async def test_a_node_that_is_cancelled_is_still_no_error(traced: Recording) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await graph(wait_for_ever).ainvoke({"x": 0})

    assert "cancelled" == traced.named("node a").attributes["langspan.outcome"]


def test_attempts_of_a_node_are_numbered(traced: Recording) -> None:
    failures = [ConnectionError(), ConnectionError()]

    def flaky(_: State) -> State:
        if failures:
            raise failures.pop()
        return {"x": 1}

    policy = RetryPolicy(initial_interval=0, jitter=False, max_attempts=3)
    graph(flaky, lambda _: {"x": 2}, options={"retry_policy": policy}).invoke({"x": 0})
    attempts = [
        (span.name, span.attributes.get("langspan.retry.attempt"))
        for span in traced.spans
        if span.name.startswith("node")
    ]

    assert [("node a", None), ("node a", 2), ("node a", 3), ("node b", None)] == attempts


def steps() -> Any:
    return graph(lambda _: {"x": 1}, lambda _: {"x": 2}, checkpointer=InMemorySaver())


def past(app: Any, following: str) -> Any:
    (config,) = [state.config for state in app.get_state_history(CONFIG) if state.next == (following,)]
    return config


@GRAPH_CALLBACKS.mark
def test_going_back_to_a_past_checkpoint_is_a_replay(traced: Recording) -> None:
    app = steps()
    app.invoke({"x": 0}, CONFIG)
    config = past(app, "b")
    app.invoke(None, config)
    (event,) = [event for span in traced.spans for event in span.events]

    assert ("langgraph.replay", config["configurable"]["checkpoint_id"]) == (
        event.name,
        event.attributes["langgraph.checkpoint.id"],
    )


def asking() -> Any:
    return graph(lambda _: {"x": interrupt("?")}, lambda _: {"x": 2}, checkpointer=InMemorySaver())


@GRAPH_CALLBACKS.mark
def test_answering_an_interrupt_is_a_resume(traced: Recording) -> None:
    app = asking()
    app.invoke({"x": 0}, CONFIG)
    app.invoke(Command(resume=1), CONFIG)

    assert ["langgraph.interrupt", "langgraph.resume"] == events(traced)


@GRAPH_CALLBACKS.mark
def test_going_on_beside_a_node_is_a_resume(traced: Recording) -> None:
    app = graph(lambda _: {"x": 1}, checkpointer=InMemorySaver(), interrupt_before=["a"])
    app.invoke({"x": 0}, CONFIG)
    app.invoke(None, CONFIG)

    assert ["langgraph.interrupt", "langgraph.resume"] == events(traced)


@GRAPH_CALLBACKS.mark
def test_going_on_from_the_interrupted_checkpoint_by_its_id_is_a_resume(traced: Recording) -> None:
    app = graph(lambda _: {"x": 1}, checkpointer=InMemorySaver(), interrupt_before=["a"])
    app.invoke({"x": 0}, CONFIG)
    app.invoke(None, app.get_state(CONFIG).config)

    assert ["langgraph.interrupt", "langgraph.resume"] == events(traced)


@GRAPH_CALLBACKS.mark
def test_a_replay_from_a_former_interrupt_links_to_the_run_that_stopped_there(traced: Recording) -> None:
    app = graph(lambda _: {"x": 1}, checkpointer=InMemorySaver(), interrupt_before=["a"])
    app.invoke({"x": 0}, CONFIG)
    config = app.get_state(CONFIG).config
    app.invoke(None, CONFIG)
    app.invoke(None, config)
    first, _, replay = [span for span in traced.spans if span.parent is None]

    assert "langgraph.replay" in events(traced)
    assert [first.context.span_id] == [link.context.span_id for link in replay.links]
