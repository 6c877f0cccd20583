"""Tools that either version's adapter makes of those of a server: what they let out, and faults of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

import langspan
from ecosystem.mcp_clients import kept
from ecosystem.mcp_connections import http
from privacy.judge import sightings
from support.application.observe import Seen, observe
from support.canary import canary
from support.faults import fault, targets
from support.otlp import receive
from support.production import Harness
from support.telemetry import Telemetry

ARGUMENT = {"city": canary("argument")}
# What tells of a tool's request, whichever version sends it.
TESTED = [
    target
    for target in targets()
    if str(target)
    in {
        "kinds.mcp.mcp_request",
        "kinds.mcp.request_facts",
        "langchain.patches.mcp._Requests._read",
        "langchain.patches.mcp._describe",
        "langchain.patches.mcp._is_call_of",
        "langchain.patches.mcp_connections.Connections.answered",
        "langchain.patches.mcp_connections.Connections.facts",
        "recording.run.Run.learn",
    }
]


@pytest.fixture(scope="module")
def connection() -> Iterator[dict[str, Any]]:
    with receive() as server, http(server.endpoint) as connection:
        yield connection


async def _use(connection: Any) -> list[Any]:
    """Use every tool that a server has."""
    async with kept(connection) as found:
        tools = {each.name: each for each in found}
        return [
            await tools["temperature"].ainvoke(ARGUMENT),
            await tools["refuse"].ainvoke(ARGUMENT),
            sorted(tools),
        ]


async def _work(connection: Any) -> Seen:
    async def body(_: Any) -> list[Any]:
        return await _use(connection)

    return await observe(
        lambda config: RunnableLambda(body).with_config(run_name="step").ainvoke(None, config)
    )


def test_arguments_and_errors_stay_inside(connection: Any) -> None:
    telemetry = Telemetry()

    with telemetry.instrumented():
        asyncio.run(_work(connection))

    methods = [(span.attributes or {}).get("mcp.method.name") for span in telemetry.spans]
    assert 2 == methods.count("tools/call")
    assert {} == sightings(telemetry)


def test_a_tool_that_says_that_it_failed_failed_however_it_is_called(connection: Any) -> None:
    telemetry = Telemetry()

    with telemetry.instrumented():
        asyncio.run(_work(connection))

    found = {
        span.name: (span.status.status_code.name, (span.attributes or {}).get("error.type"))
        for span in telemetry.spans
        if span.name.startswith("execute_tool")
    }
    failed = ("ERROR", "tool_error")
    assert {"execute_tool temperature": ("UNSET", None), "execute_tool refuse": failed} == found


@pytest.fixture(scope="module")
def untraced(connection: Any) -> Seen:
    seen = asyncio.run(_work(connection))
    assert seen.raised is None
    return seen


@pytest.mark.parametrize("late", [False, True], ids=["at once", "in the end"])
@pytest.mark.parametrize("target", TESTED, ids=str)
def test_a_fault_of_ours_is_not_noticed(
    target: Any, late: bool, connection: Any, untraced: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    harness = Harness(observed=True)
    with harness.cleaned_up(), caplog.at_level(logging.WARNING, "langspan"), fault(target, late=late) as hits:
        harness.instrument()
        seen = asyncio.run(_work(connection))
        langspan.uninstrument()
    assert hits
    assert untraced == seen
    assert {} == harness.open.names
