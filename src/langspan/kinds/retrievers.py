"""Retrievers: `retrieval`.

Source: OpenTelemetry GenAI conventions (retrieval span); LangChain's retriever callbacks and documents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, CallbackType, Graph, Started
from langspan._reading import as_list, as_text, fields_named, stored
from langspan._values import Attributes, as_count, as_float, as_id, as_mapping, as_model, as_str
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import metrics, names
from langspan.conventions.measurements import Measurement, measured
from langspan.kinds.base import RunKind, RunView, no_content, run_name
from langspan.providers.names import class_provider

_MAX_DOCUMENTS: Final = 100
_TOP_K: Final = ("k", "top_k", "top_k_results", "number_of_results")
_OF_DOCUMENT: Final = ("id", "metadata", "state")
_SCORES: Final = ("relevance_score", "score", "_score", "similarity_score")
# Of documents of langchain-classic's own, which hold more than metadata.
_SCORE_OF_STATE: Final = "query_similarity_score"


def _target(event: Started, call: Call | None, _graph: Graph | None) -> str | None:
    """The retriever's own name, where it was seen: the event has the name that the call gave instead."""
    return run_name(event) if call is None else as_str(call.own_name)


def _at_start(run: RunView, event: Started) -> Attributes:
    call = run.call
    if call is None:
        return retriever_start(event.metadata)
    return retriever_start(event.metadata, fields=call.fields, arguments=call.arguments)


def retriever_start(
    metadata: Mapping[str, Any] | None,
    *,
    fields: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Attributes:
    """Return the attributes of a retriever run known at its start, except its name. No content.

    Args:
        metadata: Metadata of the start event (`ls_vector_store_provider`, `ls_embedding_provider`,
            `ls_embedding_model`).
        fields: The retriever's stored fields; only document counts (`k`, `search_kwargs`, ...) are read.
        arguments: Keyword arguments of the call, which take precedence over the fields.
    """
    meta = as_mapping(metadata)
    attributes: Attributes = {}
    store = as_str(meta.get("ls_vector_store_provider"))
    if store is not None:
        attributes[names.LANGCHAIN_VECTOR_STORE] = store
    provider = class_provider(meta.get("ls_embedding_provider"))
    if provider is not None:
        attributes[names.GEN_AI_PROVIDER_NAME] = provider
    model = as_model(meta.get("ls_embedding_model"))
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    top_k = _top_k(as_mapping(fields), as_mapping(arguments))
    if top_k is not None:
        attributes[names.GEN_AI_RETRIEVAL_TOP_K] = top_k
    return attributes


def _top_k(fields: Mapping[str, Any], arguments: Mapping[str, Any]) -> int | None:
    """Return the requested number of documents, as vector stores and community retrievers spell it."""
    for source in (arguments, as_mapping(fields.get("search_kwargs")), fields):
        for key in _TOP_K:
            if key in source and (count := as_count(source[key])) is not None:
                return count
    return None


def retriever_end(documents: object) -> Attributes:
    """Return the number of documents, and their ids and scores. No content.

    Args:
        documents: What `on_retriever_end` receives, or a vector store returns: documents, each alone or in a
            tuple with its score.
    """
    found = as_list(documents)
    if found is None:
        return {}
    attributes: Attributes = {names.LANGSPAN_RETRIEVAL_DOCUMENT_COUNT: len(found)}
    known = [fields for document in found[:_MAX_DOCUMENTS] if (fields := _document(document))]
    if known:
        attributes[names.GEN_AI_RETRIEVAL_DOCUMENTS] = json.dumps(
            known, ensure_ascii=False, separators=(",", ":")
        )
    return attributes


def document_texts(documents: object) -> list[str]:
    """Return the text of each document, in order. This is content.

    Args:
        documents: As for `retriever_end`.
    """
    # An iterator must not be consumed, nor a sequence of the application's own be read.
    found = as_list(documents) or ()
    alone = (each[0] if type(each) is tuple and each else each for each in found)
    return [as_text(stored(document, "page_content")) or "" for document in alone]


def _document(found: Any) -> dict[str, str | float]:
    document = found[0] if type(found) is tuple and found else found
    held = fields_named(document, _OF_DOCUMENT)
    metadata = as_mapping(held.get("metadata"))
    fields: dict[str, str | float] = {}
    identity = as_id(held.get("id"))
    if identity is not None:
        fields["id"] = identity
    if document is not found and len(found) > 1 and (score := as_float(found[1])) is not None:
        fields["score"] = score
        return fields
    for key in _SCORES:
        if key in metadata and (score := as_float(metadata[key])) is not None:
            fields["score"] = score
            return fields
    if "state" in held and (score := as_float(as_mapping(held["state"]).get(_SCORE_OF_STATE))) is not None:
        fields["score"] = score
    return fields


def _at_end(_run: RunView, result: Any) -> Attributes:
    return retriever_end(result)


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    return {names.GEN_AI_RETRIEVAL_QUERY_TEXT: renderer.text(event.payload, "query")}


def _content_at_end(renderer: ContentRenderer, result: Any, _extra: Mapping[str, Any]) -> Texts:
    return {names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: renderer.render(document_texts(result), "documents")}


def _measure(_run: RunView, attributes: Attributes, seconds: float, _latest: bool) -> list[Measurement]:
    return [measured(metrics.OPERATION_DURATION, seconds, attributes)]


RETRIEVER: Final = RunKind(
    name="retrieval",
    operation=names.OperationName.RETRIEVAL,
    prefix=names.OperationName.RETRIEVAL,
    span_kind=SpanKind.CLIENT,
    target_attribute=names.LANGCHAIN_RETRIEVER_NAME,
    callback=CallbackType.RETRIEVER,
    target=_target,
    provider=None,
    at_start=_at_start,
    at_end=_at_end,
    at_failure=None,
    reported_error=None,
    content_at_start=_content_at_start,
    content_at_end=_content_at_end,
    content_at_failure=no_content,
    metrics=(metrics.OPERATION_DURATION,),
    measure=_measure,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)
