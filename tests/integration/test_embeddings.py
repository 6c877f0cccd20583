"""Embeddings of every class: one span per call, the facts that the object tells, and the same results."""

from __future__ import annotations

import abc
import asyncio
import dataclasses
import functools
import inspect
import itertools
import types
from collections.abc import Callable
from typing import Any

import pytest
import wrapt
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from pydantic import BaseModel

from langspan import CallbackHandler
from support import ways
from support.capabilities import NUMPY
from support.otlp_data import Metric
from support.recording import Recording, instrumented
from support.telemetry import Telemetry

VECTORS = [[0.5, 0.5, 0.5]]
METHODS = ("embed_documents", "embed_query", "aembed_documents", "aembed_query")


class Plain(Embeddings):
    model = "m"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return VECTORS

    def embed_query(self, text: str) -> list[float]:
        return VECTORS[0]


class Failing(Embeddings):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise self.error

    def embed_query(self, text: str) -> list[float]:
        raise self.error


class Around(Embeddings):
    """Asks other embeddings, as a cache does."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.inner.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        return self.inner.embed_query(text)


def call(embeddings: Any, method: str) -> Any:
    return ways.run(method, ways.EMBEDDINGS[method], embeddings, "text", {})


# -- every shape of class


def plain() -> Any:
    class Mine(Embeddings):
        model = "m"

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return VECTORS

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    return Mine()


def asynchronous() -> Any:
    class Mine(Plain):
        async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
            return list(await asyncio.gather(*map(self.aembed_query, texts)))

        async def aembed_query(self, text: str) -> list[float]:
            return self.embed_query(text)

    return Mine()


def with_a_model_first() -> Any:
    class Mine(BaseModel, Embeddings):
        model: str = "m"
        embed_documents = Plain.embed_documents
        embed_query = Plain.embed_query

    return Mine()


def with_a_model_last() -> Any:
    class Mine(Plain, BaseModel):
        size: int = 3

    return Mine()


def with_slots() -> Any:
    @dataclasses.dataclass(slots=True)
    class Mine(Plain):
        size: int = 3

    return Mine()


def inheriting() -> Any:
    class Mine(Plain):
        pass

    return Mine()


def calling_super() -> Any:
    class Mine(Plain):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return super().embed_documents(texts)

        def embed_query(self, text: str) -> list[float]:
            return super().embed_query(text)

        async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
            return await super().aembed_documents(texts)

        async def aembed_query(self, text: str) -> list[float]:
            return await super().aembed_query(text)

    return Mine()


def returning_coroutines() -> Any:
    class Mine(Plain):
        def aembed_documents(self, texts: list[str]) -> Any:
            return super().aembed_documents(texts)

        def aembed_query(self, text: str) -> Any:
            return super().aembed_query(text)

    return Mine()


def mixed_in() -> Any:
    class Mixin:
        def embed_query(self, text: str) -> list[float]:
            return super().embed_query(text)  # type: ignore[misc]

    class Mine(Mixin, Plain):
        pass

    return Mine()


def inheriting_from_elsewhere() -> Any:
    class Elsewhere:
        model = "m"
        embed_query = Plain.embed_query

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return VECTORS

    class Mine(Elsewhere, Embeddings):
        pass

    return Mine()


def below_an_abstract_class() -> Any:
    class Base(Embeddings, abc.ABC):
        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    class Mine(Base):
        model = "m"

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return VECTORS

    return Mine()


def decorated() -> Any:
    def twice(function: Any) -> Any:
        @functools.wraps(function)
        def call(*args: Any) -> Any:
            function(*args)
            return function(*args)

        return call

    class Mine(Plain):
        embed_documents = twice(Plain.embed_documents)
        embed_query = functools.partialmethod(Plain.embed_query)

    return Mine()


SHAPES = (
    plain,
    asynchronous,
    with_a_model_first,
    with_a_model_last,
    with_slots,
    inheriting,
    calling_super,
    returning_coroutines,
    mixed_in,
    inheriting_from_elsewhere,
    below_an_abstract_class,
    decorated,
)
each_shape = pytest.mark.parametrize("make", SHAPES, ids=lambda make: make.__name__)
each_method = pytest.mark.parametrize("method", METHODS)


@each_shape
@each_method
def test_a_class_that_is_defined_before_has_one_span_per_call(
    make: Callable[[], Any], method: str, recording: Recording
) -> None:
    embeddings = make()
    with instrumented(recording):
        call(embeddings, method)

    assert ["embeddings m"] == recording.paths()


@each_shape
@each_method
def test_a_class_that_is_defined_later_has_one_span_per_call(
    make: Callable[[], Any], method: str, traced: Recording
) -> None:
    call(make(), method)

    assert ["embeddings m"] == traced.paths()


@each_shape
@each_method
def test_a_result_is_the_very_same_object(make: Callable[[], Any], method: str, traced: Recording) -> None:
    result = call(make(), method)

    if make is asynchronous and method == "aembed_documents":
        (result,), method = result, "aembed_query"
    assert result is (VECTORS if method.endswith("documents") else VECTORS[0])


@each_method
def test_an_exception_is_the_very_same_object(method: str, traced: Recording) -> None:
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught:
        call(Failing(error), method)

    assert error is caught.value


@each_method
def test_arguments_by_keyword_are_passed_on_and_counted(method: str, traced: Recording) -> None:
    arguments: dict[str, Any] = {"texts": ["a", "b"]} if method.endswith("documents") else {"text": "a"}
    result = getattr(Plain(), method)(**arguments)
    if inspect.isawaitable(result):
        asyncio.run(_await(result))

    (span,) = traced.spans
    assert len(arguments.get("texts", "a")) == span.attributes["langspan.embeddings.input_count"]


async def _await(awaitable: Any) -> Any:
    return await awaitable


def test_a_method_that_needs_no_object_works_and_has_no_span(traced: Recording) -> None:
    class Static(Plain):
        embed_query = staticmethod(lambda text: text)

        @classmethod
        def embed_documents(cls, texts: list[str]) -> Any:
            return cls, texts

    assert ("a", (Static, ["b"])) == (Static().embed_query("a"), Static().embed_documents(["b"]))
    assert [] == traced.paths()


def test_what_only_looks_like_embeddings_has_no_span(traced: Recording) -> None:
    class Duck:
        embed_documents = vars(Failing)["embed_documents"].__wrapped__
        embed_query = Plain.__init__

    Duck().embed_query()

    assert [] == traced.paths()


def test_asynchronous_methods_stay_coroutine_functions(traced: Recording) -> None:
    assert all(map(inspect.iscoroutinefunction, (Plain().aembed_query, Plain().aembed_documents)))


def test_abstract_methods_stay_abstract(traced: Recording) -> None:
    class Half(Embeddings):
        def embed_query(self, text: str) -> list[float]:
            return []

    with pytest.raises(TypeError, match="embed_documents"):
        Half()


def test_a_result_that_comes_piece_by_piece_is_handed_on_unread(traced: Recording) -> None:
    class Lazy(Plain):
        def embed_documents(self, texts: list[str]) -> Any:
            return (VECTORS[0] for _ in texts)

    assert VECTORS == list(Lazy().embed_documents(["a"]))


# -- what a span says


def without_run_id(span: ReadableSpan) -> dict[str, Any]:
    return {name: value for name, value in span.attributes.items() if name != "langchain.run.id"}


def test_all_that_an_object_tells_is_on_the_span(traced: Recording) -> None:
    class OpenAIEmbeddings(Plain):
        def __init__(self) -> None:
            self.model = "text-embedding-3-small"
            self.base_url = "https://me:secret@models.test:8443/v1?key=secret"
            self.model_kwargs = {"encoding_format": "float"}

    OpenAIEmbeddings().embed_documents(["a", "b"])

    (span,) = traced.spans
    assert ("embeddings text-embedding-3-small", "CLIENT") == (span.name, span.kind.name)
    assert {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.request.encoding_formats": ("float",),
        "gen_ai.embeddings.dimension.count": 3,
        "server.address": "models.test",
        "server.port": 8443,
        "langchain.embeddings.name": "OpenAIEmbeddings",
        "langspan.embeddings.input_count": 2,
    } == without_run_id(span)


@NUMPY.mark
def test_langchains_own_embeddings_tell_dimensions_and_no_model(traced: Recording) -> None:
    DeterministicFakeEmbedding(size=8).embed_query("a")

    (span,) = traced.spans
    assert "embeddings" == span.name
    assert {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.embeddings.dimension.count": 8,
        "langchain.embeddings.name": "DeterministicFakeEmbedding",
        "langspan.embeddings.input_count": 1,
    } == without_run_id(span)


def test_a_call_below_a_run_has_its_conversation(traced: Recording) -> None:
    class Searching(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Any]:
            Plain().embed_query(query)
            return []

    Searching().invoke("a", {"metadata": {"thread_id": "t1"}})

    assert {"t1"} == {span.attributes["gen_ai.conversation.id"] for span in traced.spans}


def test_a_failed_call_has_the_class_of_its_error_and_not_the_message(traced: Recording) -> None:
    with pytest.raises(ValueError, match="secret"):
        Failing(ValueError("secret")).embed_query("a")

    (span,) = traced.spans
    assert ("ERROR", None) == (span.status.status_code.name, span.status.description)
    assert "ValueError" == span.attributes["error.type"]


def test_neither_texts_nor_vectors_are_content(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        Plain().embed_query("the text")

    (span,) = recording.spans
    assert "the text" not in span.to_json()
    assert "0.5" not in str(dict(span.attributes))


def test_the_message_of_an_error_is_content(recording: Recording) -> None:
    with instrumented(recording, capture_content=True), pytest.raises(ValueError, match="why"):
        Failing(ValueError("why")).embed_query("a")

    (span,) = recording.spans
    assert "why" == span.status.description


# -- one object around another


@each_method
def test_embeddings_around_others_have_the_others_below(method: str, traced: Recording) -> None:
    call(Around(Plain()), method)

    assert ["embeddings", "embeddings/embeddings m"] == traced.paths()


def test_two_objects_of_one_class_are_two(traced: Recording) -> None:
    call(Around(Around(Plain())), "embed_query")

    assert ["embeddings", "embeddings/embeddings", "embeddings/embeddings/embeddings m"] == traced.paths()


def test_a_cache_has_the_embeddings_that_it_asks_below(traced: Recording) -> None:
    classic = pytest.importorskip("langchain_classic.embeddings", reason="pip install langchain-classic")
    stores = pytest.importorskip("langchain_core.stores")
    cached = classic.CacheBackedEmbeddings.from_bytes_store(
        Plain(), stores.InMemoryByteStore(), namespace="n", key_encoder="sha256"
    )
    asked, known = cached.embed_documents(["a"]), cached.embed_documents(["a"])

    assert VECTORS == asked == known
    assert ["embeddings", "embeddings", "embeddings/embeddings m"] == traced.paths()


# -- metrics


def durations(telemetry: Telemetry) -> list[Any]:
    return [
        point.attributes | {"count": point.count}
        for item in telemetry.items()
        if isinstance(item, Metric) and item.name == "gen_ai.client.operation.duration"
        for point in item.points
    ]


@pytest.mark.parametrize("newest", [False, True])
def test_a_call_is_measured(newest: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental" if newest else "")
    telemetry = Telemetry()
    with telemetry.instrumented():
        Plain().embed_query("a")
        Plain().embed_documents(["a"])

    labels = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "m"}
    assert [{**labels, "count": 2}] == durations(telemetry)


def test_a_failed_call_is_measured_as_such() -> None:
    telemetry = Telemetry()
    with telemetry.instrumented(), pytest.raises(ValueError, match="no"):
        Failing(ValueError("no")).embed_query("a")

    assert [{"gen_ai.operation.name": "embeddings", "error.type": "ValueError", "count": 1}] == durations(
        telemetry
    )


def test_a_call_that_others_carry_out_is_measured_once() -> None:
    telemetry = Telemetry()
    with telemetry.instrumented():
        Around(Plain()).embed_query("a")

    labels = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "m"}
    assert [{**labels, "count": 1}] == durations(telemetry)


# -- settings


def test_calls_are_there_where_only_genai_operations_are_wanted(recording: Recording) -> None:
    with instrumented(recording, spans="genai"):
        Plain().embed_query("a")

    assert ["embeddings m"] == recording.paths()


def test_suppressed_calls_have_no_span(traced: Recording) -> None:
    with suppress_instrumentation():
        Around(Plain()).embed_query("a")

    assert [] == traced.paths()


def test_calls_that_are_sampled_out_are_left_out_and_return_the_same() -> None:
    recording = Recording(sampler=ALWAYS_OFF)
    with instrumented(recording):
        result = Around(Plain()).embed_documents(["a"])

    assert (VECTORS, []) == (result, recording.paths())


def test_a_handler_alone_does_not_see_embeddings(recording: Recording) -> None:
    CallbackHandler(recording.provider)
    Plain().embed_query("a")

    assert [] == recording.paths()


# -- undone


def test_every_method_is_the_original_again(recording: Recording) -> None:
    classes = (Embeddings, Plain, DeterministicFakeEmbedding)
    before = [vars(cls).get(name) for cls, name in itertools.product(classes, METHODS)]
    with instrumented(recording):
        assert isinstance(vars(Plain)["embed_query"], wrapt.FunctionWrapper)

    assert before == [vars(cls).get(name) for cls, name in itertools.product(classes, METHODS)]
    assert "__init_subclass__" not in vars(Embeddings)


def test_a_class_that_was_defined_meanwhile_has_its_own_methods_again(recording: Recording) -> None:
    with instrumented(recording):
        embeddings = plain()
        assert isinstance(vars(type(embeddings))["embed_query"], wrapt.FunctionWrapper)

    assert isinstance(vars(type(embeddings))["embed_query"], types.FunctionType)


def test_a_class_that_others_inherit_from_is_left_alone(recording: Recording) -> None:
    with instrumented(recording):
        embeddings = inheriting_from_elsewhere()
        cls, elsewhere, *_ = type(embeddings).__mro__
        assert isinstance(vars(cls)["embed_documents"], wrapt.FunctionWrapper)
        assert isinstance(vars(elsewhere)["embed_documents"], types.FunctionType)

    assert "embed_documents" not in vars(cls)


@each_method
def test_no_span_is_made_afterwards(method: str, recording: Recording) -> None:
    with instrumented(recording):
        embeddings = plain()
    call(embeddings, method)

    assert [] == recording.paths()


def wrap_from_outside(cls: Any) -> None:
    def embed_query(self: Any, text: str) -> Any:
        return former(self, text)

    former, cls.embed_query = cls.embed_query, embed_query


def test_a_wrapper_of_ours_that_somebody_has_wrapped_makes_no_span_afterwards(recording: Recording) -> None:
    with instrumented(recording):
        embeddings = plain()
        wrap_from_outside(type(embeddings))
    embeddings.embed_query("a")

    assert [] == recording.paths()


def test_a_wrapper_of_ours_that_somebody_has_wrapped_counts_once_when_instrumented_again(
    recording: Recording,
) -> None:
    with instrumented(recording):
        embeddings = plain()
        wrap_from_outside(type(embeddings))
    with instrumented(recording):
        embeddings.embed_query("a")

    assert ["embeddings m"] == recording.paths()


def test_a_call_during_which_tracing_ends_returns_the_same(recording: Recording) -> None:
    with instrumented(recording) as handle:

        class Ending(Plain):
            def embed_query(self, text: str) -> list[float]:
                handle.uninstrument()
                return super().embed_query(text)

        assert VECTORS[0] is Ending().embed_query("a")

    (span,) = recording.spans
    assert "incomplete" == span.attributes["langspan.outcome"]


# -- LangChain's own users of embeddings


@NUMPY.mark
def test_a_vector_store_has_its_searches_below_the_retriever(traced: Recording) -> None:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
    store.add_texts(["a", "b"])
    found = store.as_retriever(search_kwargs={"k": 1}).invoke("a")

    assert ["a"] == [document.page_content for document in found]
    search = "retrieval VectorStoreRetriever/retrieval InMemoryVectorStore"
    assert [
        "add_documents InMemoryVectorStore",
        "add_documents InMemoryVectorStore/embeddings",
        "retrieval VectorStoreRetriever",
        search,
        f"{search}/embeddings",
    ] == traced.paths()
