"""LangGraph sends no callbacks for its stores, yet what they do lies under the operation that asked."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from langchain_core.tools import tool
from langgraph.config import get_store
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore, GetOp, PutOp
from langgraph.store.base.batch import AsyncBatchedBaseStore
from langgraph.store.memory import InMemoryStore

from support.cases import Case, Cases, check
from support.models import ScriptedEmbeddings, tool_call, work
from support.probe import Probe, turn
from support.recording import Recording

cases = Cases()
PLACE = ("users", "u-1")


def memory(probe: Probe) -> InMemoryStore:
    return InMemoryStore(index={"dims": 1, "embed": ScriptedEmbeddings(probe)})


class Own(BaseStore):
    """A store of the application's own, with the two methods that it must have."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        with work(self.probe):
            return [None for _ in ops]

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        with work(self.probe):
            await turn()
            return [None for _ in ops]


class InThread(Own):
    """The same, whose asynchronous method runs the synchronous one in a thread that gets no context."""

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(None, self.batch, ops)


class Checked(Own):
    """The same, with an override that calls what it overrides."""

    def put(self, *args: Any, **kwargs: Any) -> None:
        super().put(*args, **kwargs)


class Batching(AsyncBatchedBaseStore):
    """A store that does in one go what many have asked for."""

    def __init__(self, inner: BaseStore) -> None:
        super().__init__()
        self.inner = inner

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        return await self.inner.abatch(ops)


@asynccontextmanager
async def batching(inner: BaseStore) -> AsyncIterator[Batching]:
    store = Batching(inner)
    try:
        yield store
    finally:
        assert store._task is not None
        store._task.cancel()


def graph(node: Any, store: BaseStore) -> Any:
    builder = StateGraph(MessagesState).add_node("recall", node).add_edge(START, "recall")
    return builder.compile(name="g", store=store)


def recall(_: Any, runtime: Runtime[Any]) -> dict[str, Any]:
    assert runtime.store is not None
    runtime.store.search(PLACE, query="tea")
    return {}


async def arecall(_: Any, runtime: Runtime[Any]) -> dict[str, Any]:
    assert runtime.store is not None
    await runtime.store.asearch(PLACE, query="tea")
    return {}


@tool
def remember() -> str:
    """Remember something."""
    get_store().put(PLACE, "tea", {"kind": "oolong"})
    return "done"


@tool
async def aremember() -> str:
    """Remember something."""
    await get_store().aput(PLACE, "tea", {"kind": "oolong"})
    return "done"


