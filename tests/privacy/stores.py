"""Stores full of canaries, asked in every way there is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from langchain_core.runnables import RunnableLambda
from langgraph.store.base import BaseStore, GetOp, ListNamespacesOp, PutOp, SearchOp
from langgraph.store.base.batch import AsyncBatchedBaseStore
from langgraph.store.memory import InMemoryStore

from privacy.objects import LeakyEmbeddings, leaky_error
from support.canary import canary

PLAIN = ("users", "u-1")
NAMESPACE = ("users", canary("memory_namespace"))
VALUE = {"text": canary("memory_value")}
QUERY = canary("memory_query")


class Lenient(InMemoryStore):
    """A store that takes any namespace: LangGraph's own methods take no period, which a canary has."""

    def get(self, namespace: Any, key: str, **_: Any) -> Any:
        return self.batch([GetOp(namespace, key)])[0]

    def put(self, namespace: Any, key: str, value: Any, *_: Any, **__: Any) -> None:
        self.batch([PutOp(namespace, key, value)])

    def search(self, namespace_prefix: Any, /, *, query: str | None = None, **_: Any) -> Any:
        return self.batch([SearchOp(namespace_prefix, query=query)])[0]

    def list_namespaces(self, **_: Any) -> Any:
        return self.batch([ListNamespacesOp()])[0]

    def delete(self, namespace: Any, key: str) -> None:
        self.batch([PutOp(namespace, key, None)])


class Failing(Lenient):
    """A store that can do nothing."""

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        raise leaky_error()

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        raise leaky_error()


class Batching(AsyncBatchedBaseStore):
    """A store that does in one go what many have asked for."""

    def __init__(self, inner: BaseStore) -> None:
        super().__init__()
        self.inner = inner

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        return await self.inner.abatch(ops)


def remembering(kind: type[Lenient] = Lenient) -> RunnableLambda[str, str]:
    """A step that does everything with a store."""
    store = kind(index={"dims": 2, "embed": LeakyEmbeddings()})

    def remember(key: str) -> str:
        store.put(NAMESPACE, key, VALUE)
        store.get(NAMESPACE, key)
        store.search(NAMESPACE, query=QUERY)
        store.list_namespaces(prefix=NAMESPACE)
        store.batch(every_operation(key))
        store.delete(NAMESPACE, key)
        return key

    async def aremember(key: str) -> str:
        batching = Batching(store)
        try:
            await batching.abatch([PutOp(NAMESPACE, key, VALUE)])
            reads = batching.aget(PLAIN, key), batching.asearch(PLAIN, query=QUERY)
            await asyncio.gather(batching.aput(PLAIN, key, VALUE), *reads)
            await batching.alist_namespaces()
            await batching.abatch(every_operation(key))
            await batching.adelete(PLAIN, key)
        finally:
            assert batching._task is not None
            batching._task.cancel()
        return key

    return RunnableLambda(remember, aremember)


def every_operation(key: str) -> list[Any]:
    """Operations with all that they can hold."""
    secret = canary("memory_filter")
    search = SearchOp(NAMESPACE, query=QUERY, filter={secret: secret})
    return [PutOp(NAMESPACE, key, VALUE), search, GetOp(NAMESPACE, key), ListNamespacesOp()]
