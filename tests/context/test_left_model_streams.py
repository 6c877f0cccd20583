"""Streams of models that are left early: closed, dropped, or never read."""

from __future__ import annotations

import gc
from typing import Any

from langchain_core.runnables import RunnableLambda

from support.capabilities import BETA, MODEL_EVENTS
from support.cases import Case, Cases, check
from support.models import StreamingChat, StreamingLLM
from support.probe import Probe, settled
from support.recording import Recording

cases = Cases()


def streaming(probe: Probe, **options: Any) -> StreamingChat:
    """A model whose call and two words open an application span each."""
    return StreamingChat(body=probe, answers=("a b",), **options)


def streaming_llm(probe: Probe) -> StreamingLLM:
    """A completion model whose two words open an application span each."""
    return StreamingLLM(body=probe, answer="a b")


@cases("""
    chat scripted-1 (closed)
      http
      http
""")
def close_after_the_first(probe: Probe) -> None:
    stream = streaming(probe).stream("hi")
    probe.first(stream)
    stream.close()


@cases()
async def aclose_after_the_first(probe: Probe) -> None:
    stream = streaming(probe).astream("hi")
    await probe.afirst(stream)
    await stream.aclose()


@cases()
def break_out(probe: Probe) -> None:
    for _ in streaming(probe).stream("hi"):
        break
    gc.collect()


@cases()
async def drop_async(probe: Probe) -> None:
    stream = streaming(probe).astream("hi")
    await probe.afirst(stream)
    del stream
    await settled()


@cases(needs=MODEL_EVENTS, marks=(BETA,))
def v3_dropped(probe: Probe) -> None:
    probe.first(iter(streaming(probe).stream_events("hi", version="v3")))
    gc.collect()


@cases(
    """
    chat scripted-1
      http
      http
      http
""",
    needs=MODEL_EVENTS,
    marks=(BETA,),
)
async def v3_dropped_async(probe: Probe) -> None:
    events = await streaming(probe).astream_events("hi", version="v3")
    await probe.afirst(aiter(events))
    del events
    await settled()


@cases(needs=MODEL_EVENTS, marks=(BETA,))
async def v3_closed_async(probe: Probe) -> None:
    events = await streaming(probe).astream_events("hi", version="v3")
    await probe.afirst(aiter(events))
    await events.aclose()


@cases("""
    chat scripted-1 (cancelled)
""")
async def events_closed_after_the_first(probe: Probe) -> None:
    stream = streaming(probe).astream_events("hi", version="v2")
    await probe.afirst(stream)
    await stream.aclose()


@cases("""
    RunnableSequence
      a
        http
      chat scripted-1 (closed)
        http
        http
""")
def chain_stream_closed_after_the_first(probe: Probe) -> None:
    stream = (RunnableLambda(probe.step("a")) | streaming(probe)).stream("hi")
    probe.first(stream)
    stream.close()


@cases("""
    RunnableSequence (closed)
      a
        http
      chat scripted-1 (closed)
        http
        http
""")
async def chain_astream_closed_after_the_first(probe: Probe) -> None:
    stream = (RunnableLambda(probe.astep("a")) | streaming(probe)).astream("hi")
    await probe.afirst(stream)
    await stream.aclose()


@cases("")
def never_iterated(probe: Probe) -> None:
    streaming(probe).stream("hi")


@cases()
async def never_iterated_async(probe: Probe) -> None:
    streaming(probe).astream("hi")


@cases(needs=MODEL_EVENTS, marks=(BETA,))
def v3_never_iterated(probe: Probe) -> None:
    streaming(probe).stream_events("hi", version="v3")


@cases("""
    text_completion scripted-llm (closed)
      http
""")
def llm_closed_after_the_first(probe: Probe) -> None:
    stream = streaming_llm(probe).stream("hi")
    probe.first(stream)
    stream.close()


@cases()
async def llm_aclosed_after_the_first(probe: Probe) -> None:
    stream = streaming_llm(probe).astream("hi")
    await probe.afirst(stream)
    await stream.aclose()


@cases()
def llm_break_out(probe: Probe) -> None:
    for _ in streaming_llm(probe).stream("hi"):
        break
    gc.collect()


@cases()
async def llm_drop_async(probe: Probe) -> None:
    stream = streaming_llm(probe).astream("hi")
    await probe.afirst(stream)
    del stream
    await settled()


def fallback(probe: Probe) -> Any:
    broken = StreamingChat(body=probe, fails_with=ValueError("no"), model_name="broken")
    return broken.with_fallbacks([streaming(probe)])


@cases("""
    RunnableWithFallbacks (closed)
      chat broken (error ValueError)
        http
      chat scripted-1 (closed)
        http
        http
""")
def fallbacks_closed_after_the_first(probe: Probe) -> None:
    stream = fallback(probe).stream("hi")
    probe.first(stream)
    stream.close()


@cases()
async def fallbacks_aclosed_after_the_first(probe: Probe) -> None:
    stream = fallback(probe).astream("hi")
    await probe.afirst(stream)
    await stream.aclose()


@cases.each
def test_a_models_stream_that_is_left_ends_its_runs(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
