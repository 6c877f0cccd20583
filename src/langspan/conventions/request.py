"""What was asked of a model: `gen_ai.request.*` and its neighbours, from a model's start event.

Source: OpenTelemetry GenAI conventions (inference span); LangChain's `invocation_params`, `ls_*` metadata,
and the constructor arguments in `serialized`. Nothing here is content: names, numbers and stop sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from langspan.conventions import names
from langspan.conventions._values import (
    Attributes,
    AttributeValue,
    as_count,
    as_float,
    as_int,
    as_mapping,
    as_str,
    as_strings,
)
from langspan.conventions.providers import provider_name

_Converter = Callable[[object], AttributeValue | None]


def _choice_count(value: object) -> int | None:
    count = as_count(value)
    return None if count in (0, 1) else count


def _reasoning_level(value: object) -> str | None:
    """A level sent as text, or under `effort`, or (Anthropic) the `type` of `thinking`."""
    if isinstance(value, str):
        return as_str(value)
    fields = as_mapping(value)
    return as_str(fields.get("effort")) or as_str(fields.get("thinking_level")) or as_str(fields.get("type"))


def _effort(value: object) -> str | None:
    return as_str(as_mapping(value).get("effort"))


def _json(value: object) -> str | None:
    """A schema was given: a JSON schema, or a Python class that stands for one."""
    return names.OutputType.JSON if isinstance(value, dict | type) else None


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
    """From a response format: a name, a MIME type, `{"type": ...}`, a JSON schema, or a Python class."""
    if isinstance(value, str):
        return _OUTPUT_TYPES.get(value)
    if isinstance(value, dict) and "type" in value:
        named = value["type"]
        return (_OUTPUT_TYPES.get(named) if isinstance(named, str) else None) or _schema_type(value)
    return _json(value)


def _schema_type(value: Mapping[str, Any]) -> str | None:
    return names.OutputType.JSON if "properties" in value or "schema" in value else None


def _format(value: object) -> str | None:
    """OpenAI's Responses API says `text={"format": ...}`."""
    return _output_type(as_mapping(value).get("format"))


def _modalities(value: object) -> str | None:
    """The one modality that is not text, if the answer was asked to have one."""
    for item in as_strings(value) or ():
        kind = _OUTPUT_TYPES.get(item.lower())
        if kind is not None and kind != names.OutputType.TEXT:
            return kind
    return None


def _service_tier(value: object) -> str | None:
    return None if value == "auto" else as_str(value)


# Argument of a model or of one call -> attribute and conversion. Providers spell one idea in many ways.
_RULES: Final[Mapping[str, tuple[str, _Converter]]] = {
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, as_float),
    "ls_temperature": (names.GEN_AI_REQUEST_TEMPERATURE, as_float),
    "top_p": (names.GEN_AI_REQUEST_TOP_P, as_float),
    "topP": (names.GEN_AI_REQUEST_TOP_P, as_float),
    "top_k": (names.GEN_AI_REQUEST_TOP_K, as_count),
    "topK": (names.GEN_AI_REQUEST_TOP_K, as_count),
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

# Arguments that hold more arguments.
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
_URLS: Final = dict.fromkeys(
    (
        "base_url",
        "openai_api_base",
        "azure_endpoint",
        "anthropic_api_url",
        "endpoint",
        "endpoint_url",
        "xai_api_base",
        "api_base",
        "host",
    ),
    (names.SERVER_ADDRESS, as_str),
)
# One look-up per argument: most arguments of a model are none of ours.
_ARGUMENTS: Final[Mapping[str, tuple[str, _Converter] | None]] = {**_RULES, **_URLS, **_NESTED}
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HINTS: Final = tuple((key, *_RULES[key]) for key in ("ls_temperature", "ls_max_tokens", "ls_stop"))
_MODELS: Final = ("model", "model_name", "model_id", "azure_deployment", "deployment_name", "repo_id")
_OPENAI_PROVIDERS: Final = frozenset({"openai", "azure.ai.openai"})


