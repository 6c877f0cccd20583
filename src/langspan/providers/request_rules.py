"""Model arguments, as providers and their packages spell them, and the attribute for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from langspan._reading import as_text, is_text
from langspan._values import AttributeValue, as_count, as_float, as_int, as_mapping, as_str, as_strings
from langspan.conventions import names

Converter: TypeAlias = Callable[[object], AttributeValue | None]


def _choice_count(value: object) -> int | None:
    count = as_count(value)
    return None if count in (0, 1) else count


def _reasoning_level(value: object) -> str | None:
    """Return a level given as a string, under `effort` or `thinking_level`, or as a `type` (Anthropic)."""
    if is_text(value):
        return as_str(value)
    fields = as_mapping(value)
    return as_str(fields.get("effort")) or as_str(fields.get("thinking_level")) or as_str(fields.get("type"))


def _effort(value: object) -> str | None:
    return as_str(as_mapping(value).get("effort"))


def _json(value: object) -> str | None:
    """Return the output type `json` if the value is a JSON schema or a Python class that defines one."""
    return names.OutputType.JSON if issubclass(type(value), (dict, type)) else None


_OUTPUT_TYPES: Final = {
    "json": names.OutputType.JSON,
    "json_object": names.OutputType.JSON,
    "json_schema": names.OutputType.JSON,
    "application/json": names.OutputType.JSON,
    "text": names.OutputType.TEXT,
    "text/plain": names.OutputType.TEXT,
    "image": names.OutputType.IMAGE,
    "audio": names.OutputType.SPEECH,
}


def _output_type(value: object) -> str | None:
    """Return the output type of a name, a MIME type, `{"type": ...}`, a JSON schema, or a Python class."""
    text, fields = as_text(value), as_mapping(value)
    if text is not None:
        return _OUTPUT_TYPES.get(text)
    if "type" in fields:
        return _OUTPUT_TYPES.get(as_text(fields["type"]) or "") or _schema_type(fields)
    return _json(value)


def _schema_type(value: Mapping[str, Any]) -> str | None:
    return names.OutputType.JSON if "properties" in value or "schema" in value else None


def _format(value: object) -> str | None:
    """Return the output type in `text={"format": ...}` of OpenAI's Responses API."""
    return _output_type(as_mapping(value).get("format"))


def _modalities(value: object) -> str | None:
    """Return the first requested modality that is not text, if there is one."""
    for item in as_strings(value) or ():
        kind = _OUTPUT_TYPES.get(item.lower())
        if kind is not None and kind != names.OutputType.TEXT:
            return kind
    return None


def _service_tier(value: object) -> str | None:
    tier = as_str(value)
    return None if tier == "auto" else tier


# An argument of a model or of one call -> its attribute and converter.
RULES: Final[Mapping[str, tuple[str, Converter]]] = {
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, as_float),
    "ls_temperature": (names.GEN_AI_REQUEST_TEMPERATURE, as_float),
    "top_p": (names.GEN_AI_REQUEST_TOP_P, as_float),
    "topP": (names.GEN_AI_REQUEST_TOP_P, as_float),
    "p": (names.GEN_AI_REQUEST_TOP_P, as_float),  # Cohere
    "top_k": (names.GEN_AI_REQUEST_TOP_K, as_count),
    "topK": (names.GEN_AI_REQUEST_TOP_K, as_count),
    "k": (names.GEN_AI_REQUEST_TOP_K, as_count),  # Cohere
    "max_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "ls_max_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "maxTokens": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "max_completion_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "max_output_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "max_new_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "max_tokens_to_sample": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "num_predict": (names.GEN_AI_REQUEST_MAX_TOKENS, as_count),
    "frequency_penalty": (names.GEN_AI_REQUEST_FREQUENCY_PENALTY, as_float),
    "presence_penalty": (names.GEN_AI_REQUEST_PRESENCE_PENALTY, as_float),
    "stop": (names.GEN_AI_REQUEST_STOP_SEQUENCES, as_strings),
    "stop_sequences": (names.GEN_AI_REQUEST_STOP_SEQUENCES, as_strings),
    "stopSequences": (names.GEN_AI_REQUEST_STOP_SEQUENCES, as_strings),
    "ls_stop": (names.GEN_AI_REQUEST_STOP_SEQUENCES, as_strings),
    "seed": (names.GEN_AI_REQUEST_SEED, as_int),
    "random_seed": (names.GEN_AI_REQUEST_SEED, as_int),
    "n": (names.GEN_AI_REQUEST_CHOICE_COUNT, _choice_count),
    "candidate_count": (names.GEN_AI_REQUEST_CHOICE_COUNT, _choice_count),
    "reasoning_effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, as_str),
    "effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, as_str),
    "reasoning": (names.GEN_AI_REQUEST_REASONING_LEVEL, _reasoning_level),
    "output_config": (names.GEN_AI_REQUEST_REASONING_LEVEL, _effort),
    "thinking_level": (names.GEN_AI_REQUEST_REASONING_LEVEL, as_str),
    "thinking_config": (names.GEN_AI_REQUEST_REASONING_LEVEL, _reasoning_level),
    "thinking_budget": (names.LANGSPAN_REASONING_BUDGET_TOKENS, as_count),
    "previous_response_id": (names.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID, as_str),
    "response_format": (names.GEN_AI_OUTPUT_TYPE, _output_type),
    "response_mime_type": (names.GEN_AI_OUTPUT_TYPE, _output_type),
    "response_schema": (names.GEN_AI_OUTPUT_TYPE, _json),
    "response_json_schema": (names.GEN_AI_OUTPUT_TYPE, _json),
    "ls_structured_output_format": (names.GEN_AI_OUTPUT_TYPE, _json),
    "output_format": (names.GEN_AI_OUTPUT_TYPE, _output_type),
    "format": (names.GEN_AI_OUTPUT_TYPE, _output_type),
    "text": (names.GEN_AI_OUTPUT_TYPE, _format),
    "modalities": (names.GEN_AI_OUTPUT_TYPE, _modalities),
    "response_modalities": (names.GEN_AI_OUTPUT_TYPE, _modalities),
    "service_tier": (names.OPENAI_REQUEST_SERVICE_TIER, _service_tier),
}

# Arguments that contain further arguments.
_NESTED: Final = dict.fromkeys(
    (
        "additional_model_request_fields",
        "extra_body",
        "generation_config",
        "inference_config",
        "inferenceConfig",
        "model_kwargs",
        "options",
    )
)
URLS: Final = dict.fromkeys(
    (
        "base_url",
        "openai_api_base",
        "azure_endpoint",
        "anthropic_api_url",
        "endpoint",
        "endpoint_url",
        "xai_api_base",
        "groq_api_base",
        "fireworks_api_base",
        "api_base",
        "host",
    ),
    (names.SERVER_ADDRESS, as_str),
)
# One table, so that each argument costs one look-up: most arguments have no attribute.
ARGUMENTS: Final[Mapping[str, tuple[str, Converter] | None]] = {**RULES, **URLS, **_NESTED}
