"""Retrievers: LangChain makes no context for their body, yet their span is current in it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import VectorStore

from support.capabilities import OLD_STREAMS
from support.cases import Case, Cases, check
from support.models import ScriptedRetriever, work
from support.probe import Probe
from support.recording import Recording

cases = Cases()


class SyncRetriever(BaseRetriever):
    """A retriever without an asynchronous search of its own."""

    body: Any = None

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        with work(self.body):
            return []


class Ensemble(BaseRetriever):
    """A retriever that asks another one, with its own run as the parent."""

    inner: BaseRetriever
    body: Any = None

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        with work(self.body):
            return self.inner.invoke(query, config={"callbacks": run_manager.get_child()})

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        with work(self.body):
            return await self.inner.ainvoke(query, config={"callbacks": run_manager.get_child()})


class Store(VectorStore):
    """A vector store that opens an application span around each search."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    @classmethod
    def from_texts(cls, texts: Any, embedding: Any, metadatas: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        with work(self.probe):
            return [Document("text")]


@cases("""
    retrieval ScriptedRetriever
      http
""")
def invoke(probe: Probe) -> None:
    ScriptedRetriever(body=probe).invoke("?")


@cases()
async def ainvoke(probe: Probe) -> None:
    await ScriptedRetriever(body=probe).ainvoke("?")


@cases("""
    retrieval SyncRetriever
      http
""")
async def ainvoke_of_a_sync_retriever(probe: Probe) -> None:
    await SyncRetriever(body=probe).ainvoke("?")


@cases("""
    retrieval ScriptedRetriever
      http
    retrieval ScriptedRetriever
      http
""")
def batch(probe: Probe) -> None:
    ScriptedRetriever(body=probe).batch(["1", "2"])


@cases()
async def abatch(probe: Probe) -> None:
    await ScriptedRetriever(body=probe).abatch(["1", "2"])


@cases("""
    retrieval ScriptedRetriever
      http
""")
def stream(probe: Probe) -> None:
    probe.consume(ScriptedRetriever(body=probe).stream("?"))


@cases()
async def astream(probe: Probe) -> None:
    await probe.aconsume(ScriptedRetriever(body=probe).astream("?"))


@cases()
async def astream_events_v2(probe: Probe) -> None:
    await probe.aconsume(ScriptedRetriever(body=probe).astream_events("?", version="v2"))


@cases(marks=(OLD_STREAMS,))
async def astream_log(probe: Probe) -> None:
    await probe.aconsume(ScriptedRetriever(body=probe).astream_log("?"))


@cases("""
    retrieval ScriptedRetriever (error ValueError)
      http
""")
def a_failing_search(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedRetriever(body=probe, fails_with=ValueError("no")).invoke("?")


@cases()
async def a_failing_search_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedRetriever(body=probe, fails_with=ValueError("no")).ainvoke("?")


@cases("""
    retrieval VectorStoreRetriever
      retrieval Store
        http
""")
def vector_store(probe: Probe) -> None:
    Store(probe).as_retriever().invoke("a")


@cases()
async def vector_store_async(probe: Probe) -> None:
    await Store(probe).as_retriever().ainvoke("a")


@cases("""
    retrieval Ensemble
      http
        retrieval ScriptedRetriever
          http
""")
def a_retriever_in_a_retriever(probe: Probe) -> None:
    Ensemble(inner=ScriptedRetriever(body=probe), body=probe).invoke("?")


@cases()
async def a_retriever_in_a_retriever_async(probe: Probe) -> None:
    await Ensemble(inner=ScriptedRetriever(body=probe), body=probe).ainvoke("?")


@cases("""
    RunnableSequence
      a
        http
      retrieval ScriptedRetriever
        http
""")
def in_a_chain(probe: Probe) -> None:
    (RunnableLambda(probe.step("a")) | ScriptedRetriever(body=probe)).invoke("?")


@cases()
async def in_a_chain_async(probe: Probe) -> None:
    await (RunnableLambda(probe.astep("a")) | ScriptedRetriever(body=probe)).ainvoke("?")


@cases("""
    retrieval Logged
      http
""")
def a_retriever_class_that_overrides_invoke(probe: Probe) -> None:
    class Logged(ScriptedRetriever):
        def invoke(self, *args: Any, **kwargs: Any) -> list[Document]:
            return super().invoke(*args, **kwargs)

    Logged(body=probe).invoke("?")


@cases.each
def test_a_search_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