def model_request(
    *,
    serialized: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None,
    invocation_params: Mapping[str, Any] | None,
    options: Mapping[str, Any] | None = None,
) -> Attributes:
    """Return the request attributes of a chat or completion call; all of them may be set at span creation.

    A value said twice is taken from the most specific place: the call's own arguments, then the `ls_*`
    metadata, then the model's constructor.

    Args:
        serialized: The model's `serialized`; of its constructor arguments only listed ones are looked at.
        metadata: Metadata of the start event.
        invocation_params: The `invocation_params` of the start event.
        options: The `options` of the start event.
    """
    params, meta = as_mapping(invocation_params), as_mapping(metadata)
    kwargs = as_mapping(as_mapping(serialized).get("kwargs"))
    attributes: Attributes = {}
    provider = provider_name(meta, params, serialized)
    if provider is not None:
        attributes[names.GEN_AI_PROVIDER_NAME] = provider
    model = request_model(meta, params, kwargs)
    if model is not None:
        attributes[names.GEN_AI_REQUEST_MODEL] = model
    _collect(attributes, params)
    if options:
        _collect(attributes, as_mapping(options))
    for key, attribute, convert in _HINTS:  # only these: the rest of the metadata is the user's
        value = meta.get(key)
        if value is not None and attribute not in attributes and (converted := convert(value)) is not None:
            attributes[attribute] = converted
    if kwargs:
        _collect(attributes, kwargs)
    _add_thinking(attributes, params.get("thinking") or kwargs.get("thinking"))
    if names.SERVER_ADDRESS in attributes:
        _split_server(attributes)
    _refine_openai(attributes, provider, kwargs)
    return attributes


def request_model(
    metadata: Mapping[str, Any], params: Mapping[str, Any], kwargs: Mapping[str, Any]
) -> str | None:
    """Return the model that was asked for, in the provider's words; None when nobody names it.

    Args:
        metadata: Metadata of the start event.
        params: The `invocation_params` of the start event.
        kwargs: The model's constructor arguments, from `serialized`.
    """
    model = as_str(metadata.get("ls_model_name")) or _first(params, _MODELS) or _first(kwargs, _MODELS)
    if model is None or ("://" in model and ("@" in model or "?" in model)):
        return None  # a private endpoint given as a model: its address may carry a password or a key
    return model.removeprefix("models/")


_model = request_model


def _first(source: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if key in source and (text := as_str(source[key])) is not None:
            return text
    return None


def _collect(attributes: Attributes, source: Mapping[str, Any]) -> None:
    """Add what the rules find and nothing has set yet; arguments one level down come last."""
    nested: list[Mapping[str, Any]] = []
    for key, value in source.items():
        if value is None or key not in _ARGUMENTS:
            continue
        rule = _ARGUMENTS[key]
        if rule is None:
            if value and isinstance(value, Mapping):
                nested.append(value)
        elif rule[0] not in attributes and (converted := rule[1](value)) is not None:
            attributes[rule[0]] = converted
    for arguments in nested:
        _collect(attributes, arguments)


def _add_thinking(attributes: Attributes, thinking: object) -> None:
    """Anthropic's `thinking`: a type and a budget. An effort, sent beside it, is the better level."""
    if not isinstance(thinking, dict):
        return
    level, budget = as_str(thinking.get("type")), as_count(thinking.get("budget_tokens"))
    if level is not None:
        attributes.setdefault(names.GEN_AI_REQUEST_REASONING_LEVEL, level)
    if budget is not None:
        attributes.setdefault(names.LANGSPAN_REASONING_BUDGET_TOKENS, budget)


def _split_server(attributes: Attributes) -> None:
    """Replace a URL by its host and port."""
    host, port = _server(str(attributes.pop(names.SERVER_ADDRESS)))
    if host is not None:
        attributes[names.SERVER_ADDRESS] = host
    if port is not None:
        attributes[names.SERVER_PORT] = port


@lru_cache(maxsize=64)  # a process talks to few servers, and taking a URL apart is the dearest step of a call
def _server(url: str) -> tuple[str | None, int | None]:
    """Host and port of a URL; user, password, path and query stay behind."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    if not host or not host.isascii() or not host.isprintable() or " " in host:
        return None, None
    return host, port or _DEFAULT_PORTS.get(parts.scheme)


def _refine_openai(attributes: Attributes, provider: str | None, kwargs: Mapping[str, Any]) -> None:
    """`openai.*` attributes belong on spans of OpenAI's own API only."""
    if provider not in _OPENAI_PROVIDERS:
        attributes.pop(names.OPENAI_REQUEST_SERVICE_TIER, None)
        return
    if kwargs.get("use_responses_api") is True:
        attributes[names.OPENAI_API_TYPE] = names.OpenAIApi.RESPONSES
    elif kwargs.get("use_responses_api") is False:
        attributes[names.OPENAI_API_TYPE] = names.OpenAIApi.CHAT_COMPLETIONS
