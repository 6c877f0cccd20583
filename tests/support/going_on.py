"""Graphs that stop in one process and go on in another, over one SQLite file.

Run as a script: `going_on.py FILE PHASE MODE`. It carries out that phase of each scenario and prints, by
scenario, what the application saw and the graphs' spans. Modes: `on`, `off`, `untraced`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from langspan import instrument
from support.graphs import START_STATE, State, line
from support.recording import Recording

YES: Any = Command(resume="yes")


class Phase:
    """What a scenario works with.

    Attributes:
        number: Which phase it is, from 1.
        thread: The config that names its thread.
        saver: The checkpointer.
    """

    def __init__(self, number: int, name: str, saver: Any) -> None:
        self.number = number
        self.thread: Any = {"configurable": {"thread_id": name}}
        self.saver = saver

    @property
    def input(self) -> Any:
        """A question at first, then the answer to the interrupt."""
        return START_STATE if self.number == 1 else YES

    @property
    def rest(self) -> Any:
        """A question at first, then nothing."""
        return START_STATE if self.number == 1 else None


def first(_: State) -> State:
    return {"seen": ["first"]}


def ask(_: State) -> State:
    return {"seen": [interrupt("may I?")]}


def ask_again(_: State) -> State:
    return {"seen": [interrupt("really?")]}


def ask_twice(_: State) -> State:
    return {"seen": [interrupt("may I?"), interrupt("really?")]}


def last(_: State) -> State:
    return {"seen": ["last"]}


def broken(_: State) -> State:
    raise ValueError("no")


def invoked(phase: Phase) -> Any:
    return line(first, ask, last, checkpointer=phase.saver).invoke(phase.input, phase.thread)


def streamed(phase: Phase) -> Any:
    return list(line(first, ask, last, checkpointer=phase.saver).stream(phase.input, phase.thread))


def left_at_the_interrupt(phase: Phase) -> Any:
    stream = line(first, ask, last, checkpointer=phase.saver).stream(phase.input, phase.thread)
    items = []
    for item in stream:
        items.append(item)
        if "__interrupt__" in item:
            break
    stream.close()
    return items


async def awaited(phase: Phase) -> Any:
    return await line(first, ask, last, checkpointer=phase.saver).ainvoke(phase.input, phase.thread)


async def streamed_async(phase: Phase) -> Any:
    graph = line(first, ask, last, checkpointer=phase.saver)
    return [item async for item in graph.astream(phase.input, phase.thread)]


def saved_at_exit(phase: Phase) -> Any:
    graph = line(first, ask, last, checkpointer=phase.saver)
    return graph.invoke(phase.input, phase.thread, durability="exit")


def stopped_before(phase: Phase) -> Any:
    graph = line(first, last, checkpointer=phase.saver, interrupt_before=["last"])
    return graph.invoke(phase.rest, phase.thread)


def stopped_after(phase: Phase) -> Any:
    graph = line(first, last, checkpointer=phase.saver, interrupt_after=["first"])
    return graph.invoke(phase.rest, phase.thread)


def inside_another(phase: Phase) -> Any:
    graph = StateGraph(State)
    graph.add_node("inner", line(first, ask, name="inner"))
    graph.add_edge(START, "inner")
    return graph.compile(checkpointer=phase.saver, name="outer").invoke(phase.input, phase.thread)


def entry_point(phase: Phase) -> Any:
    @task
    def asked() -> str:
        return str(interrupt("may I?"))

    @entrypoint(checkpointer=phase.saver)
    def workflow(_: Any) -> str:
        return asked().result()

    return workflow.invoke(phase.input, phase.thread)


def two_questions(phase: Phase) -> Any:
    return line(ask, ask_again, checkpointer=phase.saver).invoke(phase.input, phase.thread)


def two_questions_of_a_node(phase: Phase) -> Any:
    return line(first, ask_twice, checkpointer=phase.saver).invoke(phase.input, phase.thread)


def updated_meanwhile(phase: Phase) -> Any:
    graph = line(first, last, checkpointer=phase.saver, interrupt_before=["last"])
    if phase.number > 1:
        graph.update_state(phase.thread, {"seen": ["corrected"]})
    return graph.invoke(phase.rest, phase.thread)


def went_back(phase: Phase) -> Any:
    graph = line(first, last, checkpointer=phase.saver)
    if phase.number == 1:
        return graph.invoke(START_STATE, phase.thread)
    (past,) = [state.config for state in graph.get_state_history(phase.thread) if state.next == ("last",)]
    return graph.invoke(None, past)


def finished(phase: Phase) -> Any:
    return line(first, checkpointer=phase.saver).invoke(phase.rest, phase.thread)


def failed(phase: Phase) -> Any:
    graph = line(first, broken, checkpointer=phase.saver)
    try:
        return graph.invoke(phase.rest, phase.thread)
    except ValueError as error:
        return str(error)


def asked_anew(phase: Phase) -> Any:
    return line(first, ask, checkpointer=phase.saver).invoke(START_STATE, phase.thread)


def jumped(phase: Phase) -> Any:
    value = START_STATE if phase.number == 1 else Command(goto="last")
    return line(first, ask, last, checkpointer=phase.saver).invoke(value, phase.thread)


SYNCHRONOUS: tuple[Callable[[Phase], Any], ...] = (
    *(invoked, streamed, left_at_the_interrupt, saved_at_exit, stopped_before, stopped_after),
    *(inside_another, entry_point, two_questions, two_questions_of_a_node, updated_meanwhile, went_back),
    *(finished, failed, asked_anew, jumped),
)
ASYNCHRONOUS: tuple[Callable[[Phase], Any], ...] = (awaited, streamed_async)
AGAIN = (two_questions, two_questions_of_a_node)
"""What has something left to do in a third phase."""


def metadata(saver: Any, phase: Phase) -> list[dict[str, Any]]:
    """The metadata of the thread's checkpoints, oldest first, without what differs from run to run."""
    found = [
        each.metadata for each in saver.list(phase.thread) if not each.config["configurable"]["checkpoint_ns"]
    ]
    return [dict(each) for each in reversed(found)]


def spans(recording: Recording) -> list[dict[str, Any]]:
    """The roots of traces: their ids, and those of the spans that they link to."""
    found = [
        {
            "ids": [span.context.trace_id, span.context.span_id],
            "links": [[link.context.trace_id, link.context.span_id] for link in span.links],
            "events": [event.name for event in span.events],
        }
        for span in recording.spans
        if span.parent is None
    ]
    recording.clear()
    return found


async def main(path: str, number: int, recording: Recording) -> dict[str, Any]:
    seen = {}
    with SqliteSaver.from_conn_string(path) as saver:
        for scenario in SYNCHRONOUS if number < 3 else AGAIN:
            phase = Phase(number, scenario.__name__, saver)
            result = repr(scenario(phase))
            told = metadata(saver, phase)
            seen[scenario.__name__] = {"result": result, "metadata": told, "spans": spans(recording)}
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        for scenario in ASYNCHRONOUS if number < 3 else ():
            result = repr(await scenario(Phase(number, scenario.__name__, saver)))
            seen[scenario.__name__] = {"result": result, "metadata": [], "spans": spans(recording)}
    return seen


if __name__ == "__main__":
    recorded = Recording()
    if sys.argv[3] != "untraced":
        instrument(tracer_provider=recorded.provider, link_across_processes=sys.argv[3] == "on")
    sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2]), recorded))))
