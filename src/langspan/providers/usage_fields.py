"""Token counts in the providers' own formats: the usage objects that packages pass on unconverted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langspan._reading import as_list, as_text, extra_of, fields_of, stored
from langspan._values import Attributes, as_count, as_mapping, is_present
from langspan.conventions import names

_INPUT: Final = names.GEN_AI_USAGE_INPUT_TOKENS
_OUTPUT: Final = names.GEN_AI_USAGE_OUTPUT_TOKENS
_CACHE_READ: Final = names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS
_CACHE_WRITE: Final = names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS
_REASONING: Final = names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS

# Where packages put the provider's usage object.
_CONTAINERS: Final = (
    "token_usage",
    "usage",
    "usage_metadata",
    "billed_units",
    "token_count",
    "amazon-bedrock-invocationMetrics",
)
# Ollama has no usage object: its two counts are top-level keys of the metadata.
_TOP_LEVEL_COUNTS: Final = ("prompt_eval_count", "eval_count")
KEYS: Final = frozenset({*_CONTAINERS, *_TOP_LEVEL_COUNTS})
"""The keys under which metadata has counts; most metadata has none of them."""

_COUNTS: Final[Mapping[str, str]] = {
    "input_tokens": _INPUT,
    "prompt_tokens": _INPUT,
    "inputTokens": _INPUT,
    "inputTokenCount": _INPUT,
    "input_token_count": _INPUT,
    "prompt_token_count": _INPUT,
    "promptTokenCount": _INPUT,
    "prompt_eval_count": _INPUT,
    "output_tokens": _OUTPUT,
    "completion_tokens": _OUTPUT,
    "outputTokens": _OUTPUT,
    "outputTokenCount": _OUTPUT,
    "output_token_count": _OUTPUT,
    "generated_token_count": _OUTPUT,
    "candidates_token_count": _OUTPUT,
    "candidatesTokenCount": _OUTPUT,
    "eval_count": _OUTPUT,
    "cache_read_input_tokens": _CACHE_READ,
    "cacheReadInputTokens": _CACHE_READ,
    "cacheReadInputTokenCount": _CACHE_READ,
    "cached_content_token_count": _CACHE_READ,
    "cachedContentTokenCount": _CACHE_READ,
    "prompt_cache_hit_tokens": _CACHE_READ,
    "cached_tokens": _CACHE_READ,
    "num_cached_tokens": _CACHE_READ,
    "cache_creation_input_tokens": _CACHE_WRITE,
    "cache_write_input_tokens": _CACHE_WRITE,
    "cacheWriteInputTokens": _CACHE_WRITE,
    "cacheWriteInputTokenCount": _CACHE_WRITE,
    "reasoning_tokens": _REASONING,
    "thoughts_token_count": _REASONING,
    "thoughtsTokenCount": _REASONING,
}
_INPUT_DETAILS: Final[Mapping[str, str]] = {
    "cached_tokens": _CACHE_READ,
    "cache_write_tokens": _CACHE_WRITE,
    "text_tokens": names.GEN_AI_USAGE_TEXT_INPUT_TOKENS,
    "image_tokens": names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS,
    "audio_tokens": names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
    "text": names.GEN_AI_USAGE_TEXT_INPUT_TOKENS,
    "image": names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS,
    "audio": names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
}
_OUTPUT_DETAILS: Final[Mapping[str, str]] = {
    "reasoning_tokens": _REASONING,
    "thinking_tokens": _REASONING,
    "text_tokens": names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS,
    "image_tokens": names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS,
    "audio_tokens": names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
    "text": names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS,
    "image": names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS,
    "audio": names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
}
_CACHE_LIFETIMES: Final[Mapping[str, str]] = {
    "ephemeral_5m_input_tokens": names.LANGSPAN_USAGE_CACHE_WRITE_5M_INPUT_TOKENS,
    "ephemeral_1h_input_tokens": names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
}
_DETAILS: Final[Mapping[str, Mapping[str, str]]] = {
    "prompt_tokens_details": _INPUT_DETAILS,
    "input_tokens_details": _INPUT_DETAILS,
    "promptTokensDetails": _INPUT_DETAILS,
    "completion_tokens_details": _OUTPUT_DETAILS,
    "output_tokens_details": _OUTPUT_DETAILS,
    "candidates_tokens_details": _OUTPUT_DETAILS,
    "candidatesTokensDetails": _OUTPUT_DETAILS,
    "cache_creation": _CACHE_LIFETIMES,
}
# Anthropic's API and Bedrock Converse do not include cached tokens in the input count.
_INPUT_WITHOUT_CACHE: Final = ("input_tokens", "inputTokens")
_CACHE_BESIDE_INPUT: Final = (
    "cache_read_input_tokens",
    "cacheReadInputTokens",
    "cache_creation_input_tokens",
    "cache_write_input_tokens",
    "cacheWriteInputTokens",
)
# Gemini does not include tool-use tokens in the prompt count, nor reasoning in the candidates count.
_GEMINI_EXTRA_INPUT: Final = ("tool_use_prompt_token_count", "toolUsePromptTokenCount")
_GEMINI_OUTPUT: Final = ("candidates_token_count", "candidatesTokenCount")


def counts(metadata: Mapping[str, Any]) -> Attributes:
    """Return the usage attributes found in a result's metadata.

    Totals are as the conventions define them: input includes cached tokens, output includes reasoning.

    Args:
        metadata: A message's `response_metadata`, a `generation_info` or an `llm_output`.
    """
    found: Attributes = {}
    for key in _CONTAINERS:
        held = metadata.get(key)
        if held is not None and (usage := stored_fields(held)):
            found = {**_read(usage), **found}
    top_level = {key: metadata[key] for key in _TOP_LEVEL_COUNTS if key in metadata}
    return {**_read(top_level), **found} if top_level else found


def stored_fields(usage: object) -> Mapping[str, Any]:
    """Return a usage object's stored fields, so that no code of its class runs."""
    fields = as_mapping(usage) or fields_of(usage)
    extra = extra_of(usage)  # for example LiteLLM's cache counts
    return {**extra, **fields} if extra else fields


