"""Long-term memory of an application, in every way it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.runnables import RunnableLambda, RunnableParallel
from langgraph.store.base import BaseStore, GetOp, ListNamespacesOp, PutOp, SearchOp
from langgraph.store.base.batch import AsyncBatchedBaseStore
from langgraph.store.memory import InMemoryStore
from opentelemetry import context as otel
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from support.application.embeddings import Known
from support.application.waiting import cancelled, wait_for_ever

NAMESPACE = ("users", "u-1")


def memory() -> InMemoryStore:
    """A store that embeds what is put and searched for."""
    return InMemoryStore(index={"dims": 2, "embed": Known()})


class Failing(BaseStore):
    """A store of the application's own that does what it must, and fails."""

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        raise ValueError("no")

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        raise ValueError("no")


class Hanging(Failing):
    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        await wait_for_ever()
        return []


class InThread(BaseStore):
    """A store whose asynchronous methods run the synchronous ones in a thread, which gets no context."""

    def __init__(self) -> None:
        self.inner = memory()

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        return self.inner.batch(ops)

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(None, self.batch, ops)


class Batching(AsyncBatchedBaseStore):
    """A store that does in one go what many have asked for."""

    def __init__(self, inner: BaseStore | None = None) -> None:
        super().__init__()
        self.inner = inner or memory()

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        return await self.inner.abatch(ops)


@asynccontextmanager
async def batching(inner: BaseStore | None = None) -> AsyncIterator[Batching]:
    """A batching store whose background task ends."""
    store = Batching(inner)
    try:
        yield store
    finally:
        assert store._task is not None
        store._task.cancel()


def operations() -> list[Any]:
    """One of each."""
    return [
        PutOp(NAMESPACE, "tea", {"text": "oolong"}),
        GetOp(NAMESPACE, "tea"),
        SearchOp(NAMESPACE, query="drink"),
        ListNamespacesOp(),
        PutOp(NAMESPACE, "milk", None),
    ]


def _shown(found: Any) -> Any:
    """What was found, without its times."""
    if isinstance(found, dict):
        return {key: _shown(each) for key, each in found.items()}
    if isinstance(found, list):
        return [_shown(each) for each in found]
    return found if found is None or isinstance(found, tuple) else (found.namespace, found.key, found.value)


def store_every_operation(_config: Any) -> Any:
    store = memory()
    store.put(NAMESPACE, "tea", {"text": "oolong"})
    seen = [store.get(NAMESPACE, "tea"), store.search(NAMESPACE, query="drink"), store.search(("users",))]
    namespaces = store.list_namespaces(prefix=("users",))
    store.delete(NAMESPACE, key="tea")
    return _shown(seen), namespaces, store.get(NAMESPACE, "tea")


async def store_every_operation_async(_config: Any) -> Any:
    store = memory()
    await store.aput(NAMESPACE, "tea", {"text": "oolong"})
    seen = [await store.aget(NAMESPACE, "tea"), await store.asearch(NAMESPACE, query="drink")]
    namespaces = await store.alist_namespaces()
    await store.adelete(NAMESPACE, "tea")
    return _shown(seen), namespaces, await store.aget(NAMESPACE, "tea")


def store_batch(_config: Any) -> Any:
    store = memory()
    return _shown(store.batch(operations())), _shown(store.batch(iter(operations()[1:3])))


async def store_abatch(_config: Any) -> Any:
    return _shown(await memory().abatch(operations()))


def store_fails(_config: Any) -> Any:
    return Failing().get(NAMESPACE, "tea")


async def store_fails_async(_config: Any) -> Any:
    return await Failing().asearch(NAMESPACE, query="drink")


async def store_cancelled(_config: Any) -> Any:
    return await cancelled(Hanging().aget(NAMESPACE, "tea"))


async def store_in_a_thread(_config: Any) -> Any:
    store = InThread()
    await store.aput(NAMESPACE, "tea", {"text": "oolong"})
    return _shown(await store.asearch(NAMESPACE, query="drink"))


async def store_batching(_config: Any) -> Any:
    async with batching() as store:
        await store.aput(NAMESPACE, "tea", {"text": "oolong"})
        found = await _search(store)
        # From another thread, as synchronous nodes do it.
        return _shown(found), _shown(await asyncio.to_thread(store.get, NAMESPACE, "tea"))


async def store_batching_for_many(_config: Any) -> Any:
    async with batching() as store:
        searches = (_search(store, f"drink {number}") for number in range(3))
        return _shown(await asyncio.gather(*searches))


async def store_batching_in_a_chain(_config: Any) -> Any:
    """All that ask are in one trace."""
    async with batching() as store:
        chain = RunnableLambda(lambda _: "no", lambda query: _search(store, query))
        return _shown(await RunnableParallel(a=chain, b=chain).ainvoke("drink"))


async def store_batching_for_two_below_one_span(_config: Any) -> Any:
    """A span of another process is around both that ask."""
    above = SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    token = otel.attach(set_span_in_context(NonRecordingSpan(above)))
    try:
        async with batching() as store:
            chain = RunnableLambda(lambda _: "no", lambda query: _search(store, query))
            return _shown(await asyncio.gather(*(chain.ainvoke("drink") for _ in range(2))))
    finally:
        otel.detach(token)


async def store_batching_fails(_config: Any) -> Any:
    async with batching(Failing()) as store:
        found = await asyncio.gather(*(_search(store) for _ in range(2)), return_exceptions=True)
        return [repr(each) for each in found]


async def store_batching_for_nobody(_config: Any) -> Any:
    """Who asks has told OpenTelemetry to record nothing."""
    async with batching() as store:
        token = otel.attach(otel.set_value("suppress_instrumentation", True))
        try:
            return _shown(await _search(store))
        finally:
            otel.detach(token)


async def _search(store: BaseStore, query: str = "drink") -> Sequence[Any]:
    return await store.asearch(NAMESPACE, query=query)


SCENARIOS = (
    store_every_operation,
    store_every_operation_async,
    store_batch,
    store_abatch,
    store_fails,
    store_fails_async,
    store_cancelled,
    store_in_a_thread,
    store_batching,
    store_batching_for_many,
    store_batching_in_a_chain,
    store_batching_for_two_below_one_span,
    store_batching_fails,
    store_batching_for_nobody,
)
