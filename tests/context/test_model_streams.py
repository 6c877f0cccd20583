"""Streams of chat models, in each of LangChain's three protocols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableLambda

from support.capabilities import BETA, MODEL_EVENTS, OLD_STREAMS
from support.cases import Case, Cases, check
from support.models import ScriptedChat, StreamingChat
from support.probe import Probe
from support.recording import Recording

cases = Cases()


def streaming(probe: Probe, **options: Any) -> StreamingChat:
    """A model whose call and two words open an application span each."""
    return StreamingChat(body=probe, answers=("a b",), **options)


class SyncStreaming(StreamingChat):
    """A model that streams only synchronously."""

    _astream = ScriptedChat._astream


class BreaksOff(StreamingChat):
    """A model whose stream fails after the first word."""

    def _chunks(self) -> Iterator[ChatGenerationChunk]:
        yield next(super()._chunks())
        raise ValueError("no")


@cases("""
    chat scripted-1
      http
      http
      http
""")
def stream(probe: Probe) -> None:
    probe.consume(streaming(probe).stream("hi"))


@cases()
async def astream(probe: Probe) -> None:
    await probe.aconsume(streaming(probe).astream("hi"))


@cases()
async def astream_of_a_sync_stream(probe: Probe) -> None:
    await probe.aconsume(SyncStreaming(body=probe, answers=("a b",)).astream("hi"))


@cases()
async def stream_on_an_event_loop(probe: Probe) -> None:
    probe.consume(streaming(probe).stream("hi"))


@cases("""
    chat scripted-1
      http
""")
def stream_of_a_model_that_cannot(probe: Probe) -> None:
    probe.consume(ScriptedChat(body=probe).stream("hi"))


@cases()
async def astream_of_a_model_that_cannot(probe: Probe) -> None:
    await probe.aconsume(ScriptedChat(body=probe).astream("hi"))


@cases("""
    RunnableSequence
      a
        http
      chat scripted-1
        http
        http
        http
""")
def stream_in_a_chain(probe: Probe) -> None:
    probe.consume((RunnableLambda(probe.step("a")) | streaming(probe)).stream("hi"))


@cases()
async def astream_in_a_chain(probe: Probe) -> None:
    await probe.aconsume((RunnableLambda(probe.astep("a")) | streaming(probe)).astream("hi"))


@cases("""
    read
      reader
        chat scripted-1
          http
          http
          http
""")
def stream_inside_a_step(probe: Probe) -> None:
    def read(_: Any) -> Any:
        with probe.start_as_current_span("reader"):
            return list(streaming(probe).stream("hi"))

    RunnableLambda(read).invoke(1)


@cases()
async def astream_inside_a_step(probe: Probe) -> None:
    async def read(_: Any) -> Any:
        with probe.start_as_current_span("reader"):
            return [chunk async for chunk in streaming(probe).astream("hi")]

    await RunnableLambda(read).ainvoke(1)


@cases(
    """
    chat scripted-1
      http
      http
      http
""",
    marks=(OLD_STREAMS,),
)
async def astream_events_v1(probe: Probe) -> None:
    await probe.aconsume(streaming(probe).astream_events("hi", version="v1"))


@cases()
async def astream_events_v2(probe: Probe) -> None:
    await probe.aconsume(streaming(probe).astream_events("hi", version="v2"))


@cases(marks=(OLD_STREAMS,))
async def astream_log(probe: Probe) -> None:
    await probe.aconsume(streaming(probe).astream_log("hi"))


@cases(needs=MODEL_EVENTS, marks=(BETA,))
def stream_events_v3(probe: Probe) -> None:
    probe.consume(streaming(probe).stream_events("hi", version="v3"))


@cases(needs=MODEL_EVENTS, marks=(BETA,))
async def astream_events_v3(probe: Probe) -> None:
    await probe.aconsume(await streaming(probe).astream_events("hi", version="v3"))


@cases(needs=MODEL_EVENTS, marks=(BETA,))
def v3_text(probe: Probe) -> None:
    probe.consume(streaming(probe).stream_events("hi", version="v3").text)


@cases(needs=MODEL_EVENTS, marks=(BETA,))
async def v3_text_async(probe: Probe) -> None:
    events = await streaming(probe).astream_events("hi", version="v3")
    await probe.aconsume(events.text)


@cases(needs=MODEL_EVENTS, marks=(BETA,))
def v3_output(probe: Probe) -> None:
    assert streaming(probe).stream_events("hi", version="v3").output


@cases(needs=MODEL_EVENTS, marks=(BETA,))
async def v3_output_async(probe: Probe) -> None:
    events = await streaming(probe).astream_events("hi", version="v3")
    await events.output


@cases("""
    chat scripted-1 (error ValueError)
      http
      http
""")
def a_failing_stream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        probe.consume(BreaksOff(body=probe).stream("hi"))


@cases()
async def a_failing_astream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await probe.aconsume(BreaksOff(body=probe).astream("hi"))


@cases(needs=MODEL_EVENTS, marks=(BETA,))
def a_failing_v3_stream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        probe.consume(BreaksOff(body=probe).stream_events("hi", version="v3"))


@cases(needs=MODEL_EVENTS, marks=(BETA,))
async def a_failing_v3_stream_async(probe: Probe) -> None:
    events = await BreaksOff(body=probe).astream_events("hi", version="v3")
    with pytest.raises(ValueError, match="no"):
        await probe.aconsume(events)


@cases("""
    RunnableWithFallbacks
      chat broken (error ValueError)
        http
      chat scripted-1
        http
        http
        http
""")
def fallbacks_stream(probe: Probe) -> None:
    broken = StreamingChat(body=probe, fails_with=ValueError("no"), model_name="broken")
    probe.consume(broken.with_fallbacks([streaming(probe)]).stream("hi"))


@cases()
async def fallbacks_astream(probe: Probe) -> None:
    broken = StreamingChat(body=probe, fails_with=ValueError("no"), model_name="broken")
    await probe.aconsume(broken.with_fallbacks([streaming(probe)]).astream("hi"))


@cases.each
def test_a_models_stream_is_current_in_its_body_and_not_in_its_consumer(
    case: Case, recording: Recording, outer: bool
) -> None:
    check(case, recording, outer=outer)
