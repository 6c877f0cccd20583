"""Document compressors and rerankers: `compress_documents`.

LangChain has no callbacks for them, so the calls themselves are recorded, and the GenAI conventions have no
operation for them. Source: the well-known fields of compressors, and the scores that they leave in metadata.
Only stored values are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.trace import SpanKind

from langspan._events import Call, Graph, Started
from langspan._reading import as_list, class_name, fields_named
from langspan._values import Attributes, as_count, as_model
from langspan.content.renderer import ContentRenderer, Texts
from langspan.conventions import names
from langspan.conventions import vector_stores as own
from langspan.kinds.base import RunKind, RunView, no_content
from langspan.kinds.retrievers import document_texts, retriever_end

COMPRESSOR: Final = "compressor"
"""Under this name the start event of a call holds the compressor."""

_MODELS: Final = ("model", "model_name", "model_id", "model_arn")
_TOP_N: Final = ("top_n", "k")
# A retriever tells the same of its documents; its names are for retrievals only.
_OF_RETRIEVAL: Final = {
    names.LANGSPAN_RETRIEVAL_DOCUMENT_COUNT: own.LANGSPAN_COMPRESSION_OUTPUT_COUNT,
    names.GEN_AI_RETRIEVAL_DOCUMENTS: own.LANGSPAN_COMPRESSION_DOCUMENTS,
}


def compression_start(compressor: object, documents: object) -> Attributes:
    """Return the attributes known before documents are compressed, except the compressor's name. No content.

    Args:
        compressor: A document compressor.
        documents: The documents. They are only counted.
    """
    attributes: Attributes = {}
    model = _model(compressor)
    if model is not None:
        attributes[own.LANGCHAIN_COMPRESSOR_MODEL] = model
    held = fields_named(compressor, _TOP_N)
    top_n = next((count for name in _TOP_N if (count := as_count(held.get(name))) is not None), None)
    if top_n is not None:
        attributes[own.LANGSPAN_COMPRESSION_TOP_N] = top_n
    given = as_list(documents)
    if given is not None:
        attributes[own.LANGSPAN_COMPRESSION_INPUT_COUNT] = len(given)
    return attributes


def compression_end(documents: object) -> Attributes:
    """Return how many documents are left, and their ids and scores. No content.

    Args:
        documents: The documents that a compressor returned.
    """
    return {_OF_RETRIEVAL[name]: value for name, value in retriever_end(documents).items()}


def _model(compressor: object) -> str | None:
    """Return the model that a compressor stores, or that a cross-encoder does which it stores."""
    held = fields_named(compressor, _MODELS)
    for name in _MODELS:
        found = held.get(name)
        model = as_model(found)
        if model is None and found is not None:
            inner = fields_named(found, _MODELS)
            model = next((model for each in _MODELS if (model := as_model(inner.get(each)))), None)
        if model is not None:
            return model
    return None


def _target(event: Started, _call: Call | None, _graph: Graph | None) -> str:
    return class_name(type(event.extra[COMPRESSOR])).rpartition(".")[2]


def _at_start(_run: RunView, event: Started) -> Attributes:
    return compression_start(event.extra[COMPRESSOR], event.payload)


def _at_end(_run: RunView, result: Any) -> Attributes:
    return compression_end(result)


def _content_at_start(renderer: ContentRenderer, event: Started) -> Texts:
    query = event.extra["query"]
    return {own.LANGSPAN_COMPRESSION_QUERY_TEXT: renderer.text(query, "query")}


def _content_at_end(renderer: ContentRenderer, result: Any, _extra: Mapping[str, Any]) -> Texts:
    return {own.LANGSPAN_COMPRESSION_DOCUMENT_TEXTS: renderer.render(document_texts(result), "documents")}


COMPRESSION: Final = RunKind(
    name="compression",
    operation=None,
    prefix="compress_documents",
    span_kind=SpanKind.INTERNAL,
    target_attribute=own.LANGCHAIN_COMPRESSOR_NAME,
    callback=None,
    target=_target,
    provider=None,
    at_start=_at_start,
    at_end=_at_end,
    at_failure=None,
    reported_error=None,
    content_at_start=_content_at_start,
    content_at_end=_content_at_end,
    content_at_failure=no_content,
    metrics=(),
    measure=None,
    counts_as=None,
    is_agent=False,
    is_graph=False,
    sums_at_root=False,
    delegates=False,
    skipped_calls=None,
    has_log_events=False,
)
