"""What is sent to an MCP server and comes back gets out where it was asked for, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from ecosystem.mcp_connections import http
from privacy.judge import sightings
from support.canary import canary, failing, masked
from support.ecosystem import needed
from support.otlp import receive
from support.telemetry import Telemetry

mcp = needed("mcp")
sessions = needed("langchain_mcp_adapters.sessions")
adapters = needed("langchain_mcp_adapters.tools")
needed("fastmcp")

ARGUMENT = {"city": canary("argument")}
META = {"note": canary("meta"), canary("meta_key"): 1}
SECRETS = f"user:{canary('password')}@"
URI = f"terms://{SECRETS}host/spring?token={canary('query')}#{canary('fragment')}"


@pytest.fixture(scope="module")
def connection() -> Iterator[dict[str, Any]]:
    """A server that needs secrets to be spoken to."""
    with receive() as server, http(server.endpoint) as connection:
        url = connection["url"].replace("http://", f"http://{SECRETS}")
        secret = {"headers": {"X-Key": canary("header")}, "url": f"{url}?token={canary('url_query')}"}
        yield {**connection, **secret}


async def _ask(session: Any) -> None:
    """Everything that can be asked, some of which fails."""
    await session.call_tool("told", meta=META)
    await session.call_tool("refuse", ARGUMENT)
    await session.get_prompt("greeting", {"name": canary("variable")})
    for failing_request in (
        session.read_resource(URI),
        session.get_prompt("greeting", {canary("unknown_variable"): "x"}),
    ):
        with pytest.raises(mcp.McpError):
            await failing_request
    found = {each.name: each for each in await adapters.load_mcp_tools(session)}
    await found["refuse"].ainvoke(ARGUMENT)
    await found["temperature"].ainvoke(ARGUMENT)


def observe(connection: Any, **settings: Any) -> Telemetry:
    telemetry = Telemetry()

    async def body(_: Any) -> None:
        async with sessions.create_session(connection) as session:
            await session.initialize()
            await _ask(session)

    with telemetry.instrumented(**settings):
        asyncio.run(RunnableLambda(body).with_config(run_name="step").ainvoke(None))
    return telemetry


def test_without_content_nothing_gets_out(connection: Any) -> None:
    telemetry = observe(connection)

    assert {} == sightings(telemetry)
    (read,) = [span for span in telemetry.spans if span.name == "resources/read"]
    assert read.attributes is not None
    assert "terms://host/spring" == read.attributes["mcp.resource.uri"]
    assert "127.0.0.1" == read.attributes["server.address"]


def test_with_content_arguments_and_results_of_tools_get_out_and_nothing_else(connection: Any) -> None:
    found = sightings(observe(connection, capture_content="span"))

    messages = {"span status", "span event exception: exception.message"}
    assert {"span: gen_ai.tool.call.arguments", "span: gen_ai.tool.call.result"} == found.keys() - messages
    assert {"argument"} == found["span: gen_ai.tool.call.arguments"]
    # The server has repeated them.
    assert {"argument", "meta", "meta_key"} == found["span: gen_ai.tool.call.result"]


@pytest.mark.parametrize("redact", [masked, failing])
def test_a_hook_that_hides_all_or_fails_lets_nothing_out(connection: Any, redact: Any) -> None:
    assert {} == sightings(observe(connection, capture_content="both", redact=redact))
