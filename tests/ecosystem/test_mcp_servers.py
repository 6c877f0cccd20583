"""Tools of a traced MCP server in another process: one trace, whatever the transport and the session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from textwrap import indent
from typing import Any

import pytest
from langchain.agents import create_agent
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import langspan
from ecosystem.mcp_clients import IS_NEWER, for_each_call, kept
from ecosystem.mcp_connections import http, stdio
from langspan._guard import Guard
from support.interpreters import ask
from support.models import StreamingChat, tool_call
from support.otlp import Server, receive
from support.otlp_data import Span

ASK: Any = {"messages": [("user", "How warm is it in Rome?")]}
AGENT = """
invoke_agent weather
  node model
    chat m
  node tools
    execute_tool temperature
{below}  node model
    chat m
"""
KEPT = "tools/call temperature [mcp-server]\n"
PER_CALL = KEPT if IS_NEWER else f"initialize\n{KEPT}tools/list\n"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Server]:
    with receive() as server:
        yield server


@pytest.fixture(scope="module")
def web_server(receiver: Server) -> Iterator[dict[str, Any]]:
    with http(receiver.endpoint) as connection:
        yield connection


@pytest.fixture(scope="module")
def old_server(receiver: Server) -> Iterator[dict[str, Any]]:
    with http(receiver.endpoint, "sse") as connection:
        yield connection


@pytest.fixture(params=["stdio", "http"])
def connection(request: pytest.FixtureRequest, receiver: Server) -> Any:
    return stdio(receiver.endpoint) if request.param == "stdio" else request.getfixturevalue("web_server")


@pytest.fixture(autouse=True)
def sending(receiver: Server) -> Iterator[None]:
    """The client sends to where the server sends."""
    receiver.received.spans.clear()
    provider = TracerProvider(resource=Resource({"service.name": "app"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{receiver.endpoint}/v1/traces")))
    langspan.LangSpanInstrumentor().instrument(tracer_provider=provider, guard=Guard(raising=True))
    yield
    langspan.uninstrument()
    provider.shutdown()


def drawn(spans: list[Span], parent: str | None = None) -> str:
    """The tree of what arrived, in the order of the starts; the server's spans are marked."""
    lines = ""
    for span in sorted(spans, key=lambda span: span.start):
        if (span.parent_id or None) == parent:
            mark = "" if span.resource["service.name"] == "app" else " [mcp-server]"
            lines += f"{span.name}{mark}\n{indent(drawn(spans, span.span_id), '  ')}"
    return lines


def agent(found: list[Any]) -> Any:
    model = StreamingChat(answers=[tool_call("temperature", city="Rome"), "20 degrees"], model_name="m")
    return create_agent(model, found, name="weather")


async def ainvoke(runnable: Any) -> None:
    await runnable.ainvoke(ASK)


async def astream(runnable: Any) -> None:
    async for _ in runnable.astream(ASK, stream_mode=["updates", "messages"]):
        pass


WAYS = pytest.mark.parametrize("way", [ainvoke, astream])


async def on_a_kept_session(connection: Any, way: Callable[[Any], Awaitable[None]]) -> None:
    async with kept(connection) as found:
        await way(agent(found))


async def on_a_session_for_each_call(connection: Any, way: Callable[[Any], Awaitable[None]]) -> None:
    async with for_each_call(connection) as found:
        await way(agent(found))


@WAYS
@pytest.mark.parametrize(
    ("talk", "below", "count"),
    [(on_a_kept_session, KEPT, 8), (on_a_session_for_each_call, PER_CALL, 8 if IS_NEWER else 10)],
    ids=["kept", "for each call"],
)
def test_client_and_server_make_one_trace(
    connection: Any, receiver: Server, way: Any, talk: Any, below: str, count: int
) -> None:
    asyncio.run(talk(connection, way))

    # What the server does outside of any run is in no trace of ours.
    spans = receiver.wait_for(lambda got: sum(map(_is_of_the_run, got.spans)) == count).spans
    ours = [span for span in spans if _is_of_the_run(span)]
    assert AGENT.format(below=indent(below, " " * 6)).lstrip() == drawn(ours)
    assert 1 == len({span.trace_id for span in ours})


GLOBALLY = """
import asyncio, json, sys
from opentelemetry import trace
from ecosystem.mcp_clients import kept
from support.recording import Recording, instrumented

recording = Recording()
trace.set_tracer_provider(recording.provider)

async def main():
    async with kept(CONNECTION) as found:
        (tool,) = [each for each in found if each.name == "told"]
        return await tool.ainvoke({})

with instrumented(recording):
    answer = asyncio.run(main())
name = "MCP send tools/call told"
sent = recording.named(name).context
path = f"{recording.parent(name)}/{name}"
context = f"00-{sent.trace_id:032x}-{sent.span_id:016x}-"
print(json.dumps([path, context, str(answer)]))
"""


