"""Vector stores and indexing: LangChain sends no callbacks, yet a call's span is current in its body."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, api
from langchain_core.runnables import RunnableLambda

from support.cases import Case, Cases, check
from support.models import ScriptedEmbeddings, work
from support.probe import Probe, turn
from support.recording import Recording
from support.stores import AsyncStore, ScriptedStore

cases = Cases()
DOCUMENTS = [Document("a"), Document("b")]


class Around(ScriptedStore):
    """A store in front of another one, such as a cache."""

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        with work(self.body):
            found: list[Document] = self.inner.similarity_search(query, k)  # type: ignore[attr-defined]
            return found


class Embedding(ScriptedStore):
    """A store that embeds what it is asked."""

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> Any:
        ScriptedEmbeddings(self.body).embed_query(query)
        return super().similarity_search_with_score(query, k)


class Hanging(AsyncStore):
    async def asimilarity_search_with_score(self, *args: Any, **kwargs: Any) -> Any:
        with work(self.body):
            await asyncio.get_running_loop().create_future()


def indexed(store: Any) -> Any:
    manager = InMemoryRecordManager("n")
    manager.create_schema()
    return api.index(DOCUMENTS, manager, store, key_encoder="sha256")


async def aindexed(store: Any) -> Any:
    manager = InMemoryRecordManager("n")
    manager.create_schema()
    return await api.aindex(DOCUMENTS, manager, store, key_encoder="sha256")


@cases("""
    retrieval ScriptedStore
      http
""")
def a_search(probe: Probe) -> None:
    ScriptedStore(probe).similarity_search("a")


@cases()
def a_search_with_scores(probe: Probe) -> None:
    ScriptedStore(probe).similarity_search_with_score("a")


@cases()
def a_search_with_relevance_scores(probe: Probe) -> None:
    ScriptedStore(probe).similarity_search_with_relevance_scores("a")


@cases()
def a_search_by_a_vector(probe: Probe) -> None:
    ScriptedStore(probe).similarity_search_by_vector([0.5])


@cases()
def a_search_that_only_this_store_has(probe: Probe) -> None:
    ScriptedStore(probe).similarity_search_with_score_by_vector([0.5])


@cases()
def a_marginal_search(probe: Probe) -> None:
    ScriptedStore(probe).max_marginal_relevance_search("a")


@cases()
def a_marginal_search_by_a_vector(probe: Probe) -> None:
    ScriptedStore(probe).max_marginal_relevance_search_by_vector([0.5])


@cases()
def a_search_of_a_given_type(probe: Probe) -> None:
    ScriptedStore(probe).search("a", "mmr")


@cases()
async def a_search_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).asimilarity_search("a")


@cases()
async def a_search_with_scores_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).asimilarity_search_with_score("a")


@cases()
async def a_search_with_relevance_scores_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).asimilarity_search_with_relevance_scores("a")


@cases()
async def a_search_by_a_vector_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).asimilarity_search_by_vector([0.5])


@cases()
async def a_marginal_search_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).amax_marginal_relevance_search("a")


@cases()
async def a_marginal_search_by_a_vector_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).amax_marginal_relevance_search_by_vector([0.5])


@cases("""
    retrieval AsyncStore
      http
""")
async def an_asynchronous_search(probe: Probe) -> None:
    await AsyncStore(probe).asimilarity_search("a")


@cases("""
    retrieval ScriptedStore (error ValueError)
      http
""")
def a_failing_search(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        ScriptedStore(probe, ValueError("no")).similarity_search("a")


@cases()
async def a_failing_search_in_a_thread(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await ScriptedStore(probe, ValueError("no")).asimilarity_search("a")


@cases("""
    retrieval Hanging (cancelled)
      http
""")
async def a_cancelled_search(probe: Probe) -> None:
    task = asyncio.create_task(Hanging(probe).asimilarity_search("a"))
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@cases("")
async def a_search_that_nobody_awaits(probe: Probe) -> None:
    AsyncStore(probe).asimilarity_search("a").close()


@cases("""
    retrieval AsyncStore
      http
    retrieval AsyncStore
      http
""")
async def two_searches_at_once(probe: Probe) -> None:
    store = AsyncStore(probe)
    await asyncio.gather(store.asimilarity_search("a"), store.asimilarity_search("b"))


@cases("""
    retrieval Around
      http
        retrieval ScriptedStore
          http
""")
def a_store_in_front_of_another(probe: Probe) -> None:
    Around(probe, inner=ScriptedStore(probe)).similarity_search("a")


@cases("""
    retrieval Embedding
      embeddings scripted-1
        http
      http
""")
def a_store_that_embeds(probe: Probe) -> None:
    Embedding(probe).similarity_search("a")


@cases("""
    retrieval VectorStoreRetriever
      retrieval ScriptedStore
        http
""")
def in_a_retriever(probe: Probe) -> None:
    ScriptedStore(probe).as_retriever().invoke("a")


@cases()
async def in_a_retriever_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).as_retriever(search_type="mmr").ainvoke("a")


@cases("""
    step
      http
        retrieval ScriptedStore
          http
""")
def in_a_step_of_the_application(probe: Probe) -> None:
    RunnableLambda(probe.step("step", ScriptedStore(probe).similarity_search)).invoke("a")


@cases("""
    add_documents ScriptedStore
      http
""")
def added_documents(probe: Probe) -> None:
    ScriptedStore(probe).add_documents(DOCUMENTS)


@cases()
def added_texts(probe: Probe) -> None:
    ScriptedStore(probe).add_texts(["a"])


@cases()
def a_store_made_of_texts(probe: Probe) -> None:
    ScriptedStore.from_texts(["a"], None, body=probe)


@cases()
async def documents_added_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).aadd_documents(DOCUMENTS)


@cases()
async def texts_added_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).aadd_texts(["a"])


@cases("""
    add_documents AsyncStore
      http
""")
async def texts_added_asynchronously(probe: Probe) -> None:
    await AsyncStore(probe).aadd_texts(["a"])


@cases("""
    delete_documents ScriptedStore
      http
""")
def deleted_documents(probe: Probe) -> None:
    ScriptedStore(probe).delete(["1"])


@cases()
async def documents_deleted_in_a_thread(probe: Probe) -> None:
    await ScriptedStore(probe).adelete(["1"])


@cases("""
    index_documents ScriptedStore
      add_documents ScriptedStore
        http
""")
def an_index(probe: Probe) -> None:
    indexed(ScriptedStore(probe))


@cases()
async def an_index_in_threads(probe: Probe) -> None:
    await aindexed(ScriptedStore(probe))


@cases("""
    index_documents AsyncStore
      add_documents AsyncStore
        http
""")
async def an_asynchronous_index(probe: Probe) -> None:
    await aindexed(AsyncStore(probe))


@cases.each
def test_a_call_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
