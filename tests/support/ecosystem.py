"""For packages built on LangChain: what must be installed, and LangChain's own runs beside our spans."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from support.models import StreamingChat
from support.recording import Recording

UNTOLD = {"embeddings", "search_memory", "upsert_memory", "delete_memory", "get_memory", "tools/list"}
"""The first words of spans of which LangChain tells nothing."""
STEPS = ("chat_model", "llm", "chain", "tool", "retriever")


def needed(package: str) -> Any:
    """The package; without it the whole module is skipped."""
    return pytest.importorskip(package, reason=f"{package} is in a lane: make lanes LANES='ecosystem mcp2'")


class Describing(StreamingChat):
    """A model to which a tool is any description, such as a package makes of what it wants to extract."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[str(each) for each in tools])


class Counting(BaseCallbackHandler):
    """Knows the ids of the runs that LangChain told of, but for those that it marks as internal."""

    run_inline = True

    def __init__(self) -> None:
        self.runs: set[UUID] = set()


def _counted(self: Counting, *_: Any, run_id: UUID, tags: list[str] | None = None, **__: Any) -> None:
    if "langsmith:hidden" not in (tags or ()):
        self.runs.add(run_id)


for _step in STEPS:
    setattr(Counting, f"on_{_step}_start", _counted)


def invoke(runnable: Any, given: Any, config: Any) -> None:
    runnable.invoke(given, config)


def ainvoke(runnable: Any, given: Any, config: Any) -> None:
    asyncio.run(runnable.ainvoke(given, config))


def stream(runnable: Any, given: Any, config: Any) -> None:
    for _ in runnable.stream(given, config, stream_mode=["updates", "messages"], subgraphs=True):
        pass


def astream(runnable: Any, given: Any, config: Any) -> None:
    async def consume() -> None:
        async for _ in runnable.astream(given, config, stream_mode=["updates", "messages"], subgraphs=True):
            pass

    asyncio.run(consume())


WAYS: dict[str, Callable[[Any, Any, Any], None]] = {
    each.__name__: each for each in (invoke, ainvoke, stream, astream)
}
"""The ways of running a graph, each to its end."""


def check_counted(counting: Counting, traced: Recording) -> None:
    """Check that each run that LangChain told of is one span, and that they are one trace."""
    ours = [span for span in traced.spans if span.name.partition(" ")[0] not in UNTOLD]
    assert len(counting.runs) == len(ours)
    assert 1 == len(traced.trace_ids())
