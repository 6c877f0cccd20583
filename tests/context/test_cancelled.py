"""Cancelled runs: they end as cancelled, with everything below them, and the caller's context is its own."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool

from support.capabilities import BETA, MODEL_EVENTS
from support.cases import Case, Cases, check
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps
from support.waiting import (
    Gate,
    WaitingChat,
    WaitingLimiter,
    WaitingLLM,
    WaitingRetriever,
    cancelled_at,
    deadline_at,
    timed_out_at,
    waiting_step,
    waiting_tool,
)

cases = Cases()

ONE = [HumanMessage("1")]


async def read(stream: Any) -> None:
    async for _ in stream:
        pass


@cases("""
    chat scripted-1 (cancelled)
      http
""")
async def chat_call(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, WaitingChat(gate=gate, body=probe).ainvoke("hi"))


@cases()
async def chat_call_in_time_limit(probe: Probe) -> None:
    gate = Gate()
    await timed_out_at(gate, WaitingChat(gate=gate, body=probe).ainvoke("hi"))


@cases()
async def chat_call_before_a_deadline(probe: Probe) -> None:
    gate = Gate()
    await deadline_at(gate, WaitingChat(gate=gate, body=probe).ainvoke("hi"))


@cases("""
    chat scripted-1 (cancelled)
      http
    chat scripted-1 (cancelled)
      http
""")
async def two_prompts(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, WaitingChat(gate=gate, body=probe).agenerate([ONE, ONE]))


@cases()
async def chat_batch(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, WaitingChat(gate=gate, body=probe).abatch(["1", "2"]))


@cases("""
    chat scripted-1 (cancelled)
      http
""")
async def chat_stream(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, read(WaitingChat(gate=gate, body=probe).astream("hi")))


@cases()
async def chat_stream_before_a_deadline(probe: Probe) -> None:
    gate = Gate()
    await deadline_at(gate, read(WaitingChat(gate=gate, body=probe).astream("hi")))


@cases(
    """
    chat scripted-1
      http
""",
    needs=MODEL_EVENTS,
    marks=(BETA,),
)
async def chat_v3(probe: Probe) -> None:
    gate = Gate()

    async def read_events() -> None:
        await read(await WaitingChat(gate=gate, body=probe).astream_events("hi", version="v3"))

    await cancelled_at(gate, read_events())
    gate.opened.set()


@cases("""
    chat scripted-1 (cancelled)
      http
""")
async def chat_events(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, read(WaitingChat(gate=gate, body=probe).astream_events("hi", version="v2")))


@cases("""
    chat scripted-1 (cancelled)
""")
async def rate_limited_call(probe: Probe) -> None:
    gate = Gate()
    model = WaitingChat(gate=Gate(), body=probe, rate_limiter=WaitingLimiter(gate))
    await cancelled_at(gate, model.ainvoke("hi"))


@cases()
async def rate_limited_stream(probe: Probe) -> None:
    gate = Gate()
    model = WaitingChat(gate=Gate(), body=probe, rate_limiter=WaitingLimiter(gate))
    await cancelled_at(gate, read(model.astream("hi")))


@cases("""
    text_completion scripted-llm (cancelled)
      http
""")
async def completion(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, WaitingLLM(gate=gate, body=probe).ainvoke("hi"))


@cases("""
    text_completion (cancelled)
    text_completion (cancelled)
      http
""")
async def two_completions(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, WaitingLLM(gate=gate, body=probe).agenerate(["1", "2"]))


@cases("""
    text_completion scripted-llm (cancelled)
      http
""")
async def completion_stream(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, read(WaitingLLM(gate=gate, body=probe).astream("hi")))


@cases("""
    retrieval WaitingRetriever (cancelled)
      http
""")
async def a_retriever(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, WaitingRetriever(gate=gate, body=probe).ainvoke("?"))


@cases()
async def a_retriever_before_a_deadline(probe: Probe) -> None:
    gate = Gate()
    await deadline_at(gate, WaitingRetriever(gate=gate, body=probe).ainvoke("?"))


@cases("""
    execute_tool wait (cancelled)
      http
