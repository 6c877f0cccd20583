"""Many runs at once, in every way of running many: each becomes the same tree as one alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.runnables.config import ContextThreadPoolExecutor
from langgraph.graph import START, StateGraph
from langgraph.types import Send

from support.drawing import drawn
from support.graphs import START_STATE, State, anode
from support.models import ScriptedChat, StreamingChat
from support.probe import LogWatch, Probe, settled
from support.recording import Recording, instrumented, open_runs
from support.steps import asteps, steps

ROUNDS = 20


def forest(recording: Recording) -> Counter[str]:
    """How many traces there are of each shape."""
    traces: dict[int, list[Any]] = {}
    for span in recording.spans:
        traces.setdefault(span.context.trace_id, []).append(span)
    return Counter(drawn(spans) for spans in traces.values())


def fan_out(probe: Probe) -> Any:
    """A graph that sends work to three copies of a node."""

    async def choose(_: Any) -> list[Send]:
        return [Send("work", START_STATE)] * 3

    graph = StateGraph(State)
    graph.add_node(anode(probe, "plan"))
    graph.add_node(anode(probe, "work", lambda _: ask(probe)))
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", choose, ["work"])
    return graph.compile(name="fan-out")


async def ask(probe: Probe) -> Any:
    return {"seen": [(await ScriptedChat(body=probe).ainvoke("hi")).content]}


async def read(stream: Any) -> None:
    async for _ in stream:
        pass


async def one_of_each(probe: Probe) -> list[Any]:
    """One run of each sort, all of them under way at the same time."""
    model = StreamingChat(body=probe, answers=("a b",))
    parallel = RunnableParallel(x=probe.astep("x"), y=probe.astep("y"))
    return [
        (asteps(probe, "task") | model).ainvoke("hi"),
        read((asteps(probe, "stream") | model).astream("hi")),
        parallel.ainvoke(1),
        fan_out(probe).ainvoke(START_STATE),
        asyncio.to_thread(steps(probe, "thread", "next").invoke, 1),
        asteps(probe, "batched").abatch([1, 2]),
        RunnableLambda(probe.step("in an executor")).ainvoke(1),
    ]


async def run(probe: Probe, rounds: int) -> None:
    runs = [each for _ in range(rounds) for each in await one_of_each(probe)]
    await asyncio.gather(*runs)
    probe.look("after all of them")
    probe.faults += await settled()


def test_many_runs_at_once_are_as_many_trees_of_the_same_shapes(recording: Recording) -> None:
    alone = Recording()
    with instrumented(alone):
        asyncio.run(run(Probe(alone), 1))
    probe = Probe(recording)
    with LogWatch().watching() as log, instrumented(recording) as handle:
        asyncio.run(run(probe, ROUNDS))
        assert 0 == open_runs(handle)

    assert {shape: count * ROUNDS for shape, count in forest(alone).items()} == forest(recording)
    assert [] == probe.faults
    assert [] == probe.spans.open
    assert [] == log.lines


def test_many_runs_in_threads_are_as_many_trees_of_the_same_shape(recording: Recording) -> None:
    probe = Probe(recording)
    chain = steps(probe, "a") | ScriptedChat(body=probe)
    with instrumented(recording) as handle, ContextThreadPoolExecutor(8) as executor:
        list(executor.map(chain.invoke, ["hi"] * 200))
        list(executor.map(lambda _: chain.batch(["1", "2"]), range(10)))
        assert 0 == open_runs(handle)

    assert [220] == list(forest(recording).values())
    assert [] == probe.faults
    assert [] == probe.spans.open
