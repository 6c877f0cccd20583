"""Vector stores and compressors that find by script, and open a span meanwhile; they need no numpy."""

from __future__ import annotations

from typing import Any

from langchain_core.documents import Document
from langchain_core.documents.compressor import BaseDocumentCompressor
from langchain_core.vectorstores import VectorStore

from support.models import work


class ScriptedStore(VectorStore):
    """A vector store without asynchronous methods: LangChain runs these in a thread.

    Its searches use one another, as those of nearly all stores do.
    """

    def __init__(self, body: Any = None, fails_with: BaseException | None = None, **fields: Any) -> None:
        self.body, self.fails_with = body, fails_with
        self.found = [(Document("text", id="d1"), 0.5)]
        vars(self).update(fields)

    @classmethod
    def from_texts(cls, texts: Any, embedding: Any, metadatas: Any = None, **kwargs: Any) -> Any:
        store = cls(**kwargs)
        store.add_texts(texts)
        return store

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> Any:
        return self.similarity_search_with_score_by_vector([0.5], k, **kwargs)

    def similarity_search_by_vector(self, embedding: Any, k: int = 4, **kwargs: Any) -> list[Document]:
        return [each for each, _ in self.similarity_search_with_score_by_vector(embedding, k, **kwargs)]

    def similarity_search_with_score_by_vector(self, embedding: Any, k: int = 4, **kwargs: Any) -> Any:
        with work(self.body):
            if self.fails_with is not None:
                raise self.fails_with
            return self.found

    def max_marginal_relevance_search(self, query: str, k: int = 4, *_: Any, **kwargs: Any) -> Any:
        return self.max_marginal_relevance_search_by_vector([0.5], k, **kwargs)

    def max_marginal_relevance_search_by_vector(self, embedding: Any, k: int = 4, *_: Any, **__: Any) -> Any:
        return self.similarity_search_by_vector(embedding, k)

    def _select_relevance_score_fn(self) -> Any:
        return lambda score: score

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        with work(self.body):
            return [str(number) for number, _ in enumerate(documents)]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        with work(self.body):
            return True


class AsyncStore(ScriptedStore):
    """The same with asynchronous methods of its own."""

    async def asimilarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in await self.asimilarity_search_with_score(query, k, **kwargs)]

    async def asimilarity_search_with_score(self, *args: Any, **kwargs: Any) -> Any:
        return self.similarity_search_with_score(*args, **kwargs)

    async def aadd_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        return self.add_documents(documents, **kwargs)

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        return self.delete(ids, **kwargs)


class ScriptedCompressor(BaseDocumentCompressor):
    """A reranker that turns the documents round, without an asynchronous method."""

    model: Any = "rerank-1"
    top_n: int | None = 2
    body: Any = None
    fails_with: BaseException | None = None

    model_config = {"arbitrary_types_allowed": True}

    def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        with work(self.body):
            if self.fails_with is not None:
                raise self.fails_with
            return documents[::-1][: self.top_n]


class AsyncCompressor(ScriptedCompressor):
    """The same with an asynchronous method of its own."""

    async def acompress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        return self.compress_documents(documents, query, callbacks)
