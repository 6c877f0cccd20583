"""The metadata of a model's response, without the answer itself: `gen_ai.response.*`.

Source: OpenTelemetry GenAI conventions (inference span); the data that LangChain's provider packages put into
`response_metadata`, `generation_info` and `llm_output`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from langspan._reading import is_text, stored
from langspan._values import Attributes, as_float, as_mapping, as_model, as_str, is_present
from langspan.conventions import names
from langspan.providers.llm_result import (
    Answer,
    Choice,
    backend_of,
    choice_of,
    undo_repeated_chunks,
)

# LangChain generates ids with these prefixes if the provider sent none.
_GENERATED_ID_PREFIXES: Final = ("lc_", "run-")
_REASONS: Final = ("finish_reason", "stop_reason", "stopReason", "done_reason", "finishReason")
# The Responses API has a status instead of a finish reason, and a cause for an incomplete answer.
_INCOMPLETE: Final[Mapping[str, str]] = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
_OPENAI_METADATA: Final = (
    ("service_tier", names.OPENAI_RESPONSE_SERVICE_TIER),
    ("system_fingerprint", names.OPENAI_RESPONSE_SYSTEM_FINGERPRINT),
)
_OPENAI_BACKENDS: Final = frozenset({None, "openai", "azure", "azure_openai"})
_OPENAI_PROVIDERS: Final = frozenset({None, "openai", "azure.ai.openai"})
# Packages that report the requested model as the response model.
_ECHOES_IN_STREAMS: Final = frozenset({"groq", "fireworks", "bedrock_converse", "huggingface"})
_ECHOES: Final = _ECHOES_IN_STREAMS | {"mistralai"}


def model_response(answer: Answer, provider: str | None = None) -> Attributes:
    """Return the response attributes of an answer; unknown values are omitted.

    Args:
        answer: The answer, or the part of it that arrived.
        provider: `gen_ai.provider.name` of the request, if known. It is needed because any subclass of
            OpenAI's model class reports OpenAI as its `model_provider`.
    """
    choices, output = answer
    if not choices:
        return {}
    attributes: Attributes = {}
    choice = choices[0]
    if len(choices) > 1 and "model_provider" not in output:
        output = {}  # LangChain combined it from the request
    if choice.message is None:
        _add_completion(attributes, choice, output)
    else:
        _add_chat(attributes, choice, choice.message, output, provider)
    reasons = list(map(reason_of, choices))
    if None not in reasons:
        attributes[names.GEN_AI_RESPONSE_FINISH_REASONS] = reasons  # type: ignore[assignment]
    return attributes


def told_response(told: Mapping[str, str], provider: str | None = None) -> Attributes:
    """Return the response attributes of what the provider sent, where an `LLMResult` lacks them.

    Args:
        told: Fields of the provider's answer, by the names that OpenAI gives them.
        provider: `gen_ai.provider.name` of the request, if known.
    """
    attributes: Attributes = {}
    response_id, model = told.get("id"), as_model(told.get("model"))
    if response_id is not None:
        attributes[names.GEN_AI_RESPONSE_ID] = response_id
    if model is not None:
        attributes[names.GEN_AI_RESPONSE_MODEL] = model
    if provider in _OPENAI_PROVIDERS:
        attributes.update({attribute: told[key] for key, attribute in _OPENAI_METADATA if key in told})
        _add_openai_api(attributes, {}, response_id or "")
    return attributes


def is_cache_hit(answer: Answer) -> bool:
    """Return whether LangChain answered from its own cache, so that no tokens were used.

    LangChain marks such a message with `total_cost: 0` beside the original token counts.
    """
    for _, message, *_ in answer.choices:
        usage = None if message is None else message.get("usage_metadata")
        usage = usage if type(usage) is dict else as_mapping(usage)
        if "total_cost" in usage:
            return as_float(usage["total_cost"]) == 0
    return False


def finish_reason(generation: object) -> str | None:
    """Return the finish reason of one generation, as the provider spells it; None if it sent none."""
    return reason_of(choice_of(generation))


def reason_of(choice: Choice) -> str | None:
    """Return the finish reason of one choice, as the provider spells it; None if it sent none."""
    _, message, metadata, info, is_streamed = choice
    reason = _first_reason(metadata) if metadata else None
    if reason is None and info:
        reason = _first_reason(info)
    if reason is None:
        return _from_status(metadata, message) if "status" in metadata else None
    if type(reason) is not str and _is_plain_enum(reason):
        reason = stored(reason, "_name_")
    text = as_str(reason)
    return undo_repeated_chunks(text) if text and is_streamed else text


def _add_chat(
    attributes: Attributes,
    choice: Choice,
    message: Mapping[str, Any],
    output: Mapping[str, Any],
    provider: str | None,
) -> None:
    metadata, streamed = choice.metadata, choice.is_streamed
    if output and "model_name" not in metadata:
        metadata = {**output, **metadata}  # metadata shared by several choices is there only
    response_id = _response_id(metadata.get("id"), message.get("id"), output.get("id"))
    if response_id is not None:
        attributes[names.GEN_AI_RESPONSE_ID] = response_id
    content = message.get("content")
    if type(content) is list and _is_compacted(content):
        attributes[names.GEN_AI_CONVERSATION_COMPACTED] = True
    if not metadata:
        return
    backend = backend_of(metadata)
    model = as_model(as_str(metadata.get("model_name")) or metadata.get("model"))
    echoes = _ECHOES_IN_STREAMS if streamed else _ECHOES
    if model is not None and (backend or provider) not in echoes:
        attributes[names.GEN_AI_RESPONSE_MODEL] = undo_repeated_chunks(model) if streamed else model
    if provider in _OPENAI_PROVIDERS and backend in _OPENAI_BACKENDS:
        for key, attribute in _OPENAI_METADATA:
            value = metadata.get(key)
            if value is not None and (text := as_str(value)) is not None:
                attributes[attribute] = undo_repeated_chunks(text) if streamed else text
        _add_openai_api(attributes, metadata, response_id or "")


def _is_compacted(content: list[Any]) -> bool:
    """Return whether an answer contains the provider's summary of the conversation until then."""
    return any(
        block.get("type") == "compaction" or as_mapping(block.get("value")).get("type") == "compaction"
        for block in map(as_mapping, content)
    )


