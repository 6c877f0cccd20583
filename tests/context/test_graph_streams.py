"""Streams of graphs: neither the graph's span nor a node's is ever seen by who reads the stream."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph

from support.capabilities import BETA, GRAPH_EVENTS, OLD_STREAMS
from support.cases import Case, Cases, check
from support.graphs import START_STATE, State, anode, line, node
from support.models import StreamingChat
from support.probe import Probe
from support.recording import Recording
from support.steps import failing

cases = Cases()

ALL_MODES = ["values", "updates", "messages", "custom", "debug", "tasks", "checkpoints"]


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


def nested(probe: Probe) -> Any:
    graph = StateGraph(State)
    graph.add_node("inner", line(anode(probe, "deep"), name="inner"))
    graph.add_edge(START, "inner")
    return graph.compile(name="outer")


@cases("""
    invoke_workflow
      node a
        http
      node b
        http
""")
def stream(probe: Probe) -> None:
    probe.consume(line(node(probe, "a"), node(probe, "b")).stream(START_STATE))


@cases()
async def astream(probe: Probe) -> None:
    await probe.aconsume(line(anode(probe, "a"), anode(probe, "b")).astream(START_STATE))


@cases()
async def stream_on_an_event_loop(probe: Probe) -> None:
    probe.consume(line(node(probe, "a"), node(probe, "b")).stream(START_STATE, stream_mode="updates"))


@cases("""
    invoke_workflow
      node ask
        http
          chat scripted-1
            http
      node last
        http
""")
def values(probe: Probe) -> None:
    probe.consume(talking(probe).stream(START_STATE, stream_mode="values"))


@cases()
def updates(probe: Probe) -> None:
    probe.consume(talking(probe).stream(START_STATE, stream_mode="updates"))


@cases()
async def updates_async(probe: Probe) -> None:
    await probe.aconsume(atalking(probe).astream(START_STATE, stream_mode="updates"))


@cases()
def custom(probe: Probe) -> None:
    probe.consume(talking(probe).stream(START_STATE, stream_mode="custom"))


@cases("""
    invoke_workflow
      node ask
        http
          chat scripted-1
            http
            http
            http
      node last
        http
""")
def messages(probe: Probe) -> None:
    probe.consume(talking(probe).stream(START_STATE, stream_mode="messages"))


@cases()
async def messages_async(probe: Probe) -> None:
    await probe.aconsume(atalking(probe).astream(START_STATE, stream_mode="messages"))


@cases()
def all_modes(probe: Probe) -> None:
    probe.consume(talking(probe).stream(START_STATE, stream_mode=ALL_MODES))


@cases()
async def all_modes_async(probe: Probe) -> None:
    await probe.aconsume(atalking(probe).astream(START_STATE, stream_mode=ALL_MODES))


@cases(marks=(OLD_STREAMS,))
async def astream_events_v1(probe: Probe) -> None:
    await probe.aconsume(atalking(probe).astream_events(START_STATE, version="v1"))


@cases()
async def astream_events_v2(probe: Probe) -> None:
    await probe.aconsume(atalking(probe).astream_events(START_STATE, version="v2"))


@cases(marks=(OLD_STREAMS,))
async def astream_log(probe: Probe) -> None:
    await probe.aconsume(atalking(probe).astream_log(START_STATE))


@cases(needs=GRAPH_EVENTS, marks=(BETA,))
def stream_events_v3(probe: Probe) -> None:
    probe.consume(talking(probe).stream_events(START_STATE, version="v3"))


@cases(needs=GRAPH_EVENTS, marks=(BETA,))
async def astream_events_v3(probe: Probe) -> None:
    await probe.aconsume(await atalking(probe).astream_events(START_STATE, version="v3"))


@cases(needs=GRAPH_EVENTS, marks=(BETA,))
def v3_messages(probe: Probe) -> None:
    for message in talking(probe).stream_events(START_STATE, version="v3").messages:
        probe.look("between two messages")
        probe.consume(message.text)


@cases(needs=GRAPH_EVENTS, marks=(BETA,))
async def v3_messages_async(probe: Probe) -> None:
    events = await atalking(probe).astream_events(START_STATE, version="v3")
    async for message in events.messages:
        probe.look("between two messages")
        await probe.aconsume(message.text)


@cases("""
    invoke_workflow outer
      node inner
        invoke_workflow inner
          node deep
            http
""")
async def sub_graphs(probe: Probe) -> None:
    await probe.aconsume(nested(probe).astream(START_STATE, subgraphs=True))


@cases()
async def sub_graphs_events(probe: Probe) -> None:
    await probe.aconsume(nested(probe).astream_events(START_STATE, version="v2"))


@cases("""
    consumer
      invoke_workflow
        node a
          http
        node b
          http
""")
def a_consumer_that_opens_spans(probe: Probe) -> None:
    stream = line(node(probe, "a"), node(probe, "b")).stream(START_STATE)
    with probe.tracer.start_as_current_span("consumer") as span:
        next(stream)
        probe.expect_current(span)
    probe.consume(stream)


@cases()
async def an_async_consumer_that_opens_spans(probe: Probe) -> None:
    stream = line(anode(probe, "a"), anode(probe, "b")).astream(START_STATE)
    with probe.tracer.start_as_current_span("consumer") as span:
        await anext(stream)
        probe.expect_current(span)
    await probe.aconsume(stream)


@cases("""
    invoke_workflow (error ValueError)
      node a
        http
      node b (error ValueError)
        http
""")
def a_failing_stream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        probe.consume(line(node(probe, "a"), node(probe, "b", failing(1))).stream(START_STATE))


@cases()
async def a_failing_astream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await probe.aconsume(line(anode(probe, "a"), anode(probe, "b", failing(1))).astream(START_STATE))


@cases.each
def test_a_graphs_stream_is_never_seen_by_its_reader(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
