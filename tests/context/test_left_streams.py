"""Streams of chains that are left early: closed, dropped, or never read."""

from __future__ import annotations

import gc
from typing import Any

from langchain_core.runnables import RunnableLambda

from support.cases import Case, Cases, check
from support.probe import Probe, settled
from support.recording import Recording
from support.steps import failing, shout, words

cases = Cases()


def fallback(probe: Probe) -> Any:
    return RunnableLambda(probe.step("bad", failing(9))).with_fallbacks([words(probe)])


@cases("""
    RunnableSequence
      shout
        http
      words
        http
        http
""")
def close_after_the_first(probe: Probe) -> None:
    stream = (words(probe) | shout(probe)).stream(None)
    probe.first(stream)
    stream.close()


@cases("""
    RunnableSequence (closed)
      shout (closed)
        http
      words (closed)
        http
""")
async def aclose_after_the_first(probe: Probe) -> None:
    stream = (words(probe) | shout(probe)).astream(None)
    await probe.afirst(stream)
    await stream.aclose()


@cases("""
    words
      http
""")
def break_out(probe: Probe) -> None:
    for _ in words(probe).stream(None):
        break
    gc.collect()


@cases("""
    words (closed)
      http
""")
async def break_out_async(probe: Probe) -> None:
    async for _ in words(probe).astream(None):
        break
    await settled()


@cases("""
    words
      http
""")
def drop(probe: Probe) -> None:
    stream = words(probe).stream(None)
    probe.first(stream)
    del stream
    gc.collect()


@cases("""
    words (closed)
      http
""")
async def drop_async(probe: Probe) -> None:
    stream = words(probe).astream(None)
    await probe.afirst(stream)
    del stream
    await settled()


@cases("""
    RunnableWithFallbacks (closed)
      bad (error ValueError)
        http
      words
        http
""")
def fallbacks_closed_after_the_first(probe: Probe) -> None:
    stream = fallback(probe).stream(1)
    probe.first(stream)
    stream.close()


@cases("""
    RunnableWithFallbacks (closed)
      bad (error ValueError)
        http
      words (closed)
        http
""")
async def fallbacks_aclosed_after_the_first(probe: Probe) -> None:
    stream = fallback(probe).astream(1)
    await probe.afirst(stream)
    await stream.aclose()


@cases("""
    RunnableWithFallbacks (closed)
      bad (error ValueError)
        http
      words
        http
""")
def fallbacks_dropped_after_the_first(probe: Probe) -> None:
    probe.first(fallback(probe).stream(1))
    gc.collect()


@cases("")
def never_iterated(probe: Probe) -> None:
    words(probe).stream(None)


@cases()
async def never_iterated_async(probe: Probe) -> None:
    words(probe).astream(None)


@cases.each
def test_a_stream_that_is_left_ends_its_runs(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
