"""OpenInference, which Arize Phoenix reads: what it lacks of spans that follow the GenAI conventions.

Source: the OpenInference semantic conventions. Phoenix itself reads messages, tools, models and request
parameters from the GenAI attributes; these are not repeated.
"""

from __future__ import annotations

import json
from typing import Any, Final

from langspan.conventions import names
from langspan.conventions import vector_stores as own
from langspan.conventions.names import OperationName
from langspan.dialects.facts import MODELS, Facts, present

_KINDS: Final = {
    **dict.fromkeys(MODELS, "LLM"),
    OperationName.EMBEDDINGS: "EMBEDDING",
    OperationName.RETRIEVAL: "RETRIEVER",
    OperationName.EXECUTE_TOOL: "TOOL",
    OperationName.INVOKE_AGENT: "AGENT",
    OperationName.INVOKE_WORKFLOW: "CHAIN",
}
_TOKENS: Final = {
    "llm.token_count.prompt": names.GEN_AI_USAGE_INPUT_TOKENS,
    "llm.token_count.completion": names.GEN_AI_USAGE_OUTPUT_TOKENS,
    "llm.token_count.prompt_details.cache_read": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    "llm.token_count.prompt_details.cache_write": names.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
    "llm.token_count.completion_details.reasoning": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
}


def openinference(facts: Facts) -> dict[str, Any]:
    """Return what a span says in the words of OpenInference.

    Args:
        facts: The span.
    """
    held, metadata = facts.held, facts.metadata
    told = {
        "openinference.span.kind": _kind(facts),
        "session.id": facts.session,
        "user.id": held.get(names.USER_ID),
        "metadata": json.dumps(metadata, ensure_ascii=False) if metadata else None,
        "tag.tags": held.get(names.LANGCHAIN_TAGS),
        "agent.name": held.get(names.GEN_AI_AGENT_NAME),
        "tool.name": held.get(names.GEN_AI_TOOL_NAME),
        "tool.description": held.get(names.GEN_AI_TOOL_DESCRIPTION),
        "reranker.model_name": held.get(own.LANGCHAIN_COMPRESSOR_MODEL),
        "reranker.top_k": held.get(own.LANGSPAN_COMPRESSION_TOP_N),
    }
    for side, content in (("input", facts.content_in()), ("output", facts.content_out())):
        if content is not None:
            told[f"{side}.value"], told[f"{side}.mime_type"] = content
    if facts.counts_tokens:
        told.update(_of_model(facts))
    told.update(_documents(facts))
    return present(told)


def _kind(facts: Facts) -> str:
    if facts.is_evaluation:
        return "EVALUATOR"
    if own.LANGCHAIN_COMPRESSOR_NAME in facts.held:
        return "RERANKER"
    return _KINDS.get(str(facts.operation), "CHAIN")


def _of_model(facts: Facts) -> dict[str, Any]:
    told = {name: facts.held.get(source) for name, source in _TOKENS.items()}
    asked, answered = told["llm.token_count.prompt"], told["llm.token_count.completion"]
    if asked is not None and answered is not None:
        told["llm.token_count.total"] = asked + answered
    is_embedding = facts.operation == OperationName.EMBEDDINGS
    told["embedding.model_name" if is_embedding else "llm.model_name"] = facts.model
    return told


def _documents(facts: Facts) -> dict[str, Any]:
    """Return the texts of documents, if there are as many as ids and scores: those have an order."""
    texts = _list(facts.held.get(names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS))
    known = _list(facts.held.get(names.GEN_AI_RETRIEVAL_DOCUMENTS))
    if known and len(known) != len(texts):
        return {}
    return {
        f"retrieval.documents.{place}.document.content": text
        for place, text in enumerate(texts)
        if isinstance(text, str)
    }


def _list(text: Any) -> list[Any]:
    """Return what is in a JSON text, if it is a list: it may have been cut."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return []
    return value if isinstance(value, list) else []
