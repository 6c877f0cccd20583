"""What LangChain's packages drop of an answer is found on its way, and goes to the span of that call only."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.outputs import ChatResult
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from support.providers import facts as f
from support.providers.clients import CLIENTS
from support.providers.observe import Observatory
from support.providers.scenarios import SCENARIOS
from support.providers.server import Answer, Provider, Request, serve
from support.recording import Recording, instrumented

OPENAI, GROQ = CLIENTS["ChatOpenAI"], CLIENTS["ChatGroq"]
PLAIN = SCENARIOS["plain"]


@pytest.fixture
def provider(observatory: Observatory) -> Iterator[Provider]:
    with serve() as server:
        yield server


def _model(provider: Provider, client: Any = OPENAI) -> Any:
    provider.respond = client.respond(PLAIN)
    return client.build(PLAIN, provider.url)


def _models(recording: Recording) -> list[ReadableSpan]:
    return [span for span in recording.spans if span.kind is SpanKind.CLIENT]


def _ids(recording: Recording) -> list[Any]:
    return [(span.attributes or {}).get(f.ID) for span in _models(recording)]


def _numbered(provider: Provider) -> None:
    """Have each answer come with an id of its own."""
    respond, numbers = provider.respond, itertools.count()

    def answer(request: Request) -> Answer:
        plain = respond(request)
        ours, number = OPENAI.api.id.encode(), next(numbers)  # type: ignore[attr-defined] # OpenAI's has one
        pieces = tuple(piece.replace(ours, b"chatcmpl-%d" % number) for piece in plain.pieces)
        return Answer(pieces, plain.content_type)

    provider.respond = answer


def _sent_ids(provider: Provider) -> set[str]:
    return {
        json.loads(exchange.sent.partition(b"data: ")[2].partition(b"\n")[0])["id"]
        for exchange in provider.exchanges
    }


def test_streams_at_the_same_time_have_their_own_ids(provider: Provider) -> None:
    model, recording = _model(provider), Recording()
    _numbered(provider)

    async def one() -> None:
        async for _ in model.astream("Say hello."):
            pass

    async def main() -> None:
        await asyncio.gather(*(one() for _ in range(5)))

    with instrumented(recording):
        asyncio.run(main())
    assert (5, _sent_ids(provider)) == (len(_sent_ids(provider)), set(_ids(recording)))


def test_a_stream_left_early_tells_who_answered(provider: Provider) -> None:
    model, recording = _model(provider), Recording()
    with instrumented(recording):
        stream = model.stream("Say hello.")
        next(stream)
        stream.close()
    (span,) = _models(recording)
    told = {name: (span.attributes or {}).get(name) for name in (f.ID, f.RESPONSE_MODEL, f.API_TYPE)}
    assert {
        f.ID: OPENAI.api.id,  # type: ignore[attr-defined] # as above
        f.RESPONSE_MODEL: OPENAI.api.model,  # type: ignore[attr-defined]
        f.API_TYPE: "chat_completions",
    } == told


class Router(BaseChatModel):
    """Asks another model's inner method, as one that chooses between models may."""

    inner: Any

    @property
    def _llm_type(self) -> str:
        return "router"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        chunks = list(self.inner._stream(*args, **kwargs))
        return ChatResult(generations=[chunks[0]])


def test_what_another_model_was_told_is_not_the_runs(provider: Provider) -> None:
    recording = Recording()
    with instrumented(recording):
        Router(inner=_model(provider)).invoke("Say hello.")
    assert [None] == _ids(recording)


def test_the_application_gets_what_langchain_made(provider: Provider) -> None:
    model = _model(provider, GROQ)
    plain = [chunk.response_metadata for chunk in model.stream("Say hello.")]
    with instrumented(Recording()):
        traced = [chunk.response_metadata for chunk in model.stream("Say hello.")]
    assert plain == traced


def test_the_packages_functions_are_put_back(provider: Provider) -> None:
    module = pytest.importorskip("langchain_groq.chat_models", reason="pip install langchain-groq")
    before = module._convert_chunk_to_message_chunk, vars(module.ChatGroq)["_create_chat_result"]
    with instrumented(Recording()):
        during = module._convert_chunk_to_message_chunk, vars(module.ChatGroq)["_create_chat_result"]
    after = module._convert_chunk_to_message_chunk, vars(module.ChatGroq)["_create_chat_result"]
    assert (True, before) == (all(a is not b for a, b in zip(before, during, strict=True)), after)