def _read(usage: Mapping[str, Any]) -> Attributes:
    found: Attributes = {}
    for key, value in usage.items():
        if type(key) is not str:
            continue
        attribute = _COUNTS.get(key)
        if attribute is not None:
            if (count := as_count(value)) is not None:
                found.setdefault(attribute, count)
        elif is_present(value) and (known := _DETAILS.get(key)) is not None:
            _read_details(found, value, known)
    billed = usage.get("billed_units")
    if billed is not None and (charged := _read(stored_fields(billed))):
        found |= charged  # the conventions prefer billed counts; Cohere sends both
    _complete_totals(found, usage)
    return found


def _read_details(found: Attributes, details: object, known: Mapping[str, str]) -> None:
    for key, value in _pairs(details):
        attribute = known.get(key) if type(key) is str else None
        if attribute is not None and (count := as_count(value)) is not None:
            found.setdefault(attribute, count)


def _pairs(details: object) -> Sequence[tuple[str, object]]:
    """Return details as pairs of key and count; Gemini lists `{"modality": ..., "token_count": ...}`."""
    items = as_list(details)
    if items is None:
        return list(stored_fields(details).items())
    pairs = []
    for item in items:
        fields = stored_fields(item)
        modality = fields.get("modality")
        modality = (
            as_text(modality) or as_text(stored(modality, "_name_")) or as_text(stored(modality, "name"))
        )
        if modality is not None:
            pairs.append((modality.lower(), fields.get("token_count", fields.get("tokenCount"))))
    return pairs


def _complete_totals(found: Attributes, usage: Mapping[str, Any]) -> None:
    if _INPUT in found:
        extra = [as_count(usage.get(key)) for key in _GEMINI_EXTRA_INPUT]
        if any(key in usage for key in _INPUT_WITHOUT_CACHE):
            extra += [as_count(usage.get(key)) for key in _CACHE_BESIDE_INPUT]
        found[_INPUT] = _total(found[_INPUT], *extra)
    if _OUTPUT in found and any(key in usage for key in _GEMINI_OUTPUT):
        found[_OUTPUT] = _total(found[_OUTPUT], found.get(_REASONING))


def _total(*parts: object) -> int:
    return sum(part for part in parts if type(part) is int)
