"""Models, tools and retrievers that stop in the middle of their work, and ways to cut them off there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult, GenerationChunk, LLMResult
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.tools import BaseTool, tool

from support.models import ScriptedRetriever, StreamingChat, StreamingLLM, work
from support.probe import Probe

TIMEOUT = 30.0
"""Seconds; nobody ever waits for them."""


class Gate:
    """A place in a body where a run stops.

    Attributes:
        reached: Somebody is there.
        opened: Whoever is there may go on.
    """

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def wait(self) -> None:
        """Stop at the gate until it is opened."""
        self.reached.set()
        await self.opened.wait()


async def cancelled_at(gate: Gate, running: Awaitable[Any]) -> None:
    """Run something in a task, and cancel the task when it stands at the gate."""
    task = asyncio.ensure_future(running)
    await gate.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def timed_out_at(gate: Gate, running: Awaitable[Any]) -> None:
    """Wait for something for a limited time, which is over when it stands at the gate."""
    hurry_at(gate)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(running, TIMEOUT)


async def deadline_at(gate: Gate, running: Awaitable[Any]) -> None:
    """The same with a deadline around a block: the run stays in the caller's task."""
    hurry_at(gate)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(TIMEOUT):
            await running


def hurry_at(gate: Gate) -> None:
    """Put the event loop's clock beyond the timeout once somebody stands at the gate."""
    loop = asyncio.get_running_loop()
    clock: Callable[[], float] = loop.time

    def hurry(_: Any) -> None:
        loop.time = lambda: clock() + 2 * TIMEOUT  # type: ignore[method-assign]

    watcher = asyncio.ensure_future(gate.reached.wait())
    watcher.add_done_callback(hurry)


class WaitingChat(StreamingChat):
    """A chat model that stops in the middle of an answer, and after the first word of a stream."""

    gate: Any

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        with work(self.body):
            await self.gate.wait()
        return await super()._agenerate(messages)

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content="a"))
        with work(self.body):
            await self.gate.wait()
        yield ChatGenerationChunk(message=AIMessageChunk(content="b"))


class WaitingLLM(StreamingLLM):
    """A completion model that does the same."""

    gate: Any

    async def _agenerate(self, prompts: list[str], *args: Any, **kwargs: Any) -> LLMResult:
        with work(self.body):
            await self.gate.wait()
        return await super()._agenerate(prompts)

    async def _astream(self, prompt: str, *args: Any, **kwargs: Any) -> AsyncIterator[GenerationChunk]:
        yield GenerationChunk(text="a")
        with work(self.body):
            await self.gate.wait()
        yield GenerationChunk(text="b")


class WaitingRetriever(ScriptedRetriever):
    """A retriever that stops in the middle of a search."""

    gate: Any

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any = None) -> list[Document]:
        with work(self.body):
            await self.gate.wait()
        return self.documents


def waiting_tool(probe: Probe, gate: Gate) -> BaseTool:
    """A tool that stops in the middle of its work."""

    @tool
    async def wait(number: int) -> int:
        """Wait."""
        with probe.start_as_current_span():
            await gate.wait()
        return number

    return wait


def waiting_step(probe: Probe, gate: Gate, name: str = "wait") -> Callable[[Any], Awaitable[Any]]:
    """A step, node or task that stops in the middle of its work."""

    async def wait(value: Any) -> Any:
        with probe.start_as_current_span():
            await gate.wait()
        return value

    wait.__name__ = name
    return wait


class WaitingLimiter(BaseRateLimiter):
    """A rate limiter that lets nobody through until its gate is opened."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def acquire(self, *, blocking: bool = True) -> bool:
        raise NotImplementedError

    async def aacquire(self, *, blocking: bool = True) -> bool:
        await self.gate.wait()
        return True


class Limiter(BaseRateLimiter):
    """A rate limiter that opens an application span, and may fail."""

    def __init__(self, probe: Probe, error: BaseException | None = None) -> None:
        self.probe = probe
        self.error = error

    def acquire(self, *, blocking: bool = True) -> bool:
        with self.probe.start_as_current_span("limiter"):
            if self.error is not None:
                raise self.error
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()