def _add_openai_api(attributes: Attributes, metadata: Mapping[str, Any], response_id: str) -> None:
    """Add `openai.api.type`: OpenAI's two APIs differ in their ids, and only one has finish reasons."""
    from_package = metadata.get("model_provider") is not None
    if response_id.startswith("resp_"):
        attributes[names.OPENAI_API_TYPE] = names.OpenAIApi.RESPONSES
    elif response_id.startswith("chatcmpl-") or (from_package and is_present(metadata.get("finish_reason"))):
        attributes[names.OPENAI_API_TYPE] = names.OpenAIApi.CHAT_COMPLETIONS


def _add_completion(attributes: Attributes, choice: Choice, output: Mapping[str, Any]) -> None:
    """Add a completion's id; its `llm_output` only repeats the requested model, so that is not read."""
    response_id = _response_id(choice.info.get("id"), output.get("id"))
    if response_id is not None:
        attributes[names.GEN_AI_RESPONSE_ID] = response_id


def _response_id(*candidates: object) -> str | None:
    for candidate in candidates:
        text = as_str(candidate) if candidate is not None else None
        if text is not None and not text.startswith(_GENERATED_ID_PREFIXES):
            return text
    return None


def _first_reason(metadata: Mapping[str, Any]) -> Any:
    for key in _REASONS:
        if key in metadata and is_present(reason := metadata[key]):
            return reason
    return None


def _is_plain_enum(value: object) -> bool:
    return issubclass(type(value), Enum) and not is_text(value)


def _from_status(metadata: Mapping[str, Any], message: Mapping[str, Any] | None) -> str | None:
    status = as_str(metadata.get("status"))
    if status == "completed":
        called = message is not None and is_present(message.get("tool_calls"))
        return "tool_calls" if called else "stop"
    if status == "incomplete":
        cause = as_str(as_mapping(metadata.get("incomplete_details")).get("reason"))
        return None if cause is None else _INCOMPLETE.get(cause, cause)
    return None
