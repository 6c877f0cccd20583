"""Whatever fails of what records MCP requests: the application does not notice, and every span ends."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

import langspan
from ecosystem.mcp_connections import http
from support.application.observe import Seen, observe
from support.ecosystem import needed
from support.faults import InjectedError, Target, fault, targets, watched
from support.otlp import receive
from support.production import Harness

anyio = needed("anyio")
mcp = needed("mcp")
sessions = needed("langchain_mcp_adapters.sessions")
adapters = needed("langchain_mcp_adapters.tools")
needed("fastmcp")

CITY = {"city": "Rome"}
MODULES = (
    "langspan.kinds.mcp",
    "langspan.langchain.patches.mcp",
    "langspan.langchain.patches.mcp_connections",
)
OTHERS = {"langchain.patches.optional._mcp", "recording.run.Run.learn", "recording.run._with"}
# They run the application's own code, and contain nothing of ours that can fail: all they call is tested.
CARRIERS = {
    "langchain.patches.mcp._Requests._send",
    "langchain.patches.mcp._Carrying.model_dump",
    "langchain.patches.mcp_connections._Opening.__init__",
    "langchain.patches.mcp_connections._Opening.__aenter__",
    "langchain.patches.mcp_connections._Opening.__aexit__",
}
# For version 2 of the package: there, nothing is sent or recorded but for attributes of tools.
NEWER = {
    "langchain.patches.mcp._Requests.completing",
    "langchain.patches.mcp._Requests.completing.wrapper",
}
TESTED = [
    target
    for target in targets()
    if (target.module in MODULES or str(target) in OTHERS)
    and target.path[-1] != "wrapper"
    and str(target) not in CARRIERS | NEWER
]


@pytest.fixture(scope="module")
def connection() -> Iterator[dict[str, Any]]:
    with receive() as server, http(server.endpoint) as connection:
        yield connection


async def _ask(session: Any) -> list[Any]:
    answers = [
        await session.call_tool("temperature", CITY),
        await session.call_tool("refuse", CITY),
        await session.get_prompt("greeting", {"name": "Ada"}),
        await session.read_resource("terms://host/spring"),
    ]
    with pytest.raises(mcp.McpError) as raised:
        await session.get_prompt("unknown")
    return [*answers, str(raised.value)]


async def _work(connection: Any) -> Seen:
    async def body(_: Any) -> list[Any]:
        async with sessions.create_session(connection) as session:
            await session.initialize()
            answers = await _ask(session)
            tools = await adapters.load_mcp_tools(session, server_name="weather", tool_name_prefix=True)
            answers += [await each.ainvoke(CITY) for each in tools if each.name != "weather_told"]
        with pytest.raises(anyio.ClosedResourceError):
            await tools[0].ainvoke(CITY)
        return answers

    return await observe(
        lambda config: RunnableLambda(body).with_config(run_name="step").ainvoke(None, config)
    )


@pytest.fixture(scope="module")
def untraced(connection: Any) -> Seen:
    seen = asyncio.run(_work(connection))
    assert seen.raised is None
    return seen


@pytest.fixture(scope="module")
def called(connection: Any) -> set[Target]:
    """What is called at all."""
    found: set[Target] = set()
    harness = Harness(observed=True)
    with watched(TESTED, found.add), harness.cleaned_up():
        harness.instrument()
        asyncio.run(_work(connection))
    return found


@pytest.mark.parametrize("late", [False, True], ids=["at once", "in the end"])
@pytest.mark.parametrize("target", TESTED, ids=str)
def test_the_application_does_not_notice(
    target: Target,
    late: bool,
    connection: Any,
    untraced: Seen,
    called: set[Target],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert target in called
    gc.collect()
    harness = Harness(observed=True)
    with harness.cleaned_up(), caplog.at_level(logging.WARNING, "langspan"), fault(target, late=late) as hits:
        try:
            harness.instrument()
        except InjectedError:
            pytest.fail("instrument() let it through")
        seen = asyncio.run(_work(connection))
        langspan.uninstrument()
    assert hits
    assert untraced == seen
    assert {} == harness.open.names
    lines = [record.getMessage() for record in caplog.records if record.name == "langspan"]
    assert sorted(set(lines)) == sorted(lines)
