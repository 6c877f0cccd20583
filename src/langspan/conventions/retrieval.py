"""Retriever runs: `gen_ai.retrieval.*`.

Source: OpenTelemetry GenAI conventions (retrieval span); LangChain's retriever callbacks and documents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from langspan.conventions import names
from langspan.conventions._values import Attributes, as_count, as_float, as_id, as_mapping, as_model, as_str
from langspan.conventions.providers import class_provider

_MAX_DOCUMENTS: Final = 100
_TOP_K: Final = ("k", "top_k", "top_k_results", "number_of_results")
_SCORES: Final = ("relevance_score", "score", "_score", "similarity_score")


def retriever_start(
    *,
    serialized: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    name: str | None = None,
    fields: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Attributes:
    """Return what is known of a retriever run before it runs, without the query.

    Args:
        serialized: The retriever's `serialized`; None for every retriever of today.
        metadata: Metadata of the start event (`ls_retriever_name` and its neighbours).
        name: The run's name, used when the metadata has no retriever name.
        fields: What the retriever holds (`search_kwargs`, `k`); only counts of documents are looked at.
        arguments: Keywords of the call, which go before.
    """
    meta = as_mapping(metadata)
    attributes: Attributes = {}
    retriever = (
        as_str(meta.get("ls_retriever_name")) or as_str(name) or as_str(as_mapping(serialized).get("name"))
    )
    if retriever is not None:
        attributes[names.LANGCHAIN_RETRIEVER_NAME] = retriever
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
    """How many documents are asked for, as vector stores and the community's retrievers spell it."""
    for source in (arguments, as_mapping(fields.get("search_kwargs")), fields):
        for key in _TOP_K:
            if key in source and (count := as_count(source[key])) is not None:
                return count
    return None


def retriever_end(documents: object) -> Attributes:
    """Return how many documents came back, and their ids and scores; no text and no other metadata.

    Args:
        documents: What `on_retriever_end` receives.
    """
    if not isinstance(documents, list | tuple):
        return {}
    attributes: Attributes = {names.LANGSPAN_RETRIEVAL_DOCUMENT_COUNT: len(documents)}
    known = [fields for document in documents[:_MAX_DOCUMENTS] if (fields := _document(document))]
    if known:
        attributes[names.GEN_AI_RETRIEVAL_DOCUMENTS] = json.dumps(
            known, ensure_ascii=False, separators=(",", ":")
        )
    return attributes


def document_texts(documents: object) -> list[str]:
    """Return the text of each document, in order. This is content: record it only where content is on.

    Args:
        documents: What `on_retriever_end` receives.
    """
    if not isinstance(documents, list | tuple):
        return []  # nothing that reading could use up
    texts = (getattr(document, "page_content", None) for document in documents)
    return [text if isinstance(text, str) else "" for text in texts]


def _document(document: object) -> dict[str, str | float]:
    metadata = as_mapping(getattr(document, "metadata", None))
    fields: dict[str, str | float] = {}
    identity = as_id(getattr(document, "id", None))
    if identity is not None:
        fields["id"] = identity
    for key in _SCORES:
        score = as_float(metadata.get(key))
        if score is not None:
            fields["score"] = score
            break
    return fields
