"""Chroma, FAISS, and the compressors of langchain-classic and langchain-cohere: one span for each call."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, api
from langchain_core.language_models import FakeListChatModel

from support.drawing import drawn, written
from support.ecosystem import needed
from support.recording import Recording

chromadb = needed("chromadb")
langchain_chroma = needed("langchain_chroma")
needed("faiss")
needed("langchain_community")
needed("langchain_classic")
langchain_cohere = needed("langchain_cohere")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # these packages import what they themselves deprecate
    from langchain_classic.retrievers import ContextualCompressionRetriever
    from langchain_classic.retrievers.document_compressors import (
        CrossEncoderReranker,
        DocumentCompressorPipeline,
        EmbeddingsFilter,
        LLMChainFilter,
    )
    from langchain_community.cross_encoders import FakeCrossEncoder
    from langchain_community.vectorstores import FAISS

EMBEDDINGS = DeterministicFakeEmbedding(size=4)
DOCUMENTS = [Document("late parcel", id="1"), Document("lost parcel", id="2"), Document("refund", id="3")]
IDS = [document.id for document in DOCUMENTS]
each_way = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def chroma() -> Any:
    settings = chromadb.config.Settings(anonymized_telemetry=False, is_persistent=False)
    store = langchain_chroma.Chroma("orders", EMBEDDINGS, client=chromadb.EphemeralClient(settings=settings))
    store.reset_collection()
    return store


def faiss() -> Any:
    return FAISS.from_texts(["unrelated"], EMBEDDINGS, ids=["0"])


STORES: dict[str, Callable[[], Any]] = {"Chroma": chroma, "FAISS": faiss}
of_stores = pytest.mark.parametrize("name", STORES)


def _searched(store: Any) -> None:
    store.similarity_search("parcel", k=2)
    store.similarity_search_with_score("parcel", k=2)
    store.similarity_search_with_relevance_scores("parcel", k=2)
    store.max_marginal_relevance_search("parcel", k=2, fetch_k=3)


async def _asearched(store: Any) -> None:
    await store.asimilarity_search("parcel", k=2)
    await store.asimilarity_search_with_score("parcel", k=2)
    await store.asimilarity_search_with_relevance_scores("parcel", k=2)
    await store.amax_marginal_relevance_search("parcel", k=2, fetch_k=3)


@pytest.mark.filterwarnings("ignore:Relevance scores must be between")
@each_way
@of_stores
def test_a_search_is_one_span_whatever_the_store_makes_of_it(
    name: str, is_async: bool, traced: Recording
) -> None:
    store = STORES[name]()
    store.add_documents(DOCUMENTS, ids=IDS)
    traced.clear()
    if is_async:
        asyncio.run(_asearched(store))
    else:
        _searched(store)

    assert [*[f"retrieval {name}"] * 4, *[f"retrieval {name}/embeddings"] * 4] == traced.paths()
    searches = [dict(span.attributes or {}) for span in traced.spans if "retrieval" in span.name]
    assert ["similarity", "similarity", "similarity", "mmr"] == [
        each["langchain.vector_store.search_type"] for each in searches
    ]
    assert {(2, 2)} == {
        (each["gen_ai.retrieval.top_k"], each["langspan.retrieval.document_count"]) for each in searches
    }
    with_scores = [json.loads(each["gen_ai.retrieval.documents"]) for each in searches[1:3]]
    assert all(found.keys() == {"id", "score"} for each in with_scores for found in each)


@each_way
@of_stores
def test_writes_are_spans_with_counts(name: str, is_async: bool, traced: Recording) -> None:
    store = STORES[name]()
    traced.clear()
    if is_async:
        asyncio.run(store.aadd_documents(DOCUMENTS, ids=IDS))
        asyncio.run(store.adelete(IDS[:1]))
    else:
        store.add_documents(DOCUMENTS, ids=IDS)
        store.delete(IDS[:1])

    assert [
        f"add_documents {name}",
        f"add_documents {name}/embeddings",
        f"delete_documents {name}",
    ] == traced.paths()
    added, deleted = (
        dict(traced.named(f"{verb}_documents {name}").attributes or {}) for verb in ("add", "delete")
    )
    counts = (added["langspan.indexing.document_count"], added["langspan.indexing.added_count"])
    assert ((3, 3), 1) == (counts, deleted["langspan.indexing.document_count"])


@each_way
@of_stores
def test_an_index_tells_what_became_of_the_documents(name: str, is_async: bool, traced: Recording) -> None:
    store, manager = STORES[name](), InMemoryRecordManager("n")
    manager.create_schema()

    def index(documents: list[Document]) -> None:
        options: Any = {"cleanup": "full", "key_encoder": "sha256"}
        if is_async:
            asyncio.run(api.aindex(documents, manager, store, **options))
        else:
            api.index(documents, manager, store, **options)

    index(DOCUMENTS[:2])
    traced.clear()
    index(DOCUMENTS[1:])

    attributes = dict(traced.named(f"index_documents {name}").attributes or {})
    assert [1, 0, 1, 1] == [
        attributes[f"langspan.indexing.{what}_count"] for what in ("added", "updated", "skipped", "deleted")
    ]
    root, added = f"index_documents {name}", f"index_documents {name}/add_documents {name}"
    assert [root, added, f"{added}/embeddings", f"{root}/delete_documents {name}"] == traced.paths()


@each_way
def test_in_a_retriever_the_search_is_below_it(is_async: bool, traced: Recording) -> None:
    store = chroma()
    store.add_documents(DOCUMENTS, ids=IDS)
    traced.clear()
    retriever = store.as_retriever(search_kwargs={"k": 1})
    if is_async:
        asyncio.run(retriever.ainvoke("parcel"))
    else:
        retriever.invoke("parcel")

    root = "retrieval VectorStoreRetriever"
    assert [root, f"{root}/retrieval Chroma", f"{root}/retrieval Chroma/embeddings"] == traced.paths()


class Reranking(BaseHTTPRequestHandler):
    """Cohere's API for reranking, as far as it is needed."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = [{"index": place, "relevance_score": 0.5} for place in range(asked["top_n"])]
        body = json.dumps({"id": "r1", "results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def cohere() -> Iterator[Any]:
    """A reranker whose server is on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Reranking)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield langchain_cohere.CohereRerank(model="rerank-v3.5", cohere_api_key="k", base_url=url, top_n=2)
    server.shutdown()
    thread.join()
    server.server_close()


@each_way
def test_a_reranking_by_cohere_tells_model_documents_and_scores(
    is_async: bool, cohere: Any, traced: Recording
) -> None:
    if is_async:
        asyncio.run(cohere.acompress_documents(DOCUMENTS, "parcel"))
    else:
        cohere.compress_documents(DOCUMENTS, "parcel")

    (span,) = traced.spans
    attributes = dict(span.attributes or {})
    assert "compress_documents CohereRerank" == span.name
    assert {
        "langchain.compressor.model": "rerank-v3.5",
        "langspan.compression.top_n": 2,
        "langspan.compression.input_count": 3,
        "langspan.compression.output_count": 2,
    }.items() <= attributes.items()
    assert [0.5, 0.5] == [each["score"] for each in json.loads(attributes["langspan.compression.documents"])]


PIPELINE = """
    compress_documents DocumentCompressorPipeline
      compress_documents EmbeddingsFilter
        embeddings
        embeddings
      compress_documents CrossEncoderReranker
      compress_documents LLMChainFilter
        RunnableSequence
          PromptTemplate
          chat
          BooleanOutputParser
        RunnableSequence
          PromptTemplate
          chat
          BooleanOutputParser
"""


@each_way
def test_a_pipeline_has_its_compressors_below(is_async: bool, traced: Recording) -> None:
    pipeline = DocumentCompressorPipeline(
        transformers=[
            EmbeddingsFilter(embeddings=EMBEDDINGS, k=2),
            CrossEncoderReranker(model=FakeCrossEncoder(), top_n=2),
            LLMChainFilter.from_llm(FakeListChatModel(responses=["YES"])),
        ]
    )
    if is_async:
        asyncio.run(pipeline.acompress_documents(DOCUMENTS, "parcel"))
    else:
        pipeline.compress_documents(DOCUMENTS, "parcel")

    assert written(PIPELINE) == drawn(traced.spans)
    told = dict(traced.named("compress_documents EmbeddingsFilter").attributes or {})
    assert all("score" in each for each in json.loads(told["langspan.compression.documents"]))


COMPRESSING = """
    retrieval ContextualCompressionRetriever
      retrieval VectorStoreRetriever
        retrieval FAISS
          embeddings
      compress_documents LLMChainFilter
        RunnableSequence
          PromptTemplate
          chat
          BooleanOutputParser
"""


@each_way
def test_a_retriever_that_compresses_has_search_and_compressor_below(
    is_async: bool, traced: Recording
) -> None:
    store = faiss()
    traced.clear()
    retriever = ContextualCompressionRetriever(
        base_retriever=store.as_retriever(search_kwargs={"k": 1}),
        base_compressor=LLMChainFilter.from_llm(FakeListChatModel(responses=["YES"])),
    )
    if is_async:
        asyncio.run(retriever.ainvoke("parcel"))
    else:
        retriever.invoke("parcel")

    assert written(COMPRESSING) == drawn(traced.spans)
