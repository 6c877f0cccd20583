"""Streams that nobody ever finishes: their runs stay open until instrumentation stops, and end only then."""

from __future__ import annotations

import asyncio
import gc
import sys
from textwrap import dedent
from typing import Any

import pytest
from opentelemetry import context as otel

import langspan
from support.capabilities import BETA, GRAPH_EVENTS, MODEL_EVENTS
from support.drawing import drawn, written
from support.graphs import START_STATE, anode, line, node
from support.interpreters import run
from support.models import StreamingChat, StreamingLLM
from support.probe import Probe, settled
from support.recording import Recording, instrumented, open_runs
from support.steps import words


def chain(probe: Probe) -> Any:
    return words(probe).stream(None)


def chat(probe: Probe) -> Any:
    return StreamingChat(body=probe, answers=("a b",)).stream("hi")


def chat_events(probe: Probe) -> Any:
    return iter(StreamingChat(body=probe, answers=("a b",)).stream_events("hi", version="v3"))


def completion(probe: Probe) -> Any:
    return StreamingLLM(body=probe, answer="a b").stream("hi")


def graph(probe: Probe) -> Any:
    return line(node(probe, "a"), node(probe, "b")).stream(START_STATE, stream_mode="updates")


def graph_events(probe: Probe) -> Any:
    return iter(line(node(probe, "a")).stream_events(START_STATE, version="v3"))


def achain(probe: Probe) -> Any:
    return words(probe).astream(None)


def achat(probe: Probe) -> Any:
    return StreamingChat(body=probe, answers=("a b",)).astream("hi")


def acompletion(probe: Probe) -> Any:
    return StreamingLLM(body=probe, answer="a b").astream("hi")


def agraph(probe: Probe) -> Any:
    return line(anode(probe, "a"), anode(probe, "b")).astream(START_STATE, stream_mode="updates")


LEFT = {
    chain: """
        words (incomplete)
          http
    """,
    chat: """
        chat scripted-1 (incomplete)
          http
          http
    """,
    completion: """
        text_completion scripted-llm (incomplete)
          http
    """,
    graph: """
        invoke_workflow (incomplete)
          node a
            http
    """,
}
SYNC = [
    pytest.param(chain, LEFT[chain], id="chain"),
    pytest.param(chat, LEFT[chat], id="chat"),
    pytest.param(chat_events, LEFT[chat], id="chat-events", marks=(MODEL_EVENTS.mark, BETA)),
    pytest.param(completion, LEFT[completion], id="completion"),
    pytest.param(graph, LEFT[graph], id="graph"),
    pytest.param(
        graph_events, "invoke_workflow (incomplete)", id="graph-events", marks=(GRAPH_EVENTS.mark, BETA)
    ),
]
ASYNC = [
    pytest.param(achain, LEFT[chain], id="chain"),
    pytest.param(achat, LEFT[chat], id="chat"),
    pytest.param(acompletion, LEFT[completion], id="completion"),
    pytest.param(agraph, LEFT[graph], id="graph"),
]


@pytest.mark.parametrize(("make", "tree"), SYNC)
def test_a_stream_that_is_kept_for_ever_ends_with_the_instrumentation(
    recording: Recording, make: Any, tree: str
) -> None:
    probe = Probe(recording)
    with instrumented(recording) as handle:
        stream = make(probe)
        probe.first(stream)
        assert 0 < open_runs(handle)
    exported = drawn(recording.spans)
    del stream
    gc.collect()

    assert written(tree) == exported
    assert exported == drawn(recording.spans), "nothing ends twice"
    assert [] == probe.faults
    assert [] == probe.spans.open


@pytest.mark.parametrize(("make", "tree"), ASYNC)
async def test_an_asynchronous_stream_that_is_kept_for_ever_ends_with_the_instrumentation(
    recording: Recording, make: Any, tree: str
) -> None:
    probe = Probe(recording)
    with instrumented(recording) as handle:
        stream = make(probe)
        await probe.afirst(stream)
        assert 0 < open_runs(handle)
    exported = drawn(recording.spans)
    await stream.aclose()
    await settled()

    assert written(tree) == exported
    assert exported == drawn(recording.spans), "nothing ends twice"
    assert [] == probe.faults
    assert [] == probe.spans.open


@pytest.mark.parametrize(("make", "tree"), ASYNC)
def test_a_stream_whose_event_loop_is_gone_ends_with_the_instrumentation(
    recording: Recording, make: Any, tree: str
) -> None:
    probe = Probe(recording)
    with instrumented(recording):
        loop = asyncio.new_event_loop()
        stream = make(probe)
        loop.run_until_complete(probe.afirst(stream))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()
        del stream
        gc.collect()
    langspan.uninstrument()

    assert {} == dict(otel.get_current())
    assert [] == probe.spans.open
    assert [] == probe.faults
    assert 1 == len(recording.trace_ids())


LEAVING = """
    import langspan
    from langchain_core.runnables import RunnableGenerator
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    def words(_):
        yield from "ab"

    provider = TracerProvider()
    line = lambda span: f"{span.name} {span.attributes['langspan.outcome']}\\n"
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=line)))
    langspan.instrument(tracer_provider=provider)
    stream = RunnableGenerator(words).stream(None)
    next(stream)
"""


def test_a_stream_that_is_open_when_the_process_exits_is_exported_once() -> None:
    assert "words incomplete\n" == run([sys.executable, "-c", dedent(LEAVING)])
