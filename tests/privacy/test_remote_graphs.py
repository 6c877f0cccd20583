"""Remote graphs with something to hide in all that they take, and in all that the server says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph_sdk.errors import APIError

from privacy.judge import sightings
from support.agent_server import AgentServer, serve
from support.application.remote_graphs import HAS_EVENT_STREAMS
from support.canary import canary
from support.telemetry import Telemetry

GIVEN = {"text": canary("input"), "messages": [{"role": "user", "content": canary("human")}]}
CONFIG: Any = {
    "configurable": {"thread_id": "t-1", "key": canary("configurable")},
    "metadata": {"note": canary("metadata")},
}
SAID = {"input", "human", "metadata"}


MODES = ["invoke", "ainvoke", *(["events"] if HAS_EVENT_STREAMS else [])]


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with serve() as running:
        yield running


def remote(server: AgentServer, assistant: str) -> RemoteGraph:
    """A client with something to hide in every argument it has."""
    port = server.url.rpartition(":")[2]
    return RemoteGraph(
        assistant,
        url=f"http://user:{canary('password')}@127.0.0.1:{port}/{canary('path')}",
        api_key=canary("api_key"),
        headers={"x-tenant": canary("header")},
    )


def call(server: AgentServer, assistant: str, mode: str, **settings: Any) -> Telemetry:
    telemetry = Telemetry()
    arguments: Any = {"headers": {"x-call": canary("call_header")}, "params": {"p": canary("parameter")}}
    with telemetry.instrumented(**settings), suppress(RemoteException, APIError, httpx.HTTPError):
        graph = remote(server, assistant)
        if mode == "invoke":
            graph.invoke(GIVEN, CONFIG, **arguments)
        elif mode == "ainvoke":
            asyncio.run(graph.ainvoke(GIVEN, CONFIG, **arguments))
        else:
            read_events(graph, arguments["headers"])
    return telemetry


def read_events(graph: Any, headers: Any) -> None:
    """Read an event stream, and then the state, unless the graph waits for its user."""
    with graph.stream_events(GIVEN, CONFIG, version="v3", headers=headers) as run:
        asks = [event for event in run if event["method"] == "input.requested"]
        if not asks:
            with suppress(RuntimeError):  # how an event stream tells of a failure
                assert run.output


@pytest.mark.parametrize("assistant", ["echo", "asking", "failing", "refused"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_nothing_of_a_call_gets_out(mode: str, assistant: str, server: AgentServer) -> None:
    assert {} == sightings(call(server, assistant, mode))
    request = server.requests[0]
    assert canary("header") == request.header("x-tenant")
    assert canary("path") in request.path


@pytest.mark.parametrize("assistant", ["echo", "asking", "failing", "refused"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_with_content_only_content_gets_out(mode: str, assistant: str, server: AgentServer) -> None:
    found = sightings(call(server, assistant, mode, capture_content=True))

    # The SDK lets httpx tell of it, whose exception has the URL in its message.
    told = {"path"} if (mode, assistant) == ("events", "refused") else set()
    assert SAID | told == set().union(*found.values())
