"""Runs that LangChain starts and then forgets: each of them ends all the same, exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableLambda

from support.capabilities import BETA, MODEL_EVENTS
from support.cases import Case, Cases, check
from support.models import ScriptedChat, ScriptedLLM, ScriptedRetriever, StreamingChat, work
from support.probe import Probe
from support.recording import Recording
from support.steps import Stopped, raising, steps, words
from support.tools import adouble, double
from support.waiting import Limiter

cases = Cases()

# LangChain leaves a coroutine behind when it trips over a missing answer.
NEVER_AWAITED = pytest.mark.filterwarnings(
    "ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

ONE, TWO = [HumanMessage("1")], [HumanMessage("2")]


class StopsHalfway(StreamingChat):
    """A model whose stream is stopped after the first word by something that is no Exception."""

    def _chunks(self) -> Iterator[ChatGenerationChunk]:
        yield next(super()._chunks())
        raise Stopped


class CancelsOne(ScriptedChat):
    """A model that is cancelled for one message of several."""

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        if messages == TWO:
            with work(self.body):
                raise asyncio.CancelledError
        return await super()._agenerate(messages)


@cases("""
    step (error KeyboardInterrupt)
      http
""")
def keyboard_interrupt_in_a_step(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        RunnableLambda(probe.step("step", raising(KeyboardInterrupt()))).invoke(1)


@cases("""
    RunnableSequence (error KeyboardInterrupt)
      a
        http
      step (error KeyboardInterrupt)
        http
""")
def keyboard_interrupt_in_a_sequence(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        (steps(probe, "a") | RunnableLambda(probe.step("step", raising(KeyboardInterrupt())))).invoke(1)


@cases("""
    execute_tool double (error KeyboardInterrupt)
      http
""")
def keyboard_interrupt_in_a_tool(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        double(probe, KeyboardInterrupt()).invoke({"number": 1})


@cases("""
    chat scripted-1 (error KeyboardInterrupt)
      http
""")
def keyboard_interrupt_in_a_model(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        ScriptedChat(body=probe, fails_with=KeyboardInterrupt()).invoke("hi")


@cases()
def keyboard_interrupt_in_a_stream(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        probe.consume(StreamingChat(body=probe, fails_with=KeyboardInterrupt()).stream("hi"))


@cases("""
    text_completion scripted-llm (error KeyboardInterrupt)
      http
""")
def keyboard_interrupt_in_a_completion(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        ScriptedLLM(body=probe, fails_with=KeyboardInterrupt()).invoke("hi")


@cases("""
    retrieval ScriptedRetriever (error KeyboardInterrupt)
      http
""")
def keyboard_interrupt_in_a_retriever(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        ScriptedRetriever(body=probe, fails_with=KeyboardInterrupt()).invoke("?")


@cases("""
    words (error KeyboardInterrupt)
      http
""")
def keyboard_interrupt_in_a_consumer(probe: Probe) -> None:
    stream = words(probe).stream(None)
    probe.first(stream)
    with pytest.raises(KeyboardInterrupt):
        stream.throw(KeyboardInterrupt())


@cases("""
    execute_tool double (error SystemExit)
      http
""")
def system_exit_in_a_tool(probe: Probe) -> None:
    with pytest.raises(SystemExit):
        double(probe, SystemExit(1)).invoke({"number": 1})


@cases("""
    step (error support.steps.Stopped)
      http
""")
async def base_exception_in_an_async_step(probe: Probe) -> None:
    with pytest.raises(Stopped):
        await RunnableLambda(probe.astep("step", raising(Stopped()))).ainvoke(1)


@cases("""
    retrieval ScriptedRetriever (error SystemExit)
      http
""")
def system_exit_in_a_retriever(probe: Probe) -> None:
    with pytest.raises(SystemExit):
        ScriptedRetriever(body=probe, fails_with=SystemExit(1)).invoke("?")


@cases("""
    execute_tool double (cancelled)
      http
""")
def cancelled_error_in_a_sync_tool(probe: Probe) -> None:
    with pytest.raises(asyncio.CancelledError):
        double(probe, asyncio.CancelledError()).invoke({"number": 1})


@cases("""
    execute_tool double (closed)
      http
""")
def generator_exit_in_a_sync_tool(probe: Probe) -> None:
    with pytest.raises(GeneratorExit):
        double(probe, GeneratorExit()).invoke({"number": 1})


@cases("""
    execute_tool double (error support.steps.Stopped)
      http
