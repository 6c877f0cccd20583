"""Streams that are left or fail half-way: what had come by then is on the span."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from support.models import StreamingChat, usage
from support.probe import settled
from support.recording import Recording
from support.waiting import Gate, cancelled_at


class EarlyCounts(StreamingChat):
    """A model that tells with its first word what it has read, as some providers do.

    Attributes:
        error: Raised after the first word.
        gate: Where the asynchronous stream stops after the first word.
    """

    error: Any = None
    gate: Any = None

    def _first(self) -> ChatGenerationChunk:
        return ChatGenerationChunk(message=AIMessageChunk(content="a", usage_metadata=usage(7, 1)))

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        yield self._first()
        if self.error is not None:
            raise self.error
        yield ChatGenerationChunk(message=AIMessageChunk(content=" b"))

    async def _astream(self, *args: Any, **kwargs: Any) -> Any:
        yield self._first()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        yield ChatGenerationChunk(message=AIMessageChunk(content=" b"))


def closed() -> None:
    stream = EarlyCounts().stream("hi")
    next(stream)
    stream.close()


def dropped() -> None:
    next(EarlyCounts().stream("hi"))


def failed() -> None:
    with pytest.raises(ValueError, match="no"):
        list(EarlyCounts(error=ValueError("no")).stream("hi"))


async def aclosed() -> None:
    stream = EarlyCounts().astream("hi")
    await anext(stream)
    await stream.aclose()


async def afailed() -> None:
    with pytest.raises(ValueError, match="no"):
        [chunk async for chunk in EarlyCounts(error=ValueError("no")).astream("hi")]


async def cancelled() -> None:
    gate = Gate()

    async def read() -> None:
        async for _ in EarlyCounts(gate=gate).astream("hi"):
            pass

    await cancelled_at(gate, read())


@pytest.mark.parametrize(
    ("leave", "outcome"),
    [(closed, "closed"), (dropped, "closed"), (failed, None)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tokens_seen_so_far_are_kept(traced: Recording, leave: Any, outcome: str | None) -> None:
    leave()
    (span,) = traced.spans

    assert 7 == span.attributes["gen_ai.usage.input_tokens"]
    assert 1 == span.attributes["gen_ai.usage.output_tokens"]
    assert span.attributes["gen_ai.request.stream"]
    assert outcome == span.attributes.get("langspan.outcome")


@pytest.mark.parametrize(
    ("leave", "outcome"),
    [(aclosed, "closed"), (afailed, None), (cancelled, "cancelled")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tokens_seen_so_far_are_kept_async(traced: Recording, leave: Any, outcome: str | None) -> None:
    async def run() -> None:
        await leave()
        await settled()

    asyncio.run(run())
    (span,) = traced.spans

    assert 7 == span.attributes["gen_ai.usage.input_tokens"]
    assert 1 == span.attributes["gen_ai.usage.output_tokens"]
    assert span.attributes["gen_ai.request.stream"]
    assert outcome == span.attributes.get("langspan.outcome")
