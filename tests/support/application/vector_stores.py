"""Vector stores, indexing and compressors of an application, in every way they are called."""

from __future__ import annotations

from typing import Any

from langchain_core.documents import Document
from langchain_core.documents.compressor import BaseDocumentCompressor
from langchain_core.indexing import InMemoryRecordManager, api

from support.application.embeddings import Known
from support.application.waiting import cancelled, wait_for_ever
from support.stores import AsyncCompressor, AsyncStore, ScriptedCompressor, ScriptedStore

DOCUMENTS = [Document("a"), Document("b", id="2")]


class Hanging(AsyncStore):
    async def asimilarity_search_with_score(self, *args: Any, **kwargs: Any) -> Any:
        await wait_for_ever()


class Around(ScriptedStore):
    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> Any:
        return ScriptedStore().similarity_search(query, k)


def _store(cls: Any = ScriptedStore, **fields: Any) -> Any:
    return cls(embedding=Known(), **fields)


def _manager() -> Any:
    made = InMemoryRecordManager("n")
    made.create_schema()
    return made


def store_search(_config: Any) -> Any:
    return _store().similarity_search_with_score("a", 2)


def store_search_by_vector(_config: Any) -> Any:
    return _store().max_marginal_relevance_search_by_vector([0.5], k=1)


async def store_asearch(_config: Any) -> Any:
    return await _store(AsyncStore).asimilarity_search("a")


async def store_asearch_in_a_thread(_config: Any) -> Any:
    return await _store().asimilarity_search_with_relevance_scores("a", score_threshold=0.1)


def store_in_another(_config: Any) -> Any:
    return _store(Around).similarity_search("a")


def store_in_a_retriever(config: Any) -> Any:
    return _store().as_retriever().invoke("a", config)


def store_search_fails(_config: Any) -> Any:
    return _store(fails_with=ValueError("no")).similarity_search("a")


async def store_asearch_fails(_config: Any) -> Any:
    return await _store(AsyncStore, fails_with=ValueError("no")).asimilarity_search("a")


async def store_search_cancelled(_config: Any) -> Any:
    return await cancelled(_store(Hanging).asimilarity_search("a"))


def store_writes(_config: Any) -> Any:
    store = _store()
    return store.add_texts(["a"]), store.add_documents(DOCUMENTS), store.delete(["1"])


async def store_awrites(_config: Any) -> Any:
    store = _store(AsyncStore)
    return await store.aadd_texts(["a"]), await store.aadd_documents(DOCUMENTS), await store.adelete(["1"])


def store_index(_config: Any) -> Any:
    return api.index(DOCUMENTS, _manager(), _store(), cleanup="full", key_encoder="sha256")


async def store_aindex(_config: Any) -> Any:
    return await api.aindex(DOCUMENTS, _manager(), vector_store=_store(), key_encoder="sha256")


def store_defined_late(_config: Any) -> Any:
    """A class that did not exist when instrumentation began, with a search that only it has."""

    class Late(ScriptedStore):
        def similarity_search_by_image(self, uri: str) -> Any:
            return []

    return Late().similarity_search_by_image("file"), Late.similarity_search(Late(), "a")


def compress(_config: Any) -> Any:
    return ScriptedCompressor().compress_documents(DOCUMENTS, "a")


async def acompress(_config: Any) -> Any:
    return await AsyncCompressor().acompress_documents(DOCUMENTS, query="a")


async def acompress_in_a_thread(_config: Any) -> Any:
    return await ScriptedCompressor().acompress_documents(DOCUMENTS, "a")


def compress_fails(_config: Any) -> Any:
    return ScriptedCompressor(fails_with=ValueError("no")).compress_documents(DOCUMENTS, "a")


def compressor_defined_late(_config: Any) -> Any:
    class Late(BaseDocumentCompressor):
        def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
            return documents

    return Late().compress_documents(DOCUMENTS, "a")


SCENARIOS = (
    store_search,
    store_search_by_vector,
    store_asearch,
    store_asearch_in_a_thread,
    store_in_another,
    store_in_a_retriever,
    store_search_fails,
    store_asearch_fails,
    store_search_cancelled,
    store_writes,
    store_awrites,
    store_index,
    store_aindex,
    store_defined_late,
    compress,
    acompress,
    acompress_in_a_thread,
    compress_fails,
    compressor_defined_late,
)