""")
async def base_exception_in_an_async_tool(probe: Probe) -> None:
    with pytest.raises(Stopped):
        await adouble(probe, Stopped()).ainvoke({"number": 1})


@cases("""
    retrieval ScriptedRetriever (error support.steps.Stopped)
      http
""")
async def base_exception_in_an_async_retriever(probe: Probe) -> None:
    with pytest.raises(Stopped):
        await ScriptedRetriever(body=probe, fails_with=Stopped()).ainvoke("?")


@cases("""
    chat scripted-1 (error support.steps.Stopped)
      http
      http
""")
def base_exception_in_a_model_stream(probe: Probe) -> None:
    with pytest.raises(Stopped):
        probe.consume(StopsHalfway(body=probe).stream("hi"))


@cases()
async def base_exception_in_a_model_astream(probe: Probe) -> None:
    with pytest.raises(Stopped):
        await probe.aconsume(StopsHalfway(body=probe).astream("hi"))


@cases(needs=MODEL_EVENTS, marks=(BETA,))
def base_exception_in_a_v3_stream(probe: Probe) -> None:
    with pytest.raises(Stopped):
        probe.consume(StopsHalfway(body=probe).stream_events("hi", version="v3"))


@cases("""
    chat scripted-1 (error KeyboardInterrupt)
      http
    chat scripted-1 (incomplete)
""")
def two_prompts_and_a_keyboard_interrupt(probe: Probe) -> None:
    with pytest.raises(KeyboardInterrupt):
        ScriptedChat(body=probe, fails_with=KeyboardInterrupt()).generate([ONE, TWO])


@cases(
    """
    chat scripted-1 (cancelled)
      http
    chat scripted-1 (incomplete)
      http
""",
    marks=(NEVER_AWAITED,),
)
async def one_of_two_prompts_is_cancelled(probe: Probe) -> None:
    with pytest.raises(BaseException):  # noqa: B017
        await CancelsOne(body=probe).agenerate([ONE, TWO])


@cases("""
    chat scripted-1
      http
      limiter
""")
def rate_limiter(probe: Probe) -> None:
    ScriptedChat(body=probe, rate_limiter=Limiter(probe)).invoke("hi")


@cases()
async def rate_limiter_async(probe: Probe) -> None:
    await ScriptedChat(body=probe, rate_limiter=Limiter(probe)).ainvoke("hi")


@cases("""
    chat scripted-1
      http
      http
      limiter
""")
def rate_limiter_of_a_stream(probe: Probe) -> None:
    probe.consume(StreamingChat(body=probe, rate_limiter=Limiter(probe)).stream("hi"))


@cases()
async def rate_limiter_of_an_astream(probe: Probe) -> None:
    await probe.aconsume(StreamingChat(body=probe, rate_limiter=Limiter(probe)).astream("hi"))


@cases("""
    chat scripted-1 (error ValueError)
      limiter
""")
def rate_limiter_that_fails(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedChat(body=probe, rate_limiter=Limiter(probe, ValueError("no"))).invoke("hi")


@cases()
async def rate_limiter_that_fails_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedChat(body=probe, rate_limiter=Limiter(probe, ValueError("no"))).ainvoke("hi")


@cases()
def rate_limiter_that_fails_in_a_stream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        probe.consume(StreamingChat(body=probe, rate_limiter=Limiter(probe, ValueError("no"))).stream("hi"))


@cases()
async def rate_limiter_that_fails_in_an_astream(probe: Probe) -> None:
    model = StreamingChat(body=probe, rate_limiter=Limiter(probe, ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        await probe.aconsume(model.astream("hi"))


@cases(
    """
    chat scripted-1 (closed)
    limiter
""",
    needs=MODEL_EVENTS,
    marks=(BETA,),
)
def rate_limiter_that_fails_in_v3(probe: Probe) -> None:
    model = StreamingChat(body=probe, rate_limiter=Limiter(probe, ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        probe.consume(model.stream_events("hi", version="v3"))


@cases(
    """
    chat scripted-1 (error ValueError)
    limiter
""",
    needs=MODEL_EVENTS,
    marks=(BETA,),
)
async def rate_limiter_that_fails_in_v3_async(probe: Probe) -> None:
    model = StreamingChat(body=probe, rate_limiter=Limiter(probe, ValueError("no")))
    with pytest.raises(ValueError, match="no"):
        await probe.aconsume(await model.astream_events("hi", version="v3"))


@cases.each
def test_a_run_that_langchain_forgets_ends(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
