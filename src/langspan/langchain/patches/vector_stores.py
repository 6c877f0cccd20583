"""Vector stores: LangChain has no callbacks for them, so the calls themselves are recorded.

Each call by the application, a retriever or an indexing has one span. Nested calls on the same store (one way
to search that uses another, an asynchronous method that runs the synchronous one) belong to the first call.
LangChain compares some of these methods on classes, so their wrappers are such that the comparisons hold.
"""

from __future__ import annotations

from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR, iscoroutinefunction
from types import FunctionType, ModuleType
from typing import Any, Final
from uuid import UUID

from langspan._events import Started
from langspan._guard import Guard
from langspan.conventions.vector_stores import SearchType
from langspan.kinds.vector_stores import ADD, DELETE, SEARCH, STORE, STORES
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, Describe, argument, call_started, is_call_of
from langspan.langchain.patches.hooks import VECTOR_SEARCHES
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.method_wrappers import ComparableWrapper
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.recording.recorder import Recorder

_MMR: Final = "max_marginal_relevance_search"
_SIMILARITY: Final = "similarity_search"
_ASYNC: Final = "a"
_BY_VECTOR: Final = "_by_vector"
_GENERATOR: Final = CO_GENERATOR | CO_ASYNC_GENERATOR
"""Searches that yield their documents are not recorded: they end when their caller wants."""
_THRESHOLD: Final = "score_threshold"


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch the methods of `VectorStore`, every override of them, and every other search of its subclasses.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
        module: `langchain_core.vectorstores.base`.
    """
    recorder = handler.recorder
    searches = CallRecorder(ledger, guard, recorder, SEARCH)
    adding, deleting = (CallRecorder(ledger, guard, recorder, kind) for kind in (ADD, DELETE))

    def search(name: str) -> Wrapper:
        plain = name.removeprefix(_ASYNC)
        describe = _searching(recorder, plain)
        return searches.calling(describe) if plain == name else searches.awaiting(describe)

    def variant(name: str, method: FunctionType) -> Wrapper | None:
        plain = name.removeprefix(_ASYNC)
        if not plain.startswith((_SIMILARITY, _MMR)) or method.__code__.co_flags & _GENERATOR:
            return None
        return searches.awaiting(_searching(recorder, plain)) if iscoroutinefunction(method) else search(name)

    documents, texts = (_writing(recorder, parameter) for parameter in ("documents", "texts"))
    ids = _writing(recorder, "ids")
    wrappers = {
        **{name: search(name) for name in VECTOR_SEARCHES},
        "add_documents": adding.calling(documents),
        "add_texts": adding.calling(texts),
        "delete": deleting.calling(ids),
        "aadd_documents": adding.awaiting(documents),
        "aadd_texts": adding.awaiting(texts),
        "adelete": deleting.awaiting(ids),
    }
    wrap_tree(ledger, guard, module.VectorStore, wrappers, variants=variant, make=ComparableWrapper)


def _searching(recorder: Recorder, name: str) -> Describe:
    """Return a function that describes a search by the method of that name."""
    parameter = None if _BY_VECTOR in name else "query"
    plain = SearchType.MMR if name.startswith(_MMR) else SearchType.SIMILARITY

    def describe(run_id: UUID, store: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Started | None:
        if is_call_of(recorder.innermost(), STORE, store, STORES):
            return None
        query = None if parameter is None else argument(args, kwargs, 0, parameter)
        top_k = argument(args, kwargs, 1, "k")
        search_type = plain if kwargs.get(_THRESHOLD) is None else SearchType.SCORE_THRESHOLD
        return call_started(run_id, query, search_type=search_type, top_k=top_k, **{STORE: store})

    return describe


def _writing(recorder: Recorder, parameter: str) -> Describe:
    """Return a function that describes a call that adds or deletes what it is given."""

    def describe(run_id: UUID, store: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Started | None:
        if is_call_of(recorder.innermost(), STORE, store, STORES):
            return None
        return call_started(run_id, argument(args, kwargs, 0, parameter), **{STORE: store})

    return describe
