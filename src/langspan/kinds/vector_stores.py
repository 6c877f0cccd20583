"""Vector stores: searches as `retrieval`, and what adds to a store, deletes from it, or indexes into it.

LangChain has no callbacks for them, so the calls themselves are recorded. Source: OpenTelemetry GenAI
conventions (retrieval span), which say nothing of writing; the fields in which stores keep their embeddings;
`langchain_core.indexing.IndexingResult`. Only stored values are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, Graph, Started
from langspan._reading import as_list, bases, class_module, class_name, fields_named
from langspan._values import Attributes, as_count, as_mapping, as_str
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import metrics, names
from langspan.conventions import vector_stores as own
from langspan.conventions.measurements import Measurement, measured
from langspan.kinds.base import RunKind, RunView, no_content
from langspan.kinds.embeddings import embeddings_model, embeddings_provider
from langspan.kinds.retrievers import document_texts, retriever_end

STORE: Final = "store"
_CLEANUPS: Final = frozenset({"incremental", "full", "scoped_full"})
"""LangChain's; anything else is refused."""
"""Under this name the start event of each of these calls holds the store."""

_EMBEDDINGS: Final = (
    "embedding",
    "embeddings",
    "_embedding",
    "_embeddings",
    "embedding_function",
    "_embedding_function",
    "embedding_service",
)
_COUNTS: Final = {
    "num_added": own.LANGSPAN_INDEXING_ADDED_COUNT,
    "num_updated": own.LANGSPAN_INDEXING_UPDATED_COUNT,
    "num_skipped": own.LANGSPAN_INDEXING_SKIPPED_COUNT,
    "num_deleted": own.LANGSPAN_INDEXING_DELETED_COUNT,
}


def store_start(store: object, *, top_k: object = None, search_type: str | None = None) -> Attributes:
    """Return the attributes of a search known before it is made, except the store's name. No content.

    Args:
        store: A vector store.
        top_k: The number of documents that the call asks for, if it says so.
        search_type: The kind of search, as LangChain's retrievers spell it.
    """
    attributes: Attributes = {}
    if search_type is not None:
        attributes[own.LANGCHAIN_VECTOR_STORE_SEARCH_TYPE] = search_type
    count = as_count(top_k)
    if count is not None:
        attributes[names.GEN_AI_RETRIEVAL_TOP_K] = count
    model = embeddings_model(_embeddings(store))
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    return attributes


def indexing_end(result: object) -> Attributes:
    """Return what became of the documents that were indexed.

    Args:
        result: An `IndexingResult`.
    """
    counts = as_mapping(result)
    found = {name: as_count(counts.get(key)) for key, name in _COUNTS.items()}
    return {name: count for name, count in found.items() if count is not None}


def _embeddings(store: object) -> object:
    """Return the embeddings that a store keeps under a well-known name; None if there are none."""
    held = fields_named(store, _EMBEDDINGS)
    return next((found for name in _EMBEDDINGS if _is_embeddings(found := held.get(name))), None)


def _is_embeddings(value: object) -> bool:
    return any(
        class_name(cls) == "Embeddings" and class_module(cls).startswith("langchain_core.")
        for cls in bases(type(value))
    )


def _target(event: Started, _call: Call | None, _graph: Graph | None) -> str:
    return class_name(type(event.extra[STORE])).rpartition(".")[2]


def _provider(event: Started) -> str | None:
    return embeddings_provider(_embeddings(event.extra[STORE]))


def _search_start(_run: RunView, event: Started) -> Attributes:
    extra = event.extra
    return store_start(extra[STORE], top_k=extra["top_k"], search_type=extra["search_type"])


def _search_end(_run: RunView, result: Any) -> Attributes:
    return retriever_end(result)


def _search_content(renderer: ContentRenderer, event: Started) -> Texts:
    # A search by a vector has no text.
    query = event.payload
    return {} if query is None else {names.GEN_AI_RETRIEVAL_QUERY_TEXT: renderer.text(query, "query")}


def _found_content(renderer: ContentRenderer, result: Any, _extra: Mapping[str, Any]) -> Texts:
    return {names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: renderer.render(document_texts(result), "documents")}


def _measure(_run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    return [measured(metrics.OPERATION_DURATION, seconds, attributes)]


def _write_start(_run: RunView, event: Started) -> Attributes:
    # Only lists are counted: an iterator must not be consumed.
    given = as_list(event.payload)
    return {} if given is None else {own.LANGSPAN_INDEXING_DOCUMENT_COUNT: len(given)}


def _add_end(_run: RunView, ids: Any) -> Attributes:
    added = as_list(ids)
    return {} if added is None else {own.LANGSPAN_INDEXING_ADDED_COUNT: len(added)}


def _index_start(_run: RunView, event: Started) -> Attributes:
    cleanup = as_str(event.extra["cleanup"])
    return {} if cleanup not in _CLEANUPS else {own.LANGCHAIN_INDEXING_CLEANUP: cleanup}


def _index_end(_run: RunView, result: Any) -> Attributes:
    return indexing_end(result)


SEARCH: Final = RunKind(
    name="vector_search",
    operation=names.OperationName.RETRIEVAL,
    prefix=names.OperationName.RETRIEVAL,
    span_kind=SpanKind.CLIENT,
    target_attribute=names.LANGCHAIN_VECTOR_STORE,
    callback=None,
    target=_target,
    provider=_provider,
    at_start=_search_start,
    at_end=_search_end,
    at_failure=None,
    reported_error=None,
    content_at_start=_search_content,
    content_at_end=_found_content,
    content_at_failure=no_content,
    metrics=(metrics.OPERATION_DURATION,),
    measure=_measure,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=True,
    skipped_calls=None,
    has_log_events=False,
)
ADD: Final = replace(
    SEARCH,
    name="vector_add",
    operation=None,
    prefix="add_documents",
    provider=None,
    at_start=_write_start,
    at_end=_add_end,
    # What is stored is not repeated in a trace.
    content_at_start=no_content,
    content_at_end=no_content,
    metrics=(),
    measure=None,
    delegates=False,
)
DELETE: Final = replace(ADD, name="vector_delete", prefix="delete_documents", at_end=None)
INDEXING: Final = replace(
    ADD,
    name="indexing",
    prefix="index_documents",
    span_kind=SpanKind.INTERNAL,
    at_start=_index_start,
    at_end=_index_end,
)
STORES: Final = (SEARCH, ADD, DELETE)
"""The kinds of run that are calls of a vector store itself."""
KINDS: Final = (*STORES, INDEXING)
