"""Remote graphs of an application, the requests of the LangGraph SDK, and a graph that a server runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from httpx import HTTPStatusError
from langchain_core.runnables import RunnableLambda
from langgraph.pregel.remote import RemoteGraph
from langgraph.types import Command
from langgraph_sdk import get_sync_client

from support.agent_server import AgentServer, serve
from support.small_graph import graph

GIVEN = {"text": "Hi"}
THREAD = {"thread_id": "t-1", "user_id": "u-1"}
ASSISTANT = "8cf6a4d2-0b8e-5f43-9f0a-3e3d1c5a7b10"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _far(server: AgentServer, assistant: str = "echo") -> Any:
    return RemoteGraph(assistant, url=server.url, api_key="k")


def remote_invoke(config: Any) -> Any:
    with serve() as server:
        return _far(server).invoke(GIVEN, {**config, "configurable": THREAD})


async def remote_ainvoke(config: Any) -> Any:
    with serve() as server:
        return await _far(server, ASSISTANT).ainvoke(GIVEN, config)


def remote_stream(config: Any) -> Iterator[Any]:
    with serve() as server:
        yield from _far(server).stream(GIVEN, config)


async def remote_astream(config: Any) -> AsyncIterator[Any]:
    with serve() as server:
        async for item in _far(server).astream(GIVEN, config, stream_mode=["values", "updates"]):
            yield item


def remote_stream_left(config: Any) -> Any:
    with serve() as server:
        stream = _far(server, "slow").stream(GIVEN, config)
        first = next(stream)
        stream.close()
    return first


async def remote_cancelled(config: Any) -> Any:
    with serve() as server:
        begun = asyncio.Event()

        async def read() -> None:
            async for _ in _far(server, "slow").astream(GIVEN, config):
                begun.set()

        reading = asyncio.create_task(read())
        await begun.wait()
        reading.cancel()
        return await reading


def remote_interrupted_and_resumed(config: Any) -> Any:
    config = {**config, "configurable": THREAD}
    with serve() as server:
        return _far(server, "asking").invoke(GIVEN, config), _far(server).invoke(Command(resume="y"), config)


def remote_fails(config: Any) -> Any:
    with serve() as server:
        return _far(server, "failing").invoke(GIVEN, config)


def remote_events(config: Any) -> Any:
    with serve() as server, _far(server).stream_events(GIVEN, config, version="v3") as run:
        return run.output


async def remote_aevents(config: Any) -> Any:
    with serve() as server:
        async with await _far(server).astream_events(GIVEN, config, version="v3") as run:
            return await run.output()


def remote_events_left(config: Any) -> Any:
    with serve() as server, _far(server, "slow").stream_events(GIVEN, config, version="v3") as run:
        return run.interrupted


def remote_events_interrupted_and_resumed(config: Any) -> Any:
    config = {**config, "configurable": THREAD}
    with serve() as server, _far(server, "asking").stream_events(GIVEN, config, version="v3") as run:
        for _ in run:
            pass
    with serve() as server, _far(server).stream_events(Command(resume="y"), config, version="v3") as run:
        return run.output


def remote_events_fail(config: Any) -> Any:
    with serve() as server, _far(server, "failing").stream_events(GIVEN, config, version="v3") as run:
        return run.output


async def remote_aevents_cut(config: Any) -> Any:
    with serve() as server:
        async with await _far(server, "cut").astream_events(GIVEN, config, version="v3") as run:
            return await run.output()


async def remote_aevents_refused(config: Any) -> Any:
    with serve() as server:
        try:
            async with await _far(server, "refused").astream_events(GIVEN, config, version="v3") as run:
                return await run.output()
        except HTTPStatusError as error:  # its message has the port
            return error.response.status_code


def sdk_request_in_a_run(config: Any) -> Any:
    with serve() as server, get_sync_client(url=server.url, api_key="k", headers={"x-shop": "1"}) as client:
        step: Any = RunnableLambda(lambda _: client.threads.create())
        return step.invoke(1, config)


def served_graph(config: Any) -> Any:
    return graph().invoke(GIVEN, {**config, "configurable": {"traceparent": PARENT}})


EVENT_STREAMS = (
    remote_events,
    remote_aevents,
    remote_events_left,
    remote_events_interrupted_and_resumed,
    remote_events_fail,
    remote_aevents_cut,
    remote_aevents_refused,
)
HAS_EVENT_STREAMS = "stream_events" in vars(RemoteGraph)
SCENARIOS = (
    remote_invoke,
    remote_ainvoke,
    remote_stream,
    remote_astream,
    remote_stream_left,
    remote_cancelled,
    remote_interrupted_and_resumed,
    remote_fails,
    sdk_request_in_a_run,
    served_graph,
    *(EVENT_STREAMS if HAS_EVENT_STREAMS else ()),
)
