"""The requested model is the one that the call asked for, wherever LangChain's class sends that."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind

from langspan import CallbackHandler
from support.providers import facts as f
from support.providers.client import Client
from support.providers.clients import CLIENTS
from support.providers.observe import Observatory
from support.providers.replies import KEY
from support.providers.scenarios import SCENARIOS
from support.providers.server import Provider, json_answer, serve
from support.recording import Recording, instrumented

PLAIN, ANOTHER = SCENARIOS["plain"], SCENARIOS["another model"]
# They take no other model: the call fails before anything is sent.
REFUSING = {"ChatGoogleGenerativeAI", "ChatGoogleGenerativeAI, Vertex AI", "ChatCohere"}
SENDING = [pytest.param(CLIENTS[name], id=name) for name in CLIENTS if name not in REFUSING]

sending = pytest.mark.parametrize("client", SENDING)
streamed = pytest.mark.parametrize("stream", [False, True], ids=["invoke", "stream"])


@pytest.fixture
def provider(observatory: Observatory):
    """A server of its own, so that no other test's calls are on it."""
    with serve() as server:
        yield server


def _model_span(recording: Recording) -> ReadableSpan:
    (span,) = [span for span in recording.spans if span.kind is SpanKind.CLIENT]
    return span


def _said(recording: Recording) -> tuple[Any, str]:
    span = _model_span(recording)
    return (span.attributes or {}).get(f.MODEL), span.name.partition(" ")[2]


def _asked(client: Client, provider: Provider) -> Any:
    (exchange,) = provider.exchanges
    return client.api.read_request(exchange)[f.MODEL]


def _call(model: Any, stream: bool, **config: Any) -> None:
    if stream:
        for _ in model.stream("Say hello.", **config):
            pass
    else:
        model.invoke("Say hello.", **config)


def _bound(client: Client, provider: Provider) -> Any:
    provider.respond = client.respond(PLAIN)
    return client.build(PLAIN, provider.url).bind(**client.call_options[ANOTHER.name])


def test_every_class_is_asked_for_another_model_or_takes_none():
    assert CLIENTS.keys() - REFUSING == {n for n, c in CLIENTS.items() if ANOTHER.name in c.call_options}


@sending
@streamed
def test_a_bound_model_is_told(client: Client, stream: bool, provider: Provider):
    model, recording = _bound(client, provider), Recording()
    with instrumented(recording):
        _call(model, stream)
    assert (_asked(client, provider),) * 2 == _said(recording)


@sending
@streamed
def test_a_bound_model_is_told_without_patches(client: Client, stream: bool, provider: Provider):
    model, recording = _bound(client, provider), Recording()
    handler = CallbackHandler(tracer_provider=recording.provider)
    _call(model, stream, config={"callbacks": [handler]})
    assert (_asked(client, provider),) * 2 == _said(recording)


@pytest.mark.parametrize("argument", ["model_name", "model_id", "deployment_name", "repo_id"])
def test_an_argument_that_the_class_does_not_send_is_not_told(argument: str, provider: Provider):
    """`ChatMistralAI` drops what it does not know; others raise."""
    client, recording = CLIENTS["ChatMistralAI"], Recording()
    provider.respond = client.respond(PLAIN)
    model = client.build(PLAIN, provider.url)
    with instrumented(recording):
        model.invoke("Say hello.", **{argument: "another-model"})
    assert ("mistral-small", ("mistral-small",) * 2) == (_asked(client, provider), _said(recording))


def _azure(provider: Provider, name: str = "AzureChatOpenAI", **arguments: Any) -> Any:
    package = pytest.importorskip("langchain_openai", reason="pip install langchain-openai")
    provider.respond = lambda _: json_answer({"error": {"message": "No."}}, 400)
    common = {"azure_endpoint": provider.url, "api_version": "2024-10-21", "api_key": KEY, "max_retries": 0}
    return getattr(package, name)(**common, **arguments)


def _bedrock(provider: Provider, name: str, model: str) -> Any:
    package = pytest.importorskip("langchain_aws", reason="pip install langchain-aws")
    provider.respond = lambda _: json_answer({"message": "No."}, 400)
    keys = {"aws_access_key_id": "AKIANOTAREALKEY", "aws_secret_access_key": KEY}
    return getattr(package, name)(model=model, endpoint_url=provider.url, region_name="us-east-1", **keys)


@pytest.mark.parametrize("name", ["AzureChatOpenAI", "AzureOpenAI"])
def test_azure_without_a_deployment_is_asked_for_the_model_of_the_call(name: str, provider: Provider):
    model, recording = _azure(provider, name, model="gpt-4o"), Recording()
    with instrumented(recording), pytest.raises(Exception, match="400"):
        model.invoke("Say hello.", model="gpt-4.1")
    (exchange,) = provider.exchanges
    assert ("/openai/deployments/gpt-4.1/", ("gpt-4.1",) * 2) == (
        exchange.request.path[:28],
        _said(recording),
    )


@pytest.mark.parametrize("name", ["AzureChatOpenAI", "AzureOpenAI"])
def test_azures_deployment_is_asked_whatever_model_the_call_names(name: str, provider: Provider):
    model, recording = _azure(provider, name, azure_deployment="mine", model="gpt-4o"), Recording()
    with instrumented(recording), pytest.raises(Exception, match="400"):
        model.invoke("Say hello.", model="gpt-4.1")
    (exchange,) = provider.exchanges
    assert ("/openai/deployments/mine/", ("mine",) * 2) == (exchange.request.path[:25], _said(recording))


def test_azures_responses_are_asked_of_the_model_in_the_call(provider: Provider):
    model, recording = _azure(provider, azure_deployment="mine", use_responses_api=True), Recording()
    with instrumented(recording), pytest.raises(Exception, match="400"):
        model.invoke("Say hello.", model="other")
    (exchange,) = provider.exchanges
    assert ("other", ("other",) * 2) == (exchange.request.json["model"], _said(recording))


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("ChatBedrock", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("BedrockLLM", "amazon.titan-text-express-v1"),
    ],
)
@pytest.mark.parametrize("argument", ["model", "model_id"])
def test_bedrocks_older_classes_ask_the_model_they_were_made_with(
    name: str, model: str, argument: str, provider: Provider, one_loader: None
):
    built, recording = _bedrock(provider, name, model), Recording()
    with instrumented(recording), pytest.raises(Exception, match="400"):
        built.invoke("Say hello.", **{argument: "another"})
    (exchange,) = provider.exchanges
    assert (model.replace(":", "%3A"), (model, model)) == (
        exchange.request.path.split("/")[2],
        _said(recording),
    )


def test_ollamas_completions_ask_the_model_of_the_call(provider: Provider):
    pytest.importorskip("langchain_ollama", reason="pip install langchain-ollama")
    provider.respond = lambda _: json_answer({}, 400)
    ollama = importlib.import_module("langchain_ollama").OllamaLLM(model="llama3", base_url=provider.url)
    recording = Recording()
    with instrumented(recording), pytest.raises(Exception, match="400"):
        ollama.invoke("Say hello.", model="qwen3")
    (exchange,) = provider.exchanges
    assert ("qwen3", ("qwen3",) * 2) == (exchange.request.json["model"], _said(recording))
