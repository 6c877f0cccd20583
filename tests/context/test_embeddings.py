"""Embeddings: LangChain sends no callbacks for them, yet a call's span is current in its body."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore

from support.capabilities import NUMPY
from support.cases import Case, Cases, check
from support.models import ScriptedEmbeddings, work
from support.probe import Probe, turn
from support.recording import Recording

cases = Cases()


class Async(ScriptedEmbeddings):
    """A class with asynchronous methods of its own."""

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.body):
            await turn()
            if self.fails_with is not None:
                raise self.fails_with
            return [[0.5] for _ in texts]

    async def aembed_query(self, text: str) -> list[float]:
        (vector,) = await self.aembed_documents([text])
        return vector


class Hanging(Async):
    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.body):
            await asyncio.get_running_loop().create_future()
        return []


class Wrapped(Embeddings):
    """Embeddings around others, as a cache is."""

    def __init__(self, inner: Embeddings) -> None:
        self.inner = inner

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.inner.body):
            return self.inner.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        with work(self.inner.body):
            return self.inner.embed_query(text)

    async def aembed_query(self, text: str) -> list[float]:
        with work(self.inner.body):
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
    embeddings scripted-1
      http
""")
def embed_documents(probe: Probe) -> None:
    ScriptedEmbeddings(probe).embed_documents(["a", "b"])


@cases()
def embed_query(probe: Probe) -> None:
    ScriptedEmbeddings(probe).embed_query("a")


@cases()
async def aembed_documents(probe: Probe) -> None:
    await Async(probe).aembed_documents(["a", "b"])


@cases()
async def aembed_query(probe: Probe) -> None:
    await Async(probe).aembed_query("a")


@cases()
async def aembed_documents_in_a_thread(probe: Probe) -> None:
    await ScriptedEmbeddings(probe).aembed_documents(["a"])


@cases()
async def aembed_query_in_a_thread(probe: Probe) -> None:
    await ScriptedEmbeddings(probe).aembed_query("a")


@cases("""
    embeddings scripted-1
      http
    embeddings scripted-1
      http
""")
def two_calls(probe: Probe) -> None:
    embeddings = ScriptedEmbeddings(probe)
    embeddings.embed_query("a")
    embeddings.embed_query("b")


@cases()
async def two_calls_at_once(probe: Probe) -> None:
    embeddings = Async(probe)
    await asyncio.gather(embeddings.aembed_query("a"), embeddings.aembed_query("b"))


@cases("""
    embeddings scripted-1 (error ValueError)
      http
""")
def a_failing_call(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedEmbeddings(probe, ValueError("no")).embed_query("a")


@cases()
async def a_failing_call_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await Async(probe, ValueError("no")).aembed_query("a")


@cases()
async def a_failing_call_in_a_thread(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedEmbeddings(probe, ValueError("no")).aembed_query("a")


@cases("""
    embeddings scripted-1 (cancelled)
      http
""")
async def a_cancelled_call(probe: Probe) -> None:
    task = asyncio.create_task(Hanging(probe).aembed_query("a"))
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@cases()
async def a_cancelled_call_in_a_thread(probe: Probe) -> None:
    entered, left = threading.Event(), threading.Event()

    class Blocking(ScriptedEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            with work(self.body):
                entered.set()
                assert left.wait(10)
                return [[0.5] for _ in texts]

    task = asyncio.create_task(Blocking(probe).aembed_query("a"))
    assert await asyncio.to_thread(entered.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left.set()


@cases("")
async def a_call_that_nobody_awaits(probe: Probe) -> None:
    Async(probe).aembed_query("a").close()


@cases("""
    embeddings
      http
        embeddings scripted-1
          http
""")
def embeddings_around_others(probe: Probe) -> None:
    Wrapped(ScriptedEmbeddings(probe)).embed_documents(["a"])


@cases()
async def embeddings_around_others_async(probe: Probe) -> None:
    await Wrapped(Async(probe)).aembed_query("a")


@cases()
async def embeddings_around_others_in_a_thread(probe: Probe) -> None:
    await Wrapped(ScriptedEmbeddings(probe)).aembed_documents(["a"])


@cases("""
    retrieval Searching
      embeddings scripted-1
        http
""")
def in_a_retriever(probe: Probe) -> None:
    Searching(embeddings=ScriptedEmbeddings(probe)).invoke("a")


@cases()
async def in_a_retriever_async(probe: Probe) -> None:
    await Searching(embeddings=Async(probe)).ainvoke("a")


@cases(
    """
    add_documents InMemoryVectorStore
      embeddings scripted-1
        http
    retrieval VectorStoreRetriever
      retrieval InMemoryVectorStore
        embeddings scripted-1
          http
""",
    needs=NUMPY,
)
def in_a_vector_store(probe: Probe) -> None:
    InMemoryVectorStore.from_texts(["a"], ScriptedEmbeddings(probe)).as_retriever().invoke("a")


@cases(needs=NUMPY)
async def in_a_vector_store_async(probe: Probe) -> None:
    store = await InMemoryVectorStore.afrom_texts(["a"], ScriptedEmbeddings(probe))
    await store.as_retriever().ainvoke("a")


@cases("""
    RunnableSequence
      a
        http
      retrieval Searching
        embeddings scripted-1
          http
""")
def in_a_chain(probe: Probe) -> None:
    (RunnableLambda(probe.step("a")) | Searching(embeddings=ScriptedEmbeddings(probe))).invoke("a")


@cases("""
    a
      http
        embeddings scripted-1
          http
""")
def below_a_span_of_the_application(probe: Probe) -> None:
    RunnableLambda(probe.step("a", ScriptedEmbeddings(probe).embed_query)).invoke("a")


@cases.each
def test_a_call_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
