"""Methods that are wrapped behave as before wherever an application does more with them than to call them."""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import inspect
import pickle
import sys
import weakref
from abc import ABCMeta
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

import langspan
from support.models import ScriptedEmbeddings
from support.recording import Recording

METHODS = {
    "embeddings": lambda: ScriptedEmbeddings().embed_query,
    "asynchronous": lambda: ScriptedEmbeddings().aembed_documents,
    "vector store": lambda: InMemoryVectorStore(ScriptedEmbeddings()).similarity_search,
    "store": lambda: InMemoryStore().get,
}
each = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
COPIES: dict[str, Callable[[Any], Any]] = {"copy": copy.copy, "deepcopy": copy.deepcopy}


@each
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_bound_method_can_be_copied(method: Any, copied: Any, traced: Recording) -> None:
    bound = method()
    assert type(copied(bound).__self__) is type(bound.__self__)
    assert (copied(bound).__self__ is bound.__self__) is (copied is copy.copy)


@pytest.mark.parametrize("name", ["embed_query", "aembed_documents"])
def test_a_bound_method_can_be_pickled_and_read_elsewhere(name: str, traced: Recording) -> None:
    read = pickle.loads(pickle.dumps(getattr(ScriptedEmbeddings(), name)))
    assert read.__name__ == name
    assert type(read.__self__) is ScriptedEmbeddings


@each
def test_a_method_can_be_what_another_function_wraps(method: Any, traced: Recording) -> None:
    bound = method()
    for function in (bound, getattr(type(bound.__self__), bound.__name__)):
        assert function.__name__ == functools.wraps(function)(lambda: None).__name__


@each
def test_a_function_of_a_class_can_be_pickled(method: Any, traced: Recording) -> None:
    bound = method()
    function = getattr(type(bound.__self__), bound.__name__)
    assert pickle.loads(pickle.dumps(function)) == function


def test_a_runnable_of_a_method_can_be_copied(traced: Recording) -> None:
    made = copy.deepcopy(RunnableLambda(ScriptedEmbeddings().embed_query))
    assert made.invoke("tea")
    assert ["embed_query/embeddings scripted-1"] == [path for path in traced.paths() if "/" in path]


class Bare(VectorStore):
    """A vector store that finds nothing."""

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Any]:
        return []

    @classmethod
    def from_texts(cls, texts: Any, embedding: Any, metadatas: Any = None, **kwargs: Any) -> Any:
        return cls()


def _told(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


IS_A_METHOD = pytest.mark.skipif(sys.version_info >= (3, 14), reason="it is a method from Python 3.14 on")
NOT_METHODS: dict[str, Any] = {
    "partial": pytest.param(functools.partial(_told, 1), ((1, ["d1"]), {}), marks=IS_A_METHOD),
    "static": (staticmethod(_told), ((["d1"],), {})),
    "mock": (MagicMock(side_effect=_told), ((["d1"],), {})),
}


@pytest.mark.filterwarnings("ignore:functools.partial will be a method:FutureWarning")
@pytest.mark.parametrize(("given", "expected"), NOT_METHODS.values(), ids=NOT_METHODS)
def test_what_is_no_method_gets_the_arguments_of_its_call(
    given: Any, expected: Any, traced: Recording
) -> None:
    made = type("Made", (Bare,), {"delete": given})
    assert expected == made().delete(["d1"])
    assert vars(made)["delete"] is given


def test_a_method_of_a_class_gets_its_class(traced: Recording) -> None:
    made = type("Made", (Bare,), {"delete": classmethod(_told)})
    assert ((made, ["d1"]), {}) == made.delete(["d1"]) == made().delete(["d1"])


def test_what_was_none_stays_none(traced: Recording) -> None:
    assert type("Made", (Bare,), {"delete": None}).delete is None


def test_a_method_takes_its_instance_by_name(traced: Recording) -> None:
    assert [] == Bare.similarity_search(self=Bare(), query="q")


class Eager(InMemoryStore):
    """A store that writes at once, whether anybody waits for it or not."""

    def aput(self, *args: Any, **kwargs: Any) -> Any:
        return asyncio.ensure_future(super().aput(*args, **kwargs))


async def test_a_method_that_starts_a_task_starts_it_when_it_is_called(traced: Recording) -> None:
    store = Eager()
    writing = store.aput(("a",), "k", {"v": 1})
    assert isinstance(writing, asyncio.Future)
    await asyncio.wait([writing])
    assert store.get(("a",), "k") is not None
    assert ["upsert_memory", "get_memory"] == [span.name for span in traced.spans]


async def test_a_method_that_returns_a_coroutine_is_recorded_while_that_runs(traced: Recording) -> None:
    class Decorated(InMemoryStore):
        @functools.wraps(InMemoryStore.aget)
        def aget(self, *args: Any, **kwargs: Any) -> Any:
            return InMemoryStore.aget(self, *args, **kwargs)

    assert await Decorated().aget(("a",), "k") is None
    assert inspect.iscoroutinefunction(InMemoryStore.aget)
    assert ["get_memory"] == [span.name for span in traced.spans]


BASES = {"embeddings": Embeddings, "vector store": VectorStore, "store": BaseStore}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_a_class_made_at_run_time_can_be_freed(base: type, traced: Recording) -> None:
    names = ("embed_query", "similarity_search", "batch")
    made = [
        weakref.ref(type("Made", (base,), {name: lambda self, *_: super(type(self), self) for name in names}))
        for _ in range(5)
    ]
    gc.collect()
    assert [] == [ref() for ref in made if ref() is not None]


def test_a_class_that_takes_no_patch_costs_only_its_own_spans(recording: Recording) -> None:
    class Closed(ABCMeta):
        def __setattr__(cls, name: str, value: Any) -> None:
            if name == "similarity_search":
                raise TypeError(name)
            super().__setattr__(name, value)

    kept = [Closed(f"Closed{n}", (Bare,), {"similarity_search": Bare.similarity_search}) for n in range(9)]
    langspan.instrument(tracer_provider=recording.provider)
    try:
        InMemoryVectorStore(ScriptedEmbeddings()).similarity_search("q")
        later = type("Later", (Bare,), {"similarity_search": lambda *_: []})
        later().similarity_search("q")
    finally:
        langspan.uninstrument()
    names = {span.name.partition(" ")[0] for span in recording.spans}
    found = [span.name for span in recording.spans if span.name.startswith("retrieval")]
    assert {"retrieval", "embeddings"} == names
    assert ["retrieval InMemoryVectorStore", "retrieval Later"] == found
    assert kept.pop()
    kept.clear()
    gc.collect()  # other tests could not patch them either
