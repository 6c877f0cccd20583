"""Embeddings of the real packages: what the object is told and what the wire answers is on the span."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.providers.replies import KEY
from support.providers.server import Provider, json_answer, serve
from support.recording import Recording

pytestmark = [
    # Of packages that lag behind those that they lean on.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
]

VECTOR = [0.5, 0.25, 0.125]


@dataclass(frozen=True)
class Client:
    """A class of a package, how it is built, and how its server answers.

    Attributes:
        package: What to install.
        path: Module and class.
        arguments: From the server's address to those of the constructor.
        answer: The body of an answer for so many texts.
        model: What the span says is asked for.
        provider: Whose model it is.
        extra: What else is on the span.
    """

    package: str
    path: tuple[str, str]
    arguments: Callable[[str], dict[str, Any]]
    answer: Callable[[int], Any]
    model: str
    provider: str
    extra: tuple[tuple[str, Any], ...] = ()

    def build(self, url: str) -> Any:
        module = pytest.importorskip(self.path[0], reason=f"pip install {self.package}")
        return getattr(module, self.path[1])(**self.arguments(url))


def _openai(count: int) -> Any:
    data = [{"object": "embedding", "index": index, "embedding": VECTOR} for index in range(count)]
    return {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 3, "total_tokens": 3}}


CLIENTS = (
    Client(
        "langchain-openai",
        ("langchain_openai", "OpenAIEmbeddings"),
        lambda url: {
            "model": "text-embedding-3-small",
            "base_url": f"{url}/v1",
            "api_key": KEY,
            "check_embedding_ctx_length": False,
            "max_retries": 0,
        },
        _openai,
        "text-embedding-3-small",
        "openai",
    ),
    Client(
        "langchain-openai",
        ("langchain_openai", "AzureOpenAIEmbeddings"),
        lambda url: {
            "azure_endpoint": url,
            "azure_deployment": "my-deployment",
            "api_version": "2024-10-21",
            "api_key": KEY,
            "check_embedding_ctx_length": False,
            "max_retries": 0,
        },
        _openai,
        "my-deployment",
        "azure.ai.openai",
    ),
    Client(
        "langchain-ollama",
        ("langchain_ollama", "OllamaEmbeddings"),
        lambda url: {"model": "nomic-embed-text", "base_url": url},
        lambda count: {"model": "nomic-embed-text", "embeddings": [VECTOR] * count},
        "nomic-embed-text",
        "ollama",
    ),
    Client(
        "langchain-cohere",
        ("langchain_cohere", "CohereEmbeddings"),
        lambda url: {"model": "embed-v4.0", "base_url": url, "cohere_api_key": KEY},
        lambda count: {
            "id": "1",
            "response_type": "embeddings_by_type",
            "texts": ["x"] * count,
            "embeddings": {"float": [VECTOR] * count},
            "meta": {"billed_units": {"input_tokens": 3}},
        },
        "embed-v4.0",
        "cohere",
        (("gen_ai.request.encoding_formats", ("float",)),),
    ),
    Client(
        "langchain-google-genai",
        ("langchain_google_genai", "GoogleGenerativeAIEmbeddings"),
        lambda url: {"model": "models/gemini-embedding-001", "base_url": url, "google_api_key": KEY},
        lambda count: {"embeddings": [{"values": VECTOR}] * count},
        "gemini-embedding-001",
        "gcp.gemini",
    ),
    Client(
        "langchain-aws",
        ("langchain_aws", "BedrockEmbeddings"),
        lambda url: {
            "model_id": "amazon.titan-embed-text-v2:0",
            "endpoint_url": url,
            "region_name": "us-east-1",
            "aws_access_key_id": KEY,
            "aws_secret_access_key": KEY,
        },
        lambda _: {"embedding": VECTOR, "inputTextTokenCount": 3},
        "amazon.titan-embed-text-v2:0",
        "aws.bedrock",
    ),
)


@pytest.fixture
def provider(one_certificate: None) -> Iterator[Provider]:
    with serve() as provider:
        yield provider


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.path[1])
def test_each_method_is_one_span_that_says_what_was_asked(
    client: Client, provider: Provider, traced: Recording
) -> None:
    embeddings = client.build(provider.url)
    for texts, call in (
        (1, lambda: embeddings.embed_query("c")),
        (2, lambda: embeddings.embed_documents(["a", "b"])),
        (1, lambda: asyncio.run(embeddings.aembed_query("c"))),
        (2, lambda: asyncio.run(embeddings.aembed_documents(["a", "b"]))),
    ):
        body = client.answer(texts)
        provider.respond = lambda _, body=body: json_answer(body)
        call()

    common = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": client.provider,
        "gen_ai.request.model": client.model,
        "gen_ai.embeddings.dimension.count": 3,
        "server.address": "127.0.0.1",
        "server.port": urlsplit(provider.url).port,
        "langchain.embeddings.name": client.path[1],
        **dict(client.extra),
    }
    assert [f"embeddings {client.model}"] * 4 == traced.paths()
    assert [{**common, "langspan.embeddings.input_count": texts} for texts in (1, 2, 1, 2)] == [
        {name: value for name, value in span.attributes.items() if name != "langchain.run.id"}
        for span in traced.spans
    ]


@pytest.mark.parametrize("client", CLIENTS[:1], ids=lambda client: client.path[1])
def test_a_refusal_is_an_error_of_the_package(client: Client, provider: Provider, traced: Recording) -> None:
    provider.respond = lambda _: json_answer({"error": {"message": KEY}}, status=401)
    embeddings = client.build(provider.url)
    with pytest.raises(Exception, match=KEY):
        embeddings.embed_query("c")

    (span,) = traced.spans
    assert ("ERROR", "openai.AuthenticationError") == (
        span.status.status_code.name,
        span.attributes["error.type"],
    )
    assert KEY not in span.to_json()
