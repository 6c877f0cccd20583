"""Document compressors: LangChain sends no callbacks for them, yet a call's span is current in its body."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from support.cases import Case, Cases, check
from support.models import ScriptedChat, ScriptedRetriever, work
from support.probe import Probe, turn
from support.recording import Recording
from support.stores import AsyncCompressor, ScriptedCompressor

cases = Cases()
DOCUMENTS = [Document("a"), Document("b"), Document("c")]


class Asking(ScriptedCompressor):
    """A compressor that asks a model, with the callbacks that it is given, as those of LangChain do."""

    def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        ScriptedChat(model_name="m", body=self.body).invoke(query, {"callbacks": callbacks})
        return documents


class Pipeline(ScriptedCompressor):
    """Two compressors, one after the other."""

    def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        with work(self.body):
            for each in (ScriptedCompressor(body=self.body), Asking(body=self.body)):
                documents = each.compress_documents(documents, query, callbacks=callbacks)
            return documents


class Hanging(AsyncCompressor):
    async def acompress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Any:
        with work(self.body):
            await asyncio.get_running_loop().create_future()


class Compressing(BaseRetriever):
    """A retriever that compresses what another one finds."""

    inner: Any
    compressor: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
        found = self.inner.invoke(query, {"callbacks": run_manager.get_child()})
        return self.compressor.compress_documents(found, query, callbacks=run_manager.get_child())

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
        found = await self.inner.ainvoke(query, {"callbacks": run_manager.get_child()})
        return await self.compressor.acompress_documents(found, query, callbacks=run_manager.get_child())


def compressing(probe: Probe, compressor: Any) -> Compressing:
    return Compressing(inner=ScriptedRetriever(body=probe), compressor=compressor)


@cases("""
    compress_documents ScriptedCompressor
      http
""")
def a_compressor(probe: Probe) -> None:
    ScriptedCompressor(body=probe).compress_documents(DOCUMENTS, "a")


@cases()
async def a_compressor_in_a_thread(probe: Probe) -> None:
    await ScriptedCompressor(body=probe).acompress_documents(DOCUMENTS, "a")


@cases("""
    compress_documents AsyncCompressor
      http
""")
async def an_asynchronous_compressor(probe: Probe) -> None:
    await AsyncCompressor(body=probe).acompress_documents(DOCUMENTS, "a")


@cases("""
    compress_documents ScriptedCompressor (error ValueError)
      http
""")
def a_failing_compressor(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedCompressor(body=probe, fails_with=ValueError("no")).compress_documents(DOCUMENTS, "a")


@cases()
async def a_failing_compressor_in_a_thread(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedCompressor(body=probe, fails_with=ValueError("no")).acompress_documents(DOCUMENTS, "a")


@cases("""
    compress_documents Hanging (cancelled)
      http
""")
async def a_cancelled_compressor(probe: Probe) -> None:
    task = asyncio.create_task(Hanging(body=probe).acompress_documents(DOCUMENTS, "a"))
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@cases("""
    compress_documents Asking
      chat m
        http
""")
def a_compressor_that_asks_a_model(probe: Probe) -> None:
    Asking(body=probe).compress_documents(DOCUMENTS, "a")


@cases("""
    compress_documents Pipeline
      http
        compress_documents ScriptedCompressor
          http
        compress_documents Asking
          chat m
            http
""")
def compressors_in_a_pipeline(probe: Probe) -> None:
    Pipeline(body=probe).compress_documents(DOCUMENTS, "a")


@cases("""
    retrieval Compressing
      retrieval ScriptedRetriever
        http
      compress_documents Asking
        chat m
          http
""")
def in_a_retriever_whose_run_the_model_is_told_of(probe: Probe) -> None:
    compressing(probe, Asking(body=probe)).invoke("a")


@cases()
async def in_a_retriever_in_a_thread(probe: Probe) -> None:
    await compressing(probe, Asking(body=probe)).ainvoke("a")


@cases.each
def test_a_call_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
