"""A provider's real package, with canaries in all that it takes and all that the server says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI

from langspan.recording.log_events import is_supported
from privacy.judge import sightings
from privacy.objects import SCHEMA
from support.canary import canary
from support.providers.openai_chat import OPENAI
from support.providers.replies import Call, Reply
from support.providers.server import Answer, Provider, Request, json_answer, serve
from support.telemetry import Telemetry

SAID = {"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"}
MESSAGES = [("system", canary("system")), ("user", canary("human"))]


@pytest.fixture
def server() -> Iterator[Provider]:
    with serve() as provider:
        yield provider


def model(server: Provider) -> Any:
    """A client with something to hide in every argument it has."""
    return ChatOpenAI(
        model="gpt-4o-mini",
        base_url=f"http://user:{canary('password')}@127.0.0.1:{server.port}/{canary('path')}/v1",
        api_key=canary("api_key"),
        organization=canary("organization"),
        default_headers={"x-tenant": canary("header")},
        default_query={"code": canary("query")},
        model_kwargs={"user": canary("end_user")},
        extra_body={"note": canary("extra_body")},
        max_retries=0,
    ).bind(response_format={"type": "json_schema", "json_schema": {"name": "Answer", "schema": SCHEMA}})


def ask(server: Provider, mode: str, **settings: Any) -> Telemetry:
    telemetry = Telemetry()

    async def astream() -> list[Any]:
        return [chunk async for chunk in model(server).astream(MESSAGES)]

    with telemetry.instrumented(**settings), suppress(openai.RateLimitError):
        asyncio.run(astream()) if mode == "astream" else model(server).invoke(MESSAGES)
    return telemetry


def answering(request: Request) -> Answer:
    call = Call("search", {"q": canary("answer_call")})
    return OPENAI.answer(request, Reply((canary("answer"),), (call,), ending="tool"))


def refusing(_: Request) -> Answer:
    return json_answer(OPENAI.error(429, canary("server_error")), 429)


@pytest.mark.parametrize("mode", ["invoke", "astream"])
def test_nothing_of_an_answered_call_gets_out(server: Provider, mode: str) -> None:
    server.respond = answering
    assert {} == sightings(ask(server, mode))
    (exchange,) = server.exchanges
    assert canary("path") in exchange.request.path
    assert canary("header") == exchange.request.headers["x-tenant"]


@pytest.mark.parametrize("mode", ["invoke", "astream"])
def test_nothing_of_a_refused_call_gets_out(server: Provider, mode: str) -> None:
    server.respond = refusing
    telemetry = ask(server, mode)
    assert {} == sightings(telemetry)
    assert ["ERROR"] == [span.status.status_code.name for span in telemetry.spans]


@pytest.mark.parametrize("mode", ["invoke", "astream"])
def test_with_content_only_what_was_said_is_recorded(server: Provider, mode: str) -> None:
    server.respond = answering
    found = sightings(ask(server, mode, capture_content="both"))
    owners = ["span", "log gen_ai.client.inference.operation.details"] if is_supported() else ["span"]
    assert {f"{owner}: {name}" for owner in owners for name in SAID} == set(found)
    assert {"system", "human", "answer", "answer_call"} == set().union(*found.values())