""")
async def a_tool(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, waiting_tool(probe, gate).ainvoke({"number": 1}))


@cases()
async def a_tool_before_a_deadline(probe: Probe) -> None:
    gate = Gate()
    await deadline_at(gate, waiting_tool(probe, gate).ainvoke({"number": 1}))


@cases("""
    execute_tool wait
      http
""")
async def a_sync_tool_that_goes_on_in_its_thread(probe: Probe) -> None:
    loop, gate, release, done = asyncio.get_running_loop(), Gate(), threading.Event(), asyncio.Event()

    @tool
    def wait(number: int) -> int:
        """Wait."""
        with probe.start_as_current_span():
            loop.call_soon_threadsafe(gate.reached.set)
            release.wait()
        loop.call_soon_threadsafe(done.set)
        return number

    await cancelled_at(gate, wait.ainvoke({"number": 1}))
    release.set()
    await done.wait()


@cases("""
    wait (cancelled)
      http
""")
async def a_step(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, RunnableLambda(waiting_step(probe, gate)).ainvoke(1))


@cases("""
    RunnableSequence (cancelled)
      a
        http
      wait (cancelled)
        http
""")
async def a_step_in_a_sequence(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, (asteps(probe, "a") | RunnableLambda(waiting_step(probe, gate))).ainvoke(1))


@cases()
async def a_step_in_a_stream(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(
        gate, read((asteps(probe, "a") | RunnableLambda(waiting_step(probe, gate))).astream(1))
    )


@cases("""
    execute_tool ask (cancelled)
      user
        RunnableSequence (cancelled)
          a
            http
          chat scripted-1 (cancelled)
            http
""")
async def a_tool_a_model_and_a_chain_deep(probe: Probe) -> None:
    gate = Gate()
    model = WaitingChat(gate=gate, body=probe)

    @tool
    async def ask(question: str) -> Any:
        """Ask."""
        with probe.start_as_current_span("user"):
            return await (asteps(probe, "a") | model).ainvoke(question)

    await cancelled_at(gate, ask.ainvoke("hi"))


@cases("""
    RunnableParallel<x,y> (error ValueError)
      fail (error ValueError)
      wait
        http
""")
async def a_sibling_of_a_failed_step_goes_on(probe: Probe) -> None:
    gate = Gate()

    async def fail(_: Any) -> None:
        await gate.reached.wait()
        raise ValueError("no")

    parallel = RunnableParallel(x=waiting_step(probe, gate), y=fail)
    with pytest.raises(ValueError, match="no"):
        await parallel.ainvoke(1)
    gate.opened.set()


@cases("""
    chat scripted-1 (cancelled)
      http
""")
async def a_sibling_in_a_task_group(probe: Probe) -> None:
    gate = Gate()

    async def fail() -> None:
        await gate.reached.wait()
        raise ValueError("no")

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(WaitingChat(gate=gate, body=probe).ainvoke("hi"))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup):
        await both()


@cases("""

""")
async def before_it_has_begun(probe: Probe) -> None:
    task = asyncio.ensure_future(asteps(probe, "a").ainvoke(1))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@cases("""
    chat scripted-1
      http
      http
    chat scripted-1 (cancelled)
      http
""")
async def cancelled_and_tried_again(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, WaitingChat(gate=gate, body=probe).ainvoke("hi"))
    probe.look("after the first try")
    gate.opened.set()
    await WaitingChat(gate=gate, body=probe).ainvoke("hi")


@cases("""
    stubborn
      http
""")
async def cancelled_but_not_giving_in(probe: Probe) -> None:
    gate = Gate()

    async def stubborn(value: Any) -> Any:
        with probe.start_as_current_span():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                return value

    task = asyncio.ensure_future(RunnableLambda(stubborn).ainvoke(1))
    await gate.reached.wait()
    task.cancel()
    await task


@cases.each
def test_a_cancelled_run_ends_as_cancelled(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
