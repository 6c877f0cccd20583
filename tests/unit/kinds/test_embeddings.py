"""Embeddings: the attributes of an object, a call and its result; never texts, vectors or keys."""

from __future__ import annotations

import array
import collections
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from langspan.kinds.embeddings import embeddings_end, embeddings_model, embeddings_provider, embeddings_start


class Embedder:
    """A base for embeddings classes: it stores the fields it is given."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


def of_class(name: str, module: str = "app", bases: tuple[type, ...] = (Embedder,), **fields: Any) -> Any:
    return type(name, bases, {"__module__": module})(**fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"model": "text-embedding-3-small"}, "text-embedding-3-small", id="model"),
        pytest.param({"model_name": "all-MiniLM-L6-v2"}, "all-MiniLM-L6-v2", id="model_name"),
        pytest.param({"model_id": "amazon.titan-embed-text-v2:0"}, "amazon.titan-embed-text-v2:0", id="id"),
        pytest.param({"repo_id": "BAAI/bge-m3"}, "BAAI/bge-m3", id="repo_id"),
        pytest.param({"deployment": "mine"}, "mine", id="deployment"),
        pytest.param({"model": "models/gemini-embedding-001"}, "gemini-embedding-001", id="prefix"),
        pytest.param({"model": "m", "model_name": "n"}, "m", id="the first of two"),
        pytest.param({"model": "m", "deployment": "ada"}, "m", id="not the deployment"),
        pytest.param({"model": object(), "model_name": "n"}, "n", id="an object for a model"),
        pytest.param({"model": None, "model_name": ""}, None, id="none and empty"),
        pytest.param({"model": SecretStr("s")}, None, id="a secret"),
        pytest.param({"model": "https://host/?key=secret"}, None, id="a URL with a key"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_model(fields: dict[str, Any], expected: str | None) -> None:
    assert expected == embeddings_model(Embedder(**fields))


def test_on_azure_the_deployment_is_the_model() -> None:
    azure = of_class("AzureOpenAIEmbeddings", deployment="mine", model="text-embedding-ada-002")
    assert "mine" == embeddings_model(azure)


def test_on_azure_without_a_deployment_the_model_is_the_model() -> None:
    azure = of_class("AzureOpenAIEmbeddings", deployment=None, model="text-embedding-3-large")
    assert "text-embedding-3-large" == embeddings_model(azure)


def test_a_constant_of_the_class_is_a_model() -> None:
    class Constant(Embedder):
        model = "m"

    assert "m" == embeddings_model(Constant())


def test_the_objects_fields_take_precedence_over_its_classs() -> None:
    class Constant(Embedder):
        model = "m"

    assert "n" == embeddings_model(Constant(model="n"))


def test_no_property_is_run() -> None:
    class Lazy(Embedder):
        @property
        def model(self) -> str:
            raise AssertionError("the application's code was run")

    assert None is embeddings_model(Lazy())


def test_no_attribute_hook_is_run() -> None:
    class Hooked:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("the application's code was run")

        def __getattribute__(self, name: str) -> Any:
            raise AssertionError("the application's code was run")

    assert {"langchain.embeddings.name": "Hooked"} == embeddings_start(Hooked(), None)


@pytest.mark.parametrize(
    ("embeddings", "expected"),
    [
        pytest.param(of_class("OpenAIEmbeddings"), "openai", id="class"),
        pytest.param(of_class("Mine", bases=(type(of_class("OpenAIEmbeddings")),)), "openai", id="subclass"),
        pytest.param(of_class("X", "langchain_mistralai.embeddings"), "mistral_ai", id="package"),
        pytest.param(of_class("X", "langchain_unknown.embeddings"), None, id="unknown package"),
        pytest.param(of_class("Mine"), None, id="unknown class"),
        pytest.param(of_class("GoogleGenerativeAIEmbeddings"), "gcp.gemini", id="gemini"),
        pytest.param(of_class("GoogleGenerativeAIEmbeddings", vertexai=True), "gcp.vertex_ai", id="vertex"),
        pytest.param(None, None, id="no object"),
    ],
)
def test_provider(embeddings: Any, expected: str | None) -> None:
    assert expected == embeddings_provider(embeddings)


@pytest.mark.parametrize(
    ("fields", "address", "port"),
    [
        pytest.param({"base_url": "http://localhost:11434"}, "localhost", 11434, id="base_url"),
        pytest.param({"openai_api_base": "https://api.test/v1"}, "api.test", 443, id="openai_api_base"),
        pytest.param({"azure_endpoint": "https://r.azure.test/"}, "r.azure.test", 443, id="azure_endpoint"),
        pytest.param({"endpoint": "https://api.mistral.ai/v1/"}, "api.mistral.ai", 443, id="endpoint"),
        pytest.param({"endpoint_url": "http://h"}, "h", 80, id="endpoint_url"),
        pytest.param({"base_url": "https://u:secret@h:8443/p?key=secret#f"}, "h", 8443, id="secrets"),
        pytest.param({"base_url": "h:not-a-port"}, None, None, id="no URL"),
        pytest.param({"base_url": SecretStr("https://h")}, None, None, id="a secret"),
        pytest.param({"base_url": None}, None, None, id="none"),
    ],
)
def test_server(fields: dict[str, Any], address: str | None, port: int | None) -> None:
    attributes = embeddings_start(Embedder(**fields), None)
    assert (address, port) == (attributes.get("server.address"), attributes.get("server.port"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"embedding_types": ["float", "int8"]}, ["float", "int8"], id="types"),
        pytest.param({"encoding_format": "base64"}, ["base64"], id="format"),
        pytest.param({"model_kwargs": {"encoding_format": "float"}}, ["float"], id="argument"),
        pytest.param({"model_kwargs": None}, None, id="no arguments"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_encoding_formats(fields: dict[str, Any], expected: list[str] | None) -> None:
    attributes = embeddings_start(Embedder(**fields), None)
    assert expected == attributes.get("gen_ai.request.encoding_formats")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(["a", "b"], 2, id="list"),
        pytest.param(("a",), 1, id="tuple"),
        pytest.param([], 0, id="none of them"),
        pytest.param({"a": 1}.keys(), 1, id="view"),
        pytest.param("text", None, id="one text instead of a list"),
        pytest.param(iter(["a"]), None, id="iterator"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_input_count(texts: Any, expected: int | None) -> None:
    assert expected == embeddings_start(Embedder(), texts).get("langspan.embeddings.input_count")


def test_counting_does_not_consume_the_texts() -> None:
    texts = (text for text in ("a", "b"))
    embeddings_start(Embedder(), texts)
    assert ["a", "b"] == list(texts)


@pytest.mark.parametrize(
    ("vectors", "expected"),
    [
        pytest.param([[0.1, 0.2], [0.3, 0.4]], 2, id="lists"),
        pytest.param(([1, 2, 3],), 3, id="whole numbers"),
        pytest.param([array.array("f", [0.5, 0.5])], 2, id="arrays of the standard library"),
        pytest.param([collections.UserList([0.5])], None, id="a sequence with code of its own"),
        pytest.param([], None, id="no texts"),
        pytest.param([[]], None, id="an empty vector"),
        pytest.param([[[0.1, 0.2]]], None, id="lists too deep"),
        pytest.param([None], None, id="None instead of a vector"),
        pytest.param(None, None, id="nothing"),
        pytest.param(["text"], None, id="text"),
        pytest.param({"a": [0.5]}, None, id="mapping"),
    ],
)
def test_dimension_count(vectors: Any, expected: int | None) -> None:
    assert expected == embeddings_end(vectors).get("gen_ai.embeddings.dimension.count")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda np: np.zeros((2, 5)), 5, id="array"),
        pytest.param(lambda np: [np.zeros(4)], 4, id="list of arrays"),
        pytest.param(lambda np: [[np.float32(0.5)]], 1, id="numbers"),
        pytest.param(lambda np: np.zeros((0, 0)), None, id="an empty array"),
        pytest.param(lambda np: [np.zeros((1, 4))], None, id="arrays too deep"),
        pytest.param(lambda np: np.zeros(3), None, id="one array instead of a list"),
    ],
)
def test_dimension_count_of_arrays(make: Callable[[Any], Any], expected: int | None) -> None:
    vectors = make(pytest.importorskip("numpy", reason="pip install numpy"))
    assert expected == embeddings_end(vectors).get("gen_ai.embeddings.dimension.count")


def test_an_iterator_of_vectors_is_not_consumed() -> None:
    vectors = (vector for vector in ([0.1], [0.2]))
    embeddings_end(vectors)
    assert [[0.1], [0.2]] == list(vectors)


def test_a_client_without_known_fields_records_only_its_class() -> None:
    keys = Embedder(api_key="secret", client=object(), headers={"authorization": "secret"})
    assert {"langchain.embeddings.name": "Embedder"} == embeddings_start(keys, None)


JUNK: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.builds(object),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)
FIELDS = st.sampled_from(["model", "base_url", "deployment", "embedding_types", "model_kwargs", "vertexai"])
READ: list[Callable[[Any], Any]] = [
    embeddings_model,
    embeddings_provider,
    lambda each: embeddings_start(each, each),
]


@pytest.mark.parametrize("read", READ)
@given(fields=st.dictionaries(FIELDS, JUNK))
def test_any_object_is_accepted(read: Callable[[Any], Any], fields: dict[str, Any]) -> None:
    read(Embedder(**fields))


@pytest.mark.parametrize("read", READ)
@given(value=JUNK)
def test_any_value_is_accepted(read: Callable[[Any], Any], value: Any) -> None:
    read(value)


@given(JUNK)
def test_any_result_is_accepted(vectors: Any) -> None:
    assert all(count > 0 for count in embeddings_end(vectors).values())
