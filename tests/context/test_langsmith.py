"""LangSmith traces the same runs at the same time, and tells LangChain of other parents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langsmith import traceable
from langsmith import utils as langsmith_utils

from support.agents import ASK, agent, drawn_agents
from support.cases import Case, Cases, check
from support.graphs import START_STATE, anode, line, node
from support.langsmith_sink import Sink, tracing_to
from support.middleware import After, Around, Before
from support.models import ScriptedChat, ScriptedLLM, ScriptedRetriever, StreamingChat
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, steps, words
from support.tools import adouble, double
from support.waiting import Gate, WaitingChat, cancelled_at

cases = Cases()


@cases("""
    RunnableSequence
      a
        http
      chat scripted-1
        http
""")
def chain(probe: Probe) -> None:
    (steps(probe, "a") | ScriptedChat(body=probe)).invoke("hi")


@cases()
async def chain_async(probe: Probe) -> None:
    await (asteps(probe, "a") | ScriptedChat(body=probe)).ainvoke("hi")


@cases("""
    RunnableSequence
      a
        http
      chat scripted-1
        http
        http
        http
""")
def chain_stream(probe: Probe) -> None:
    probe.consume((steps(probe, "a") | StreamingChat(body=probe, answers=("a b",))).stream("hi"))


@cases()
async def chain_astream(probe: Probe) -> None:
    await probe.aconsume((asteps(probe, "a") | StreamingChat(body=probe, answers=("a b",))).astream("hi"))


@cases("""
    a
      http
    a
      http
""")
def chain_batch(probe: Probe) -> None:
    steps(probe, "a").batch([1, 2])


@cases("""
    words
      http
      http
""")
async def chain_events(probe: Probe) -> None:
    await probe.aconsume(words(probe).astream_events(None, version="v2"))


@cases("""
    text_completion scripted-llm
      http
""")
async def completion_async(probe: Probe) -> None:
    await ScriptedLLM(body=probe).ainvoke("hi")


@cases("""
    retrieval ScriptedRetriever
      http
""")
async def retriever_async(probe: Probe) -> None:
    await ScriptedRetriever(body=probe).ainvoke("?")


@cases("""
    execute_tool double
      http
""")
async def tool_async(probe: Probe) -> None:
    await adouble(probe).ainvoke({"number": 1})


@cases("""
    invoke_workflow
      node a
        http
      node b
        http
""")
def graph(probe: Probe) -> None:
    line(node(probe, "a"), node(probe, "b")).invoke(START_STATE)


@cases()
async def graph_async(probe: Probe) -> None:
    await line(anode(probe, "a"), anode(probe, "b")).ainvoke(START_STATE)


@cases()
async def graph_astream(probe: Probe) -> None:
    await probe.aconsume(line(anode(probe, "a"), anode(probe, "b")).astream(START_STATE))


@cases("""
    invoke_agent math
      node After.after_agent
        after_agent
      node After.after_model
        after_model
      node After.after_model
        after_model
      node Before.before_agent
        before_agent
      node Before.before_model
        before_model
      node Before.before_model
        before_model
      node model
        around_model
          chat scripted-1
            http
      node model
        around_model
          chat scripted-1
            http
      node tools
        around_tool
          execute_tool double
            http
""")
def agent_with_middleware(probe: Probe) -> None:
    agent(probe, double(probe), middleware=[Before(probe), Around(probe), After(probe)]).invoke(ASK)


@cases()
async def agent_with_middleware_async(probe: Probe) -> None:
    middleware = [Before(probe), Around(probe), After(probe)]
    await agent(probe, adouble(probe), middleware=middleware).ainvoke(ASK)


@cases("""
    invoke_agent math
      node After.after_agent
        after_agent
      node After.after_model
        after_model
      node After.after_model
        after_model
      node Before.before_agent
        before_agent
      node Before.before_model
        before_model
      node Before.before_model
        before_model
      node model
        around_model
          chat scripted-1
            http
            http
      node model
        around_model
          chat scripted-1
            http
            http
      node tools
        around_tool
          execute_tool double
            http
""")
async def agent_with_middleware_streamed(probe: Probe) -> None:
    middleware = [Before(probe), Around(probe), After(probe)]
    stream = agent(probe, adouble(probe), middleware=middleware).astream(ASK, stream_mode="messages")
    await probe.aconsume(stream)


@cases("""
    RunnableSequence
      a
        http
      helper
        helper
          chat scripted-1
            http
""")
def a_traceable_function_in_a_step(probe: Probe) -> None:
    @traceable
    def helper(value: Any) -> Any:
        with probe.start_as_current_span("helper"):
            return ScriptedChat(body=probe).invoke(value)

    steps(probe, "a").pipe(helper).invoke("hi")


@cases("""
    RunnableSequence
      a
        http
      chat scripted-1
        http
""")
def a_traceable_function_around(probe: Probe) -> None:
    @traceable
    def application(value: Any) -> Any:
        return (steps(probe, "a") | ScriptedChat(body=probe)).invoke(value)

    application("hi")


@cases()
async def a_traceable_function_around_async(probe: Probe) -> None:
    @traceable
    async def application(value: Any) -> Any:
        return await (asteps(probe, "a") | ScriptedChat(body=probe)).ainvoke(value)

    await application("hi")


@cases("""
    RunnableSequence (cancelled)
      a
        http
      chat scripted-1 (cancelled)
        http
""")
async def cancelled(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, (asteps(probe, "a") | WaitingChat(gate=gate, body=probe)).ainvoke("hi"))


@cases("""
    RunnableSequence (closed)
      a
        http
      chat scripted-1 (closed)
        http
        http
""")
async def left_early(probe: Probe) -> None:
    stream = (asteps(probe, "a") | StreamingChat(body=probe, answers=("a b",))).astream("hi")
    await probe.afirst(stream)
    await stream.aclose()


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """LangSmith's tracing is switched on, and what it sends goes nowhere."""
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    langsmith_utils.get_env_var.cache_clear()
    with tracing_to(Sink()) as sink:
        yield sink
    langsmith_utils.get_env_var.cache_clear()


@cases.each
def test_a_run_is_current_beside_langsmith(case: Case, recording: Recording, outer: bool, sink: Sink) -> None:
    check(case, recording, outer=outer, draw=drawn_agents)
    assert sink.requests, "LangSmith was not told of anything"
