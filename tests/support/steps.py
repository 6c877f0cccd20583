"""Chains of steps that open an application span each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import reduce
from operator import or_
from typing import Any

from langchain_core.runnables import RunnableGenerator, RunnableLambda

from support.probe import Probe


def steps(probe: Probe, *names: str) -> Any:
    """A sequence of synchronous steps; of one name, just that step."""
    return reduce(or_, (RunnableLambda(probe.step(name)) for name in names))


def asteps(probe: Probe, *names: str) -> Any:
    """A sequence of steps that are coroutine functions; of one name, just that step."""
    return reduce(or_, (RunnableLambda(probe.astep(name)) for name in names))


def shout(probe: Probe, name: str = "shout") -> Any:
    """A step that turns a stream of words into capitals, with a span open around each of them."""

    def shout(chunks: Iterator[str]) -> Iterator[str]:
        for chunk in chunks:
            with probe.start_as_current_span():
                loud = chunk.upper()
            yield loud

    async def ashout(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
        async for chunk in chunks:
            with probe.start_as_current_span():
                loud = chunk.upper()
            yield loud

    return RunnableGenerator(shout, ashout, name=name)


def words(probe: Probe, *, name: str = "words", text: str = "a b") -> Any:
    """A step that yields a text word by word, with an application span before each of them."""

    def words(_: Iterator[Any]) -> Iterator[str]:
        for word in text.split():
            with probe.start_as_current_span():
                pass
            yield word

    async def awords(_: AsyncIterator[Any]) -> AsyncIterator[str]:
        for word in text.split():
            with probe.start_as_current_span():
                pass
            yield word

    return RunnableGenerator(words, awords, name=name)


def failing(times: int) -> Callable[[Any], Any]:
    """Work that raises ValueError so many times, and then returns what it is given."""
    failures = iter([ValueError("no")] * times)

    def work(value: Any) -> Any:
        for failure in failures:
            raise failure
        return value

    return work


def raising(error: BaseException) -> Callable[[Any], Any]:
    """Work that raises an error."""

    def work(_: Any) -> Any:
        raise error

    return work


class Stopped(BaseException):
    """Not an Exception: LangChain's own handling of errors passes it over."""
