"""Vector stores and indexing: what a span says, what is measured, and that LangChain's comparisons hold."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.indexing import InMemoryRecordManager, api
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from opentelemetry.instrumentation.utils import suppress_instrumentation

import langspan
from langspan.langchain.patches.hooks import PATCHED
from langspan.langchain.patches.method_wrappers import ComparableWrapper
from support.capabilities import NUMPY
from support.otlp_data import Metric
from support.recording import Recording, instrumented
from support.stores import AsyncStore, ScriptedStore
from support.telemetry import Telemetry

METHODS = [name.partition(".")[2] for name in PATCHED if name.startswith("VectorStore.")]
DOCUMENTS = [Document("a"), Document("b")]
ASKED: dict[str, tuple[Any, ...]] = {
    "by_vector": ([0.5],),
    "search": ("a",),
    "score": ("a",),
    "scores": ("a",),
    "documents": (DOCUMENTS,),
    "texts": (["a", "b"],),
    "delete": (["1", "2"],),
    "adelete": (["1", "2"],),
}


def call(store: Any, method: str, **more: Any) -> Any:
    given = ASKED.get("by_vector") if method.endswith("by_vector") else ASKED[method.rpartition("_")[2]]
    result = getattr(store, method)(*(given or ()), **more)
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Any:
    return await result


def told(recording: Recording, name: str) -> dict[str, Any]:
    attributes = dict(recording.named(name).attributes or {})
    del attributes["langchain.run.id"]
    return attributes


def manager() -> Any:
    made = InMemoryRecordManager("n")
    made.create_schema()
    return made


# -- every method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cls", [ScriptedStore, AsyncStore])
def test_every_method_has_one_span_and_the_same_result(cls: Any, method: str, recording: Recording) -> None:
    untraced = call(cls(), method)
    with instrumented(recording):
        result = call(cls(), method)

    assert untraced == result
    assert 1 == len(recording.spans)


@pytest.mark.parametrize("method", [name for name in METHODS if "search" in name])
def test_a_search_tells_its_store_its_kind_and_what_it_found(method: str, traced: Recording) -> None:
    call(ScriptedStore(), method, k=3)

    has_scores = "score" in method
    assert {
        "gen_ai.operation.name": "retrieval",
        "langchain.vector_store": "ScriptedStore",
        "langchain.vector_store.search_type": "mmr" if "marginal" in method else "similarity",
        "gen_ai.retrieval.top_k": 3,
        "langspan.retrieval.document_count": 1,
        "gen_ai.retrieval.documents": json.dumps(
            [{"id": "d1", "score": 0.5} if has_scores else {"id": "d1"}], separators=(",", ":")
        ),
    } == told(traced, "retrieval ScriptedStore")


def test_the_number_of_documents_is_found_where_it_is_given_by_its_place(traced: Recording) -> None:
    ScriptedStore().similarity_search("a", 7)

    assert 7 == told(traced, "retrieval ScriptedStore")["gen_ai.retrieval.top_k"]


def test_a_threshold_of_scores_is_told_as_such(traced: Recording) -> None:
    ScriptedStore().similarity_search_with_relevance_scores("a", score_threshold=0.1)

    found = told(traced, "retrieval ScriptedStore")
    assert "similarity_score_threshold" == found["langchain.vector_store.search_type"]


@pytest.mark.parametrize("field", ["embedding", "_embedding_function", "embedding_function", "embeddings_"])
def test_the_model_of_the_embeddings_is_told_where_a_store_keeps_them(field: str, traced: Recording) -> None:
    class OpenAIEmbeddings(Embeddings):
        model = "text-embedding-3-small"
        embed_documents = embed_query = None  # type: ignore[assignment]

    ScriptedStore(**{field: OpenAIEmbeddings()}).similarity_search("a")

    found = told(traced, "retrieval ScriptedStore")
    known = {"gen_ai.provider.name": "openai", "gen_ai.request.model": "text-embedding-3-small"}
    assert (known if field != "embeddings_" else {}) == {key: found[key] for key in known if key in found}


@pytest.mark.parametrize(
    ("method", "span", "expected"),
    [
        ("add_documents", "add_documents ScriptedStore", {"document_count": 2, "added_count": 2}),
        ("aadd_texts", "add_documents ScriptedStore", {"document_count": 2, "added_count": 2}),
        ("delete", "delete_documents ScriptedStore", {"document_count": 2}),
        ("adelete", "delete_documents ScriptedStore", {"document_count": 2}),
    ],
)
def test_a_write_tells_how_many(method: str, span: str, expected: dict[str, int], traced: Recording) -> None:
    call(ScriptedStore(), method)

    counts = {f"langspan.indexing.{name}": count for name, count in expected.items()}
    assert {"langchain.vector_store": "ScriptedStore", **counts} == told(traced, span)


def test_texts_that_come_one_by_one_are_not_used_up(traced: Recording) -> None:
    cls = bare(add_texts=lambda self, texts, *_, **__: list(texts))

    assert ["a", "b"] == cls().add_texts(text for text in "ab")
    assert {"langchain.vector_store": "Bare", "langspan.indexing.added_count": 2} == told(
        traced, "add_documents Bare"
    )


def test_deleting_all_tells_no_number(traced: Recording) -> None:
    ScriptedStore().delete()

    assert {"langchain.vector_store": "ScriptedStore"} == told(traced, "delete_documents ScriptedStore")


def test_with_content_a_search_tells_the_query_and_the_texts(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        ScriptedStore().similarity_search_with_score("a")

    found = told(recording, "retrieval ScriptedStore")
    assert ("a", '["text"]') == (
        found["gen_ai.retrieval.query.text"],
        found["langspan.retrieval.document_texts"],
    )


def test_a_search_by_a_vector_tells_no_query(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        ScriptedStore().similarity_search_by_vector([0.5])

    assert "gen_ai.retrieval.query.text" not in told(recording, "retrieval ScriptedStore")


# -- indexing


@pytest.mark.parametrize("is_async", [False, True])
@NUMPY.mark
def test_an_index_tells_what_became_of_the_documents(is_async: bool, traced: Recording) -> None:
    store, records = InMemoryVectorStore(DeterministicFakeEmbedding(size=4)), manager()

    def index(*texts: str) -> Any:
        given = [Document(text) for text in texts]
        options: Any = {"cleanup": "full", "key_encoder": "sha256"}
        if is_async:
            return asyncio.run(api.aindex(given, records, store, **options))
        return api.index(given, records, store, **options)

    index("a", "b")
    traced.clear()
    index("b", "c", "d")

    assert {
        "langchain.vector_store": "InMemoryVectorStore",
        "langchain.indexing.cleanup": "full",
        "langspan.indexing.added_count": 2,
        "langspan.indexing.updated_count": 0,
        "langspan.indexing.skipped_count": 1,
        "langspan.indexing.deleted_count": 1,
    } == told(traced, "index_documents InMemoryVectorStore")
    root = "index_documents InMemoryVectorStore"
    added = f"{root}/add_documents InMemoryVectorStore"
    assert [
        root,
        added,
        f"{added}/embeddings",
        f"{root}/delete_documents InMemoryVectorStore",
    ] == traced.paths()


@pytest.fixture
def importer() -> Any:
    """A module of the application, which imported the functions before anything was instrumented."""
    module = types.ModuleType("importer")
    module.index, module.aindex = api.index, api.aindex  # type: ignore[attr-defined]
    sys.modules["importer"] = module
    yield module
    del sys.modules["importer"]


def test_a_function_that_was_imported_before_is_recorded_too(importer: Any, recording: Recording) -> None:
    original = importer.index
    with instrumented(recording):
        importer.index(DOCUMENTS, manager(), ScriptedStore(), key_encoder="sha256")
    importer.index(DOCUMENTS, manager(), ScriptedStore(), key_encoder="sha256")

    assert ["add_documents ScriptedStore", "index_documents ScriptedStore"] == sorted(recording.names())
    assert importer.index is original is api.index


def test_a_function_that_was_imported_meanwhile_is_recorded_the_next_time(
    importer: Any, recording: Recording
) -> None:
    with instrumented(recording):
        importer.index = api.index
    with instrumented(recording):
        importer.index(DOCUMENTS, manager(), ScriptedStore(), key_encoder="sha256")

    assert 1 == recording.names().count("index_documents ScriptedStore")


def test_an_index_is_no_coroutine_and_the_asynchronous_one_is(traced: Recording) -> None:
    assert (False, True) == (inspect.iscoroutinefunction(api.index), inspect.iscoroutinefunction(api.aindex))
    assert "docs_source" in inspect.signature(api.index).parameters


# -- what LangChain compares


def bare(**methods: Any) -> Any:
    """A class of stores that has no more than it must, and these methods."""
    must = {name: vars(ScriptedStore)[name] for name in ("from_texts", "similarity_search")}
    return type("Bare", (VectorStore,), {**must, **methods})


BEFORE = bare()


@pytest.mark.parametrize("method", METHODS)
def test_an_inherited_method_is_that_of_the_base_class(method: str, traced: Recording) -> None:
    for cls in (BEFORE, bare(), type("Below", (BEFORE,), {})):
        inherited, own = getattr(cls, method), getattr(VectorStore, method)
        if method != "similarity_search":
            assert (True, True, False) == (inherited is own, inherited == own, inherited != own)
            assert hash(inherited) == hash(own)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_was_taken_before_is_equal_to_the_one_that_is_wrapped(
    method: str, recording: Recording
) -> None:
    before = getattr(VectorStore, method)
    with instrumented(recording):
        assert (True, False) == (
            getattr(VectorStore, method) == before,
            getattr(VectorStore, method) != before,
        )
    assert getattr(VectorStore, method) is before


@pytest.mark.parametrize("method", METHODS)
def test_an_override_differs_from_the_method_of_the_base_class(method: str, traced: Recording) -> None:
    cls = bare(**{method: lambda self, *args, **kwargs: None})

    assert (True, False) == (
        getattr(cls, method) != getattr(VectorStore, method),
        getattr(cls, method) == getattr(VectorStore, method),
    )


def test_a_method_that_a_class_takes_from_the_base_class_is_equal(traced: Recording) -> None:
    cls = bare(delete=VectorStore.delete)

    assert cls.delete == VectorStore.delete


def _deleted(self: Any, ids: Any = None, **kwargs: Any) -> bool:
    return True


async def _adeleted(self: Any, ids: Any = None, **kwargs: Any) -> bool:
    return True


ADD = {"add_documents": vars(ScriptedStore)["add_documents"]}
STORES: dict[str, Callable[[], Any]] = {
    "no delete": lambda: bare(**ADD),
    "delete": lambda: bare(**ADD, delete=_deleted),
    "adelete": lambda: bare(**ADD, adelete=_adeleted),
    "delete of the base class": lambda: bare(**ADD, delete=VectorStore.delete),
    "no add": lambda: bare(delete=_deleted),
    "add_texts": lambda: bare(delete=_deleted, add_texts=lambda self, texts, *_, **__: ["1" for _ in texts]),
    "aadd_texts": lambda: bare(delete=_deleted, aadd_texts=_aadd_texts),
}


async def _aadd_texts(self: Any, texts: Any, *_: Any, **__: Any) -> list[str]:
    return ["1" for _ in texts]


def outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except Exception as error:
        return type(error), str(error)


WAYS: dict[str, Callable[[Any], Any]] = {
    "index": lambda store: api.index(DOCUMENTS, manager(), store, key_encoder="sha256"),
    "aindex": lambda store: asyncio.run(api.aindex(DOCUMENTS, manager(), store, key_encoder="sha256")),
    "add_texts": lambda store: store.add_texts(["a"], ids=["1"]),
    "add_documents": lambda store: store.add_documents(DOCUMENTS),
    "aadd_texts": lambda store: asyncio.run(store.aadd_texts(["a"])),
    "aadd_documents": lambda store: asyncio.run(store.aadd_documents(DOCUMENTS)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", ["before", "meanwhile"])
@pytest.mark.parametrize("store", STORES)
def test_langchain_finds_what_a_store_implements_as_ever(
    store: str, made: str, way: str, recording: Recording
) -> None:
    untraced = outcome(lambda: WAYS[way](STORES[store]()()))
    before = STORES[store]()
    with instrumented(recording):
        cls = before if made == "before" else STORES[store]()
        assert untraced == outcome(lambda: WAYS[way](cls()))


def test_a_method_can_be_called_on_its_class(traced: Recording) -> None:
    assert ["0", "1"] == VectorStore.add_texts(ScriptedStore(), ["a", "b"])
    assert [Document("text", id="d1")] == ScriptedStore.similarity_search(ScriptedStore(), query="a")
    with pytest.raises(TypeError):
        ScriptedStore.similarity_search()  # type: ignore[call-arg]

    assert ["add_documents ScriptedStore", "retrieval ScriptedStore"] == traced.paths()


def test_a_store_that_lacks_what_is_abstract_cannot_be_made(traced: Recording) -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (VectorStore,), {})()


@pytest.mark.parametrize("method", METHODS)
def test_a_method_looks_like_itself(method: str, recording: Recording) -> None:
    before = getattr(VectorStore, method)
    with instrumented(recording):
        now = getattr(VectorStore, method)
        assert inspect.signature(before) == inspect.signature(now)
        assert inspect.iscoroutinefunction(before) == inspect.iscoroutinefunction(now)
        assert (before.__name__, before.__doc__) == (now.__name__, now.__doc__)


# -- metrics and settings


def counted(telemetry: Telemetry) -> list[Any]:
    return [
        (point.attributes.get("error.type"), point.count)
        for item in telemetry.items()
        if isinstance(item, Metric) and item.name == "gen_ai.client.operation.duration"
        for point in item.points
    ]


class Around(ScriptedStore):
    inner: Any

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        found: list[Document] = self.inner.similarity_search(query, k)
        return found


@pytest.mark.parametrize(
    "search",
    [
        lambda store: store.similarity_search("a"),
        lambda store: Around(inner=store).similarity_search("a"),
        lambda store: store.as_retriever().invoke("a"),
        lambda store: Around(inner=store).as_retriever().invoke("a"),
        lambda store: asyncio.run(store.as_retriever().ainvoke("a")),
    ],
    ids=["alone", "a store around it", "in a retriever", "both", "in a retriever, asynchronously"],
)
def test_a_search_is_measured_once(search: Callable[[Any], Any]) -> None:
    telemetry = Telemetry()
    with telemetry.instrumented():
        search(ScriptedStore())

    assert [(None, 1)] == counted(telemetry)


def test_writes_are_not_measured() -> None:
    telemetry = Telemetry()
    with telemetry.instrumented():
        api.index(DOCUMENTS, manager(), ScriptedStore(), key_encoder="sha256")

    assert [] == counted(telemetry)


def test_a_failed_search_is_measured_as_such() -> None:
    telemetry = Telemetry()
    with telemetry.instrumented(), pytest.raises(ValueError, match="no"):
        ScriptedStore(fails_with=ValueError("no")).similarity_search("a")

    assert [("ValueError", 1)] == counted(telemetry)


def test_only_searches_are_there_where_only_genai_operations_are_wanted(recording: Recording) -> None:
    with instrumented(recording, spans="genai"), recording.tracer.start_as_current_span("application"):
        store = ScriptedStore.from_texts(["a"], None)
        store.similarity_search("a")

    assert ["application", "application/retrieval ScriptedStore"] == recording.paths()


def test_suppressed_calls_have_no_span(traced: Recording) -> None:
    with suppress_instrumentation():
        ScriptedStore().similarity_search("a")

    assert [] == traced.paths()


# -- undone


def test_every_method_is_the_original_again(recording: Recording) -> None:
    classes = (VectorStore, InMemoryVectorStore, ScriptedStore)
    names = [*METHODS, "similarity_search_with_score_by_vector"]
    before = [vars(cls).get(name) for cls, name in itertools.product(classes, names)]
    functions = api.index, api.aindex
    with instrumented(recording):
        assert isinstance(vars(ScriptedStore)["similarity_search_with_score_by_vector"], ComparableWrapper)

    assert all(
        original is vars(cls).get(name)
        for original, (cls, name) in zip(before, itertools.product(classes, names), strict=True)
    )
    assert functions == (api.index, api.aindex)
    assert "__init_subclass__" not in vars(VectorStore)


def test_a_class_that_was_defined_meanwhile_has_its_own_methods_again(recording: Recording) -> None:
    with instrumented(recording):
        cls = bare(similarity_search_by_image=lambda self, uri: [])
        assert isinstance(vars(cls)["similarity_search_by_image"], ComparableWrapper)
        cls().similarity_search_by_image("file")
    cls().similarity_search_by_image("file")

    assert isinstance(vars(cls)["similarity_search_by_image"], types.FunctionType)
    assert ["retrieval Bare"] == recording.paths()


def test_a_call_during_which_tracing_ends_returns_the_same(recording: Recording) -> None:
    with instrumented(recording):

        class Ending(ScriptedStore):
            def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
                langspan.uninstrument()
                return super().similarity_search(query, k)

        assert [Document("text", id="d1")] == Ending().similarity_search("a")

    (span,) = recording.spans
    assert "incomplete" == (span.attributes or {})["langspan.outcome"]
