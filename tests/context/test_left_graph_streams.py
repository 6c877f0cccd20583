"""Streams of graphs that are left early: closed, dropped, cancelled, or never read."""

from __future__ import annotations

import gc
from typing import Any

from langgraph.config import get_stream_writer

from support.capabilities import BETA, GRAPH_EVENTS
from support.cases import Case, Cases, check
from support.graphs import START_STATE, anode, line, node
from support.models import StreamingChat
from support.probe import Probe, settled
from support.recording import Recording
from support.waiting import Gate, WaitingChat, cancelled_at, waiting_step

cases = Cases()


def waiting(probe: Probe, gate: Gate) -> Any:
    """A graph whose model says one word and then waits."""
    model = WaitingChat(gate=gate, body=probe)
    return line(anode(probe, "ask", lambda _: model.ainvoke("hi")))


def talking(probe: Probe) -> Any:
    """A graph with a model in its node, which writes to the stream too."""

    def ask(_: Any) -> Any:
        get_stream_writer()("asking")
        return {"seen": [StreamingChat(body=probe, answers=("a b",)).invoke("hi").content]}

    return line(node(probe, "ask", ask), node(probe, "last"))


def atalking(probe: Probe) -> Any:
    async def ask(_: Any) -> Any:
        answer = await StreamingChat(body=probe, answers=("a b",)).ainvoke("hi")
        return {"seen": [answer.content]}

    return line(anode(probe, "ask", ask), anode(probe, "last"))


@cases("""
    invoke_workflow (closed)
      node a
        http
""")
def close_after_the_first(probe: Probe) -> None:
    stream = line(node(probe, "a"), node(probe, "b")).stream(START_STATE)
    probe.first(stream)
    stream.close()


@cases()
async def aclose_after_the_first(probe: Probe) -> None:
    stream = line(anode(probe, "a"), anode(probe, "b")).astream(START_STATE, stream_mode="updates")
    await probe.afirst(stream)
    await stream.aclose()


@cases()
def break_out(probe: Probe) -> None:
    for _ in line(node(probe, "a"), node(probe, "b")).stream(START_STATE):
        break
    gc.collect()


@cases()
async def drop_async(probe: Probe) -> None:
    stream = line(anode(probe, "a"), anode(probe, "b")).astream(START_STATE, stream_mode="updates")
    await probe.afirst(stream)
    del stream
    await settled()


@cases("""
    invoke_workflow (closed)
      node ask (cancelled)
        http
          chat scripted-1 (cancelled)
            http
""")
async def aclose_in_the_middle_of_a_node(probe: Probe) -> None:
    gate = Gate()
    stream = waiting(probe, gate).astream(START_STATE, stream_mode="messages")
    await probe.afirst(stream)
    await gate.reached.wait()
    await stream.aclose()


@cases("""
    invoke_workflow (cancelled)
      node ask (cancelled)
        http
          chat scripted-1 (cancelled)
            http
""")
async def events_closed_in_the_middle_of_a_node(probe: Probe) -> None:
    gate = Gate()
    stream = waiting(probe, gate).astream_events(START_STATE, version="v2")
    async for event in stream:
        if event["event"] == "on_chat_model_stream":
            break
    await gate.reached.wait()
    await stream.aclose()


@cases(
    """
    invoke_workflow (closed)
""",
    needs=GRAPH_EVENTS,
    marks=(BETA,),
)
def v3_dropped(probe: Probe) -> None:
    probe.first(iter(talking(probe).stream_events(START_STATE, version="v3")))
    gc.collect()


@cases(needs=GRAPH_EVENTS, marks=(BETA,))
async def v3_dropped_async(probe: Probe) -> None:
    events = await atalking(probe).astream_events(START_STATE, version="v3")
    await probe.afirst(aiter(events))
    del events
    await settled()


@cases("""
    invoke_workflow (cancelled)
      node a
        http
      node wait (cancelled)
        http
""")
async def a_cancelled_reader(probe: Probe) -> None:
    gate = Gate()

    async def read() -> None:
        async for _ in line(anode(probe, "a"), waiting_step(probe, gate)).astream(START_STATE):
            pass

    await cancelled_at(gate, read())


@cases("")
def never_iterated(probe: Probe) -> None:
    line(node(probe, "a")).stream(START_STATE)


@cases()
async def never_iterated_async(probe: Probe) -> None:
    line(anode(probe, "a")).astream(START_STATE)


@cases.each
def test_a_graphs_stream_that_is_left_ends_its_runs(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
