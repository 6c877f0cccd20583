"""A mix of runs of every kind, well and badly ended, to be taken turns in many times."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableLambda
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from support.application.agents import (
    agent_invoke,
    graph_cancelled,
    graph_fails,
    graph_in_a_graph,
    graph_interrupted_and_resumed,
    graph_stream_closed,
)
from support.application.chains import WaitingRetriever, add, fail, wait
from support.application.models import PartlyFailingChat, WaitingChat
from support.application.waiting import cancelled
from support.models import ScriptedChat, ScriptedLLM, ScriptedRetriever, StreamingChat, StreamingLLM

GENERATION = 2_048
"""So many ended runs at least, and twice as many at most, are remembered: memory is not flat before that."""


class Tally(SpanProcessor):
    """Counts spans that started and that ended, by how they ended."""

    def __init__(self) -> None:
        self.started = 0
        self.ended: Counter[str] = Counter()

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.started += 1

    def on_end(self, span: ReadableSpan) -> None:
        attributes = span.attributes or {}
        self.ended[str(attributes.get("langspan.outcome") or attributes.get("error.type") or "ok")] += 1


CHAT, STREAMED = ScriptedChat(), StreamingChat(answers=("a b c",))
LLM, STREAMED_LLM = ScriptedLLM(), StreamingLLM(answer="a b c")
RETRIEVER = ScriptedRetriever()
CHAIN = RunnableLambda(lambda text: text) | CHAT
LAST: Runnable[Any, Any] = CHAT
TWO: list[BaseMessage] = [HumanMessage("a"), HumanMessage("b")]


def failing(model: type[ScriptedChat]) -> ScriptedChat:
    """A new one each time, for an exception that is raised again keeps all it has passed through."""
    return model(fails_with=ValueError("no"))


def abandon(stream: Any) -> None:
    """Read a little and let go."""
    next(stream)


async def aabandon(stream: AsyncIterator[Any]) -> None:
    await anext(stream)


async def read(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        pass


async def close(stream: Any) -> None:
    await anext(stream)
    await stream.aclose()


MIX: tuple[Callable[[], Any], ...] = (
    lambda: CHAIN.invoke("x"),
    lambda: CHAIN.batch(["x", "y"]),
    lambda: CHAIN.ainvoke("x"),
    lambda: read(CHAIN.astream("x")),
    lambda: read(STREAMED.astream("x")),
    lambda: list(STREAMED.stream("x")),
    lambda: close(STREAMED.astream("x")),
    lambda: aabandon(STREAMED.astream("x")),
    lambda: abandon(STREAMED.stream("x")),
    lambda: abandon(STREAMED_LLM.stream("x")),
    lambda: failing(ScriptedChat).invoke("x"),
    lambda: (failing(ScriptedChat) | LAST).ainvoke("x"),
    lambda: list(failing(StreamingChat).stream("x")),
    lambda: PartlyFailingChat().generate([TWO[:1], TWO[1:], TWO[:1]]),
    lambda: cancelled(WaitingChat().ainvoke("x")),
    lambda: cancelled(WaitingRetriever().ainvoke("x")),
    lambda: cancelled(wait.ainvoke({"a": 1})),
    lambda: LLM.batch(["x", "y"]),
    lambda: RETRIEVER.invoke("x"),
    lambda: add.invoke({"a": 1, "b": 2}),
    lambda: fail.invoke({"a": 1}),
    lambda: agent_invoke({}),
    lambda: graph_in_a_graph({}),
    lambda: graph_stream_closed({}),
    lambda: graph_fails({}),
    lambda: graph_cancelled({}),
    lambda: graph_interrupted_and_resumed({}),
)


async def carry_out(tally: Tally, runs: int) -> None:
    """Take turns in the mix until so many runs have started."""
    for call in itertools.cycle(MIX):
        if tally.started >= runs:
            break
        with contextlib.suppress(ValueError, asyncio.CancelledError):
            result = call()
            if isinstance(result, Awaitable):
                await result
    await asyncio.sleep(0)