def tools(tool: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oldest langgraph.prebuilt imports what it deprecates itself
        from langgraph.prebuilt import ToolNode
    return ToolNode([tool])


@cases("""
    search_memory
      embeddings scripted-1
        http
""")
def a_search(probe: Probe) -> None:
    memory(probe).search(PLACE, query="tea")


@cases()
async def a_search_async(probe: Probe) -> None:
    await memory(probe).asearch(PLACE, query="tea")


@cases()
async def a_search_in_a_batching_store(probe: Probe) -> None:
    async with batching(memory(probe)) as store:
        await store.asearch(PLACE, query="tea")


@cases()
async def a_search_in_a_batching_store_from_a_thread(probe: Probe) -> None:
    async with batching(memory(probe)) as store:
        await asyncio.to_thread(store.search, PLACE, query="tea")


@cases("""
    upsert_memory
      http
""")
def a_put(probe: Probe) -> None:
    Own(probe).put(PLACE, "tea", {})


@cases()
async def a_put_async(probe: Probe) -> None:
    await Own(probe).aput(PLACE, "tea", {})


@cases()
async def a_put_in_a_thread_without_a_context(probe: Probe) -> None:
    await InThread(probe).aput(PLACE, "tea", {})


@cases()
def a_put_that_is_overridden(probe: Probe) -> None:
    Checked(probe).put(PLACE, "tea", {})


@cases("""
    batch_memory
      http
""")
def a_batch(probe: Probe) -> None:
    Own(probe).batch([GetOp(PLACE, "tea"), PutOp(PLACE, "tea", {})])


@cases()
async def a_batch_async(probe: Probe) -> None:
    await Own(probe).abatch([GetOp(PLACE, "tea"), PutOp(PLACE, "tea", {})])


@cases()
async def a_batch_in_a_thread_without_a_context(probe: Probe) -> None:
    await InThread(probe).abatch([GetOp(PLACE, "tea"), PutOp(PLACE, "tea", {})])


@cases()
def a_batch_from_an_iterator(probe: Probe) -> None:
    Own(probe).batch(iter([GetOp(PLACE, "tea")]))


@cases("""
    delete_memory
      http
""")
def a_batch_of_one_kind(probe: Probe) -> None:
    Own(probe).batch([PutOp(PLACE, "tea", None), PutOp(PLACE, "milk", None)])


@cases("""
    invoke_workflow g
      node recall
        search_memory
          embeddings scripted-1
            http
""")
def in_a_node(probe: Probe) -> None:
    graph(recall, memory(probe)).invoke({"messages": []})


@cases()
def in_a_node_streamed(probe: Probe) -> None:
    for _ in graph(recall, memory(probe)).stream({"messages": []}):
        pass


@cases()
async def in_a_node_async(probe: Probe) -> None:
    await graph(arecall, memory(probe)).ainvoke({"messages": []})


@cases()
async def in_a_synchronous_node_async(probe: Probe) -> None:
    await graph(recall, memory(probe)).ainvoke({"messages": []})


@cases()
async def in_a_node_streamed_async(probe: Probe) -> None:
    async for _ in graph(arecall, memory(probe)).astream({"messages": []}):
        pass


@cases()
async def in_a_node_with_a_batching_store(probe: Probe) -> None:
    async with batching(memory(probe)) as store:
        await graph(arecall, store).ainvoke({"messages": []})


@cases()
async def in_a_synchronous_node_with_a_batching_store(probe: Probe) -> None:
    async with batching(memory(probe)) as store:
        await graph(recall, store).ainvoke({"messages": []})


@cases("""
    invoke_workflow g
      node recall
        execute_tool remember
          upsert_memory
            embeddings scripted-1
              http
""")
def in_a_tool(probe: Probe) -> None:
    graph(tools(remember), memory(probe)).invoke({"messages": [tool_call("remember")]})


@cases("""
    invoke_workflow g
      node recall
        execute_tool aremember
          upsert_memory
            embeddings scripted-1
              http
""")
async def in_a_tool_async(probe: Probe) -> None:
    await graph(tools(aremember), memory(probe)).ainvoke({"messages": [tool_call("aremember")]})


@cases("""
    invoke_workflow g
      node recall
        search_memory
        search_memory
        shared memory batch Batching
          embeddings scripted-1
            http
          embeddings scripted-1
            http
""")
async def several_searches_of_one_node(probe: Probe) -> None:
    """What they share lies beside them, in the node."""

    async def node(_: Any) -> dict[str, Any]:
        await asyncio.gather(*(store.asearch(PLACE, query=query) for query in ("tea", "milk")))
        return {}

    async with batching(memory(probe)) as store:
        await graph(node, store).ainvoke({"messages": []})


@cases("""
    invoke_workflow g
      node a
        search_memory
      node b
        search_memory
      shared memory batch Batching
        embeddings scripted-1
          http
""")
async def a_search_in_each_of_two_nodes(probe: Probe) -> None:
    """What they share lies in the graph, and in neither of the nodes."""
    async with batching(memory(probe)) as store:
        builder = StateGraph(MessagesState).add_node("a", arecall).add_node("b", arecall)
        builder.add_edge(START, "a").add_edge(START, "b")
        await builder.compile(name="g", store=store).ainvoke({"messages": []})


@cases("""
    get_memory (error ValueError)
""")
def a_failure(_probe: Probe) -> None:
    class Failing(Own):
        def batch(self, ops: Iterable[Any]) -> list[Any]:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Failing(_probe).get(PLACE, "tea")


@cases("""
    search_memory (cancelled)

""")
async def a_cancelled_search(probe: Probe) -> None:
    arrived = asyncio.Event()

    class Hanging(Own):
        async def abatch(self, ops: Iterable[Any]) -> list[Any]:
            arrived.set()
            await asyncio.get_running_loop().create_future()
            return []

    task = asyncio.create_task(Hanging(probe).asearch(PLACE))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@cases.each
def test_what_a_store_does_lies_under_its_operation(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
