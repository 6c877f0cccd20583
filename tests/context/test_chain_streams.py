"""Streams of chains: the span is current while the chain works on an item, and not between two items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel, RunnablePassthrough

from support.capabilities import OLD_STREAMS
from support.cases import Case, Cases, check
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, failing, shout, steps, words

cases = Cases()


def letters() -> Iterator[str]:
    yield from "ab"


async def aletters() -> AsyncIterator[str]:
    for letter in "ab":
        yield letter


@cases("""
    words
      http
      http
""")
def stream(probe: Probe) -> None:
    probe.consume(words(probe).stream(None))


@cases()
async def astream(probe: Probe) -> None:
    await probe.aconsume(words(probe).astream(None))


@cases("""
    a
      http
""")
def stream_of_a_plain_step(probe: Probe) -> None:
    probe.consume(steps(probe, "a").stream(1))


@cases()
async def astream_of_a_plain_step(probe: Probe) -> None:
    await probe.aconsume(asteps(probe, "a").astream(1))


@cases("""
    RunnableSequence
      shout
        http
        http
      words
        http
        http
""")
def sequence_stream(probe: Probe) -> None:
    probe.consume((words(probe) | shout(probe)).stream(None))


@cases()
async def sequence_astream(probe: Probe) -> None:
    await probe.aconsume((words(probe) | shout(probe)).astream(None))


@cases("""
    shout
      http
      http
""")
def transform(probe: Probe) -> None:
    probe.consume(shout(probe).transform(letters()))


@cases()
async def atransform(probe: Probe) -> None:
    await probe.aconsume(shout(probe).atransform(aletters()))


@cases("""
    RunnableSequence
      again
        http
        http
      shout
        http
        http
""")
def sequence_transform(probe: Probe) -> None:
    probe.consume((shout(probe) | shout(probe, "again")).transform(letters()))


@cases()
async def sequence_atransform(probe: Probe) -> None:
    await probe.aconsume((shout(probe) | shout(probe, "again")).atransform(aletters()))


@cases("""
    RunnableParallel<x,y>
      others
        http
        http
      words
        http
        http
""")
def parallel_stream(probe: Probe) -> None:
    probe.consume(RunnableParallel(x=words(probe), y=words(probe, name="others")).stream(None))


@cases()
async def parallel_astream(probe: Probe) -> None:
    await probe.aconsume(RunnableParallel(x=words(probe), y=words(probe, name="others")).astream(None))


@cases("""
    RunnableAssign<x>
      RunnableParallel<x>
        words
          http
          http
""")
def assign_stream(probe: Probe) -> None:
    probe.consume(RunnablePassthrough.assign(x=words(probe)).stream({"n": 1}))


@cases()
async def assign_astream(probe: Probe) -> None:
    await probe.aconsume(RunnablePassthrough.assign(x=words(probe)).astream({"n": 1}))


def branch(probe: Probe) -> Any:
    return RunnableBranch((probe.step("condition", bool), words(probe)), words(probe, name="others"))


@cases("""
    RunnableBranch
      condition
        http
      words
        http
        http
""")
def branch_stream(probe: Probe) -> None:
    probe.consume(branch(probe).stream(1))


@cases()
async def branch_astream(probe: Probe) -> None:
    await probe.aconsume(branch(probe).astream(1))


@cases("""
    RunnableEach<a>
      a
        http
      a
        http
""")
def map_stream(probe: Probe) -> None:
    probe.consume(steps(probe, "a").map().stream([1, 2]))


@cases()
async def map_astream(probe: Probe) -> None:
    await probe.aconsume(asteps(probe, "a").map().astream([1, 2]))


@cases("""
    a
      http
""")
def retry_stream(probe: Probe) -> None:
    probe.consume(steps(probe, "a").with_retry(wait_exponential_jitter=False).stream(1))


@cases()
async def retry_astream(probe: Probe) -> None:
    await probe.aconsume(asteps(probe, "a").with_retry(wait_exponential_jitter=False).astream(1))


def fallback(probe: Probe) -> Any:
    return RunnableLambda(probe.step("bad", failing(9))).with_fallbacks([words(probe)])


@cases("""
    RunnableWithFallbacks
      bad (error ValueError)
        http
      words
        http
        http
""")
def fallbacks_stream(probe: Probe) -> None:
    probe.consume(fallback(probe).stream(1))


@cases()
async def fallbacks_astream(probe: Probe) -> None:
    await probe.aconsume(fallback(probe).astream(1))


@cases(
    """
    RunnableSequence
      shout
        http
        http
      words
        http
        http
""",
    marks=(OLD_STREAMS,),
)
async def astream_events_v1(probe: Probe) -> None:
    await probe.aconsume((words(probe) | shout(probe)).astream_events(None, version="v1"))


@cases()
async def astream_events_v2(probe: Probe) -> None:
    await probe.aconsume((words(probe) | shout(probe)).astream_events(None, version="v2"))


@cases(marks=(OLD_STREAMS,))
async def astream_log(probe: Probe) -> None:
    await probe.aconsume((words(probe) | shout(probe)).astream_log(None))


@cases("""
    read
      reader
        words
          http
          http
""")
def a_stream_inside_a_step(probe: Probe) -> None:
    def read(_: Any) -> Any:
        with probe.start_as_current_span("reader"):
            return list(words(probe).stream(None))

    RunnableLambda(read).invoke(1)


@cases()
async def an_astream_inside_a_step(probe: Probe) -> None:
    async def read(_: Any) -> Any:
        with probe.start_as_current_span("reader"):
            return [word async for word in words(probe).astream(None)]

    await RunnableLambda(read).ainvoke(1)


@cases("""
    consumer
    consumer
      words
        http
        http
""")
def a_consumer_that_opens_spans(probe: Probe) -> None:
    stream = words(probe).stream(None)
    for _ in "ab":
        with probe.tracer.start_as_current_span("consumer") as span:
            next(stream)
            probe.expect_current(span)
    probe.consume(stream, empty=True)


@cases()
async def an_async_consumer_that_opens_spans(probe: Probe) -> None:
    stream = words(probe).astream(None)
    for _ in "ab":
        with probe.tracer.start_as_current_span("consumer") as span:
            await anext(stream)
            probe.expect_current(span)
    await probe.aconsume(stream, empty=True)


@cases("""
    others
      http
      http
    words
      http
      http
""")
def two_streams_in_turn(probe: Probe) -> None:
    for _ in zip(words(probe).stream(None), words(probe, name="others").stream(None), strict=True):
        probe.look("between two items")


@cases()
async def two_async_streams_in_turn(probe: Probe) -> None:
    others = words(probe, name="others").astream(None)
    async for _ in words(probe).astream(None):
        await probe.afirst(others)
    await probe.aconsume(others, empty=True)


@cases("""
    RunnableSequence (error ValueError)
      bad (error ValueError)
        http
      words
        http
        http
""")
def a_failing_stream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        probe.consume((words(probe) | RunnableLambda(probe.step("bad", failing(1)))).stream(None))


@cases()
async def a_failing_astream(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await probe.aconsume((words(probe) | RunnableLambda(probe.astep("bad", failing(1)))).astream(None))


@cases.each
def test_a_stream_is_current_in_its_body_and_not_in_its_consumer(
    case: Case, recording: Recording, outer: bool
) -> None:
    check(case, recording, outer=outer)