@pytest.mark.skipif(not IS_NEWER, reason="the client of mcp 1.x makes no spans")
def test_the_span_of_the_client_itself_lies_between(connection: Any) -> None:
    """Where the application's provider is the global one. The server continues it."""
    path, context, answer = ask(GLOBALLY.replace("CONNECTION", repr(connection)))

    assert "execute_tool told/MCP send tools/call told" == path
    assert 1 == answer.count("traceparent")
    assert context in answer


def _is_of_the_run(span: Span) -> bool:
    return span.resource["service.name"] == "app" or span.name == "tools/call temperature"


def test_the_span_of_a_tool_tells_of_its_server(connection: Any, receiver: Server) -> None:
    asyncio.run(on_a_kept_session(connection, ainvoke))

    spans = receiver.wait_for(lambda got: sum(map(_is_of_the_run, got.spans)) == 8).spans
    (span,) = [span for span in spans if span.name == "execute_tool temperature"]
    (served,) = [span for span in spans if span.name == "tools/call temperature"]
    told = {key: value for key, value in span.attributes.items() if not key.startswith("langchain.")}
    address = {"server.address": "127.0.0.1"}
    # The newer protocol has no sessions, and the newer client keeps the id of a request to itself.
    older = {"mcp.protocol.version": "2025-11-25", "jsonrpc.request.id": "2"}
    if not IS_NEWER:
        address["mcp.session.id"] = served.attributes["mcp.session.id"]
    of_transport: dict[str, Any] = (
        {"network.transport": "pipe"}
        if connection["transport"] == "stdio"
        else {"network.transport": "tcp", **address, "server.port": told["server.port"]}
    )
    assert told == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "temperature",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": "Tell the temperature in a city.",
        "gen_ai.tool.call.id": told["gen_ai.tool.call.id"],
        "gen_ai.agent.name": "weather",
        "mcp.method.name": "tools/call",
        **({"mcp.protocol.version": "2026-07-28"} if IS_NEWER else older),
        "langspan.mcp.server.name": "weather",
        "langspan.mcp.server.version": "1.4.0",
        **of_transport,
    }


def test_the_transport_of_old_is_told_too(old_server: Any, receiver: Server) -> None:
    asyncio.run(on_a_kept_session(old_server, ainvoke))

    spans = receiver.wait_for(lambda got: sum(map(_is_of_the_run, got.spans)) == 8).spans
    (span,) = [span for span in spans if span.name == "execute_tool temperature"]
    assert "tcp" == span.attributes["network.transport"]
    assert "127.0.0.1" == span.attributes["server.address"]


@pytest.mark.skipif(IS_NEWER, reason="mcp 2.x has it no more")
@pytest.mark.filterwarnings("ignore:The WebSocket client transport:DeprecationWarning")
def test_a_websocket_is_told_too(receiver: Server) -> None:
    with http(receiver.endpoint, "websocket") as served:
        connection = {"transport": "websocket", "url": served["url"].replace("http:", "ws:")}
        asyncio.run(on_a_kept_session(connection, ainvoke))

    agent_span = "invoke_agent weather"
    spans = receiver.wait_for(lambda got: any(span.name == agent_span for span in got.spans)).spans
    (span,) = [span for span in spans if span.name == "execute_tool temperature"]
    assert ("tcp", "127.0.0.1") == (span.attributes["network.transport"], span.attributes["server.address"])


AGAIN = """
import asyncio, json
from support.recording import Recording, instrumented

recording = Recording()
with instrumented(recording):
    from langchain_mcp_adapters.client import MultiServerMCPClient
    from langchain_mcp_adapters.tools import load_mcp_tools
    from langchain_core.runnables import RunnableLambda

async def main():
    async with MultiServerMCPClient({"weather": CONNECTION}).session("weather") as session:
        async def step(_):
            await session.send_ping()

        await RunnableLambda(step).ainvoke(None)

with instrumented(recording):
    asyncio.run(main())
(span,) = [span for span in recording.spans if span.name == "ping"]
print(json.dumps(dict(span.attributes)))
"""


@pytest.mark.skipif(IS_NEWER, reason="of the adapters for mcp 1.x")
def test_the_transport_is_told_to_whoever_instruments_again(web_server: Any) -> None:
    """The adapters keep the patched functions that they have imported, and those of before do nothing."""
    told = ask(AGAIN.replace("CONNECTION", repr(web_server)))

    assert "tcp" == told["network.transport"]
    assert "127.0.0.1" == told["server.address"]
