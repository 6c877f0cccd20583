"""FastAPI: requests that run an agent, at once, each as a trace of its own and as the same tree."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from langchain.agents import create_agent

from support.drawing import drawn, written
from support.ecosystem import Counting, needed
from support.models import StreamingChat, tool_call
from support.recording import Recording

fastapi = needed("fastapi")
responses = needed("fastapi.responses")

GIVEN: Any = {"messages": [("user", "2 + 2?")]}
REQUESTS = 5
TREE = """
    invoke_agent sums
      node model
        chat m
      node tools
        execute_tool add
      node model
        chat m
"""


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def agent() -> Any:
    answers = [tool_call("add", a=2, b=2), "4"]
    return create_agent(StreamingChat(answers=answers, model_name="m"), [add], name="sums")


def served(counting: Counting) -> Any:
    app, config = fastapi.FastAPI(), {"callbacks": [counting]}

    @app.get("/invoke")
    def invoke() -> str:
        return str(agent().invoke(GIVEN, config)["messages"][-1].text)

    @app.get("/ainvoke")
    async def ainvoke() -> str:
        return str((await agent().ainvoke(GIVEN, config))["messages"][-1].text)

    @app.get("/astream")
    async def astream() -> Any:
        async def parts() -> Any:
            async for message, _ in agent().astream(GIVEN, config, stream_mode="messages"):
                yield message.text

        return responses.StreamingResponse(parts())

    return app


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "astream"])
def test_requests_at_once_are_the_same_tree_each(way: str, traced: Recording) -> None:
    counting = Counting()

    async def ask() -> list[str]:
        transport = httpx.ASGITransport(served(counting))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            answers = await asyncio.gather(*(client.get(f"/{way}") for _ in range(REQUESTS)))
        return [answer.text for answer in answers]

    assert all("4" in answer for answer in asyncio.run(ask()))

    traces = {span.context.trace_id for span in traced.spans}
    assert REQUESTS == len(traces)
    for trace_id in traces:
        one = [span for span in traced.spans if span.context.trace_id == trace_id]
        assert drawn(one) == written(TREE)
    assert len(counting.runs) == len(traced.spans)
