"""Runs of LangChain and LangGraph, of which only the traces that matter are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

import langspan
from langspan import Keep
from support.models import ScriptedChat, StreamingChat
from support.otlp import Server, receive
from support.small_graph import State


class Sent:
    """What a traced process sent, and how to trace it."""

    def __init__(self, server: Server, patch: pytest.MonkeyPatch) -> None:
        self.server = server
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.endpoint)
        self.handle: Any = None

    def instrument(self, keep: Keep | None = None, **settings: Any) -> None:
        self.handle = langspan.instrument(keep=keep, **settings)

    def roots(self) -> list[str]:
        assert self.handle.flush(10)
        spans = self.server.received.spans
        stats = self.handle.stats().spans
        assert (stats.recorded, len(spans), 0) == (stats.sent + stats.left_out, stats.sent, stats.lost_total)
        return sorted(span.name for span in spans if not span.parent_id)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sent]:
    with receive() as server:
        sent = Sent(server, monkeypatch)
        yield sent
        sent.handle.shutdown(10)


def told(tokens: int) -> AIMessage:
    usage = {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens}
    return AIMessage("hello", usage_metadata=usage)  # type: ignore[arg-type] # a dictionary is one


def test_of_two_chains_the_failing_one_is_sent_whole(sent: Sent) -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    sent.instrument(Keep(errors=True))
    (RunnableLambda(str) | ScriptedChat()).with_config(run_name="fine").invoke("x")
    with pytest.raises(ValueError, match="no"):
        (RunnableLambda(str, name="before") | RunnableLambda(fail, name="failing")).invoke("x")
    assert ["RunnableSequence"] == sent.roots()
    assert {"before", "failing"} <= {span.name for span in sent.server.received.spans}


def test_tokens_of_a_trace_count_once_whatever_sums_there_are(sent: Sent) -> None:
    """The root has the sum of both calls."""
    sent.instrument(Keep(more_tokens_than=10))
    for tokens in (5, 6):
        model = ScriptedChat(answers=[told(tokens)])
        (model | RunnableLambda(lambda _: "again") | model).with_config(run_name=f"{tokens}").invoke("x")
    assert 1 == len(sent.roots())


def test_a_graph_that_waits_for_a_person_is_kept(sent: Sent) -> None:
    builder = StateGraph(State)
    builder.add_node("ask", lambda _: {"text": interrupt("well?")})
    builder.add_edge(START, "ask")
    graph = builder.compile(name="waits", checkpointer=InMemorySaver())
    sent.instrument(Keep(outcomes={"interrupted"}))
    ScriptedChat().invoke("x")
    graph.invoke({"text": "x"}, {"configurable": {"thread_id": "1"}})
    assert ["invoke_workflow waits"] == sent.roots()


@pytest.mark.parametrize("logs", ["none", "otlp"])
def test_what_is_evaluated_inside_a_run_is_kept(
    sent: Sent, monkeypatch: pytest.MonkeyPatch, logs: str
) -> None:
    """As a span, or as an event, which no span processor sees."""
    monkeypatch.setenv("OTEL_LOGS_EXPORTER", logs)
    sent.instrument(Keep(evaluated=True))
    RunnableLambda(str, name="other").invoke("x")
    RunnableLambda(lambda _: langspan.record_evaluation("good", score=1), name="judged").invoke("x")
    assert ["judged"] == sent.roots()


def test_a_stream_that_is_abandoned_is_decided_when_it_is_closed(sent: Sent) -> None:
    sent.instrument(Keep(outcomes={"closed"}))
    stream = StreamingChat(answers=("a b c",)).stream("x")
    next(stream)
    stream.close()
    assert 1 == len(sent.roots())


def test_concurrent_runs_are_decided_each_for_itself(sent: Sent) -> None:
    async def work(number: int) -> None:
        model = ScriptedChat(answers=[told(number)])
        await (RunnableLambda(str) | model).with_config(run_name=f"c{number}").ainvoke("x")

    async def all_of_them() -> None:
        await asyncio.gather(*(work(number) for number in range(20)))

    sent.instrument(Keep(more_tokens_than=9))
    asyncio.run(all_of_them())
    assert sorted(f"c{number}" for number in range(10, 20)) == sent.roots()


def test_the_variable_does_the_same(sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSPAN_KEEP", "tokens>9")
    sent.instrument()
    for tokens in (9, 10):
        ScriptedChat(answers=[told(tokens)]).invoke("x")
    assert 1 == len(sent.roots())


def test_a_second_call_with_the_same_keep_is_no_other_call(
    sent: Sent, caplog: pytest.LogCaptureFixture
) -> None:
    sent.instrument(Keep(errors=True))
    sent.instrument(Keep(errors=True))
    assert "" == caplog.text
    sent.instrument(Keep(ratio=0.5))
    assert "already instrumented; keep ignored" in caplog.text
