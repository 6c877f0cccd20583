"""What a call costs, from the bytes of an answer through LangChain's real packages to the span."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from support.providers.clients import CLIENTS
from support.providers.counting import Counting
from support.providers.frames import EVENT_STREAM, sse
from support.providers.replies import KEY, Reply, Usage
from support.providers.server import Answer, Provider, Request, json_answer, serve
from support.telemetry import Telemetry

AMOUNT, SOURCE = "langspan.cost.amount", "langspan.cost.source"
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "cost": 0.00042,
    "cost_details": {"upstream_inference_cost": None},
}


@pytest.fixture
def provider(one_certificate: None) -> Iterator[Provider]:
    with serve() as provider:
        yield provider


def _priced(told: Any) -> tuple[Any, Any]:
    return told.get(AMOUNT), told.get(SOURCE)


def _said(call: Any, **settings: Any) -> dict[str, Any]:
    telemetry = Telemetry()
    with telemetry.instrumented(**settings):
        call()
    (span,) = telemetry.spans
    return dict(span.attributes or {})


def _counting(provider: Provider, name: str, usage: Usage) -> Any:
    """A client's model, whose provider counts just this."""
    client = CLIENTS[name]
    model = Counting(provider, client).model()
    provider.respond = lambda request: client.api.answer(request, Reply(usage=usage))
    return model


def _openrouter(request: Request) -> Answer:
    """Answer as OpenRouter's API does: the cost is in the usage, and that of a stream in its last chunk."""
    common = {
        "id": "gen-1",
        "created": 1,
        "model": "some/model",
        "provider": "Some",
        "system_fingerprint": None,
    }
    if not json.loads(request.body).get("stream"):
        message = {"role": "assistant", "content": "Hello."}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "native_finish_reason": "stop"}
        return json_answer({**common, "object": "chat.completion", "choices": [choice], "usage": USAGE})
    common["object"] = "chat.completion.chunk"
    said = {"index": 0, "delta": {"role": "assistant", "content": "Hello."}, "finish_reason": None}
    ended = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "stop"}
    chunks = [
        {**common, "choices": [said]},
        {**common, "choices": [ended]},
        {**common, "choices": [], "usage": USAGE},
    ]
    return Answer(sse(chunks, last="[DONE]"), EVENT_STREAM)


def _read(model: Any, way: str) -> None:
    if way == "invoke":
        model.invoke("Hi")
    elif way == "stream":
        list(model.stream("Hi"))
    else:
        asyncio.run(model.ainvoke("Hi"))


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke"])
def test_openrouter_reports_what_a_call_costs(way: str, provider: Provider) -> None:
    package = pytest.importorskip(
        "langchain_openrouter", reason="the client under test: pip install langchain-openrouter"
    )
    provider.respond = _openrouter
    model = package.ChatOpenRouter(
        model="some/model", api_key=KEY, base_url=f"{provider.url}/api/v1", max_retries=0, stream_usage=True
    )

    assert (0.00042, "reported") == _priced(_said(lambda: _read(model, way), prices={}))


def test_openrouter_reports_it_through_openais_class_too(provider: Provider) -> None:
    package = pytest.importorskip(
        "langchain_openai", reason="the client under test: pip install langchain-openai"
    )
    provider.respond = _openrouter
    model = package.ChatOpenAI(model="some/model", api_key=KEY, base_url=f"{provider.url}/v1", max_retries=0)

    assert (0.00042, "reported") == _priced(_said(lambda: model.invoke("Hi"), prices={}))


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke"])
def test_openais_counts_are_priced_by_the_list(way: str, provider: Provider) -> None:
    """$0.15 in, $0.075 cached, $0.60 out."""
    pytest.importorskip("genai_prices", reason="it has the prices: pip install 'langspan[cost]'")
    model = _counting(provider, "ChatOpenAI", Usage(input=1000, output=50, cache_read=400))

    expected = 600 * Decimal("0.15") + 400 * Decimal("0.075") + 50 * Decimal("0.6")
    said = _priced(_said(lambda: _read(model, way), cost=True))
    assert (float(expected / 1_000_000), "genai-prices") == said


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke"])
def test_anthropics_counts_are_priced_by_the_list(way: str, provider: Provider) -> None:
    """$1 in, $0.10 cached, $1.25 to the cache or $2 for an hour, $5 out; cached tokens come beside others.

    The server says of a third of what goes to the cache that it stays for an hour.
    """
    pytest.importorskip("genai_prices", reason="it has the prices: pip install 'langspan[cost]'")
    usage = Usage(input=1000, output=50, cache_read=400, cache_write=100)
    model = _counting(provider, "ChatAnthropic", usage)

    written = 67 * Decimal("1.25") + 33 * Decimal(2)
    expected = 500 * Decimal(1) + 400 * Decimal("0.1") + written + 50 * Decimal(5)
    said = _priced(_said(lambda: _read(model, way), cost=True))
    assert (float(expected / 1_000_000), "genai-prices") == said
