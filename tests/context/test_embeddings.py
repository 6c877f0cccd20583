"""Embeddings: LangChain sends no callbacks for them, yet a call's span is current in its body."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore

from support.capabilities import NUMPY
from support.cases import Case, Cases, check
from support.models import work
from support.probe import Probe, turn
from support.recording import Recording

cases = Cases()


class Sync(Embeddings):
    """A class without asynchronous methods of its own: LangChain runs the others in a thread."""

    model = "m"

    def __init__(self, probe: Probe, error: Exception | None = None) -> None:
        self.probe, self.error = probe, error

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.probe):
            if self.error is not None:
                raise self.error
            return [[0.5] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


class Async(Sync):
    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.probe):
            await turn()
            if self.error is not None:
                raise self.error
            return [[0.5] for _ in texts]

    async def aembed_query(self, text: str) -> list[float]:
        (vector,) = await self.aembed_documents([text])
        return vector


class Hanging(Async):
    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.probe):
            await asyncio.get_running_loop().create_future()
        return []


class Wrapped(Embeddings):
    """Embeddings around others, as a cache is."""

    def __init__(self, inner: Embeddings) -> None:
        self.inner = inner

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.inner.probe):
            return self.inner.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        with work(self.inner.probe):
            return self.inner.embed_query(text)

    async def aembed_query(self, text: str) -> list[float]:
        with work(self.inner.probe):
            return await self.inner.aembed_query(text)


class Searching(BaseRetriever):
    embeddings: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        self.embeddings.embed_query(query)
        return []

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        await self.embeddings.aembed_query(query)
        return []


@cases("""
    embeddings m
      http
""")
def embed_documents(probe: Probe) -> None:
    Sync(probe).embed_documents(["a", "b"])


@cases()
def embed_query(probe: Probe) -> None:
    Sync(probe).embed_query("a")


@cases()
async def aembed_documents(probe: Probe) -> None:
    await Async(probe).aembed_documents(["a", "b"])


@cases()
async def aembed_query(probe: Probe) -> None:
    await Async(probe).aembed_query("a")


@cases()
async def aembed_documents_in_a_thread(probe: Probe) -> None:
    await Sync(probe).aembed_documents(["a"])


@cases()
async def aembed_query_in_a_thread(probe: Probe) -> None:
    await Sync(probe).aembed_query("a")


@cases("""
    embeddings m
      http
    embeddings m
      http
""")
def two_calls(probe: Probe) -> None:
    embeddings = Sync(probe)
    embeddings.embed_query("a")
    embeddings.embed_query("b")


@cases()
async def two_calls_at_once(probe: Probe) -> None:
    embeddings = Async(probe)
    await asyncio.gather(embeddings.aembed_query("a"), embeddings.aembed_query("b"))


@cases("""
    embeddings m (error ValueError)
      http
""")
def a_failing_call(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        Sync(probe, ValueError("no")).embed_query("a")


@cases()
async def a_failing_call_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await Async(probe, ValueError("no")).aembed_query("a")


@cases()
async def a_failing_call_in_a_thread(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await Sync(probe, ValueError("no")).aembed_query("a")


@cases("""
    embeddings m (cancelled)
      http
""")
async def a_cancelled_call(probe: Probe) -> None:
    task = asyncio.create_task(Hanging(probe).aembed_query("a"))
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@cases("")
async def a_call_that_nobody_awaits(probe: Probe) -> None:
    Async(probe).aembed_query("a").close()


@cases("""
    embeddings
      http
        embeddings m
          http
""")
def embeddings_around_others(probe: Probe) -> None:
    Wrapped(Sync(probe)).embed_documents(["a"])


@cases()
async def embeddings_around_others_async(probe: Probe) -> None:
    await Wrapped(Async(probe)).aembed_query("a")


@cases()
async def embeddings_around_others_in_a_thread(probe: Probe) -> None:
    await Wrapped(Sync(probe)).aembed_documents(["a"])


@cases("""
    retrieval Searching
      embeddings m
        http
""")
def in_a_retriever(probe: Probe) -> None:
    Searching(embeddings=Sync(probe)).invoke("a")


@cases()
async def in_a_retriever_async(probe: Probe) -> None:
    await Searching(embeddings=Async(probe)).ainvoke("a")


@cases(
    """
    embeddings m
      http
    retrieval VectorStoreRetriever
      embeddings m
        http
""",
    needs=NUMPY,
)
def in_a_vector_store(probe: Probe) -> None:
    InMemoryVectorStore.from_texts(["a"], Sync(probe)).as_retriever().invoke("a")


@cases(needs=NUMPY)
async def in_a_vector_store_async(probe: Probe) -> None:
    store = await InMemoryVectorStore.afrom_texts(["a"], Sync(probe))
    await store.as_retriever().ainvoke("a")


@cases("""
    RunnableSequence
      a
        http
      retrieval Searching
        embeddings m
          http
""")
def in_a_chain(probe: Probe) -> None:
    (RunnableLambda(probe.step("a")) | Searching(embeddings=Sync(probe))).invoke("a")


@cases("""
    a
      http
        embeddings m
          http
""")
def below_a_span_of_the_application(probe: Probe) -> None:
    RunnableLambda(probe.step("a", Sync(probe).embed_query)).invoke("a")


@cases.each
def test_a_call_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
