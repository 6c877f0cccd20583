"""The request to a model: `gen_ai.request.*` and related attributes, from the start event.

Source: OpenTelemetry GenAI conventions (inference span); LangChain's `invocation_params`, `ls_*` metadata,
and the constructor arguments in `serialized`. There is no content: only names, numbers and stop sequences.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from langspan._reading import fields_of
from langspan._values import Attributes, as_count, as_mapping, as_model, as_str
from langspan.conventions import names
from langspan.providers.request_rules import ARGUMENTS, RULES

_BEDROCK: Final = "additional_model_request_fields"  # Bedrock's arguments for Anthropic models
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HINTS: Final = tuple((key, *RULES[key]) for key in ("ls_temperature", "ls_max_tokens", "ls_stop"))
_MODELS: Final = ("model", "model_name", "model_id", "azure_deployment", "deployment_name", "repo_id")
# On Azure the deployment is what is asked for; the model's name is often just the default.
_STORED_MODELS: Final = ("azure_deployment", "deployment_name", *_MODELS)
_OPENAI_PROVIDERS: Final = frozenset({"openai", "azure.ai.openai"})
# Classes, by their `_type`, in which an argument `model` does not simply choose the model of the call.
_CONVERSE: Final = "amazon_bedrock_converse_chat"  # has another argument for it
_OLLAMA: Final = "chat-ollama"  # sends it, and tells in its metadata the model it was made with
_INVOKE_BEDROCK: Final = frozenset({"amazon_bedrock", "amazon_bedrock_chat"})  # do not use it
_AZURE: Final = frozenset({"azure", "azure-openai-chat"})  # ask the deployment, if they have one
_PARTICULAR: Final = frozenset({_CONVERSE, _OLLAMA, *_INVOKE_BEDROCK, *_AZURE})


def model_request(
    provider: str | None,
    *,
    constructor: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None,
    invocation_params: Mapping[str, Any] | None,
    options: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Attributes:
    """Return the request parameters of a chat or completion call, except provider and model.

    A value given in several places is taken from the most specific one: the call's own arguments, then the
    `ls_*` metadata, then the model's constructor.

    Args:
        provider: `gen_ai.provider.name`, if known.
        constructor: Arguments of the model's constructor; only known ones are read.
        metadata: Metadata of the start event.
        invocation_params: The `invocation_params` of the start event.
        options: The `options` of the start event.
        arguments: Keyword arguments of the call, which a completion model's start event lacks.
    """
    params = invocation_params if type(invocation_params) is dict else as_mapping(invocation_params)
    meta = metadata if type(metadata) is dict else as_mapping(metadata)
    given = options if type(options) is dict else as_mapping(options)
    kwargs = constructor if type(constructor) is dict else as_mapping(constructor)
    attributes: Attributes = {}
    _collect(attributes, arguments if type(arguments) is dict else as_mapping(arguments), params, given)
    for key, attribute, convert in _HINTS:  # all other metadata may be the user's own
        if key in meta and attribute not in attributes and (converted := convert(meta[key])) is not None:
            attributes[attribute] = converted
    if kwargs:
        _collect(attributes, kwargs)
    for source in (params, given, kwargs):
        if "thinking" in source:
            _add_thinking(attributes, source["thinking"])
        if _BEDROCK in source:
            _add_thinking(attributes, as_mapping(source[_BEDROCK]).get("thinking"))
    if names.SERVER_ADDRESS in attributes:
        _split_server(attributes)
    if provider in _OPENAI_PROVIDERS:
        _add_openai_api(attributes, kwargs)
    elif names.OPENAI_REQUEST_SERVICE_TIER in attributes:
        del attributes[names.OPENAI_REQUEST_SERVICE_TIER]
    return attributes


def request_model(
    metadata: Mapping[str, Any],
    params: Mapping[str, Any],
    kwargs: Mapping[str, Any],
    arguments: Mapping[str, Any] | None = None,
) -> str | None:
    """Return the model that the request names, as the provider spells it; None if unknown.

    Args:
        metadata: Metadata of the start event.
        params: The `invocation_params` of the start event.
        kwargs: The model's constructor arguments, from `serialized`.
        arguments: Keyword arguments of the call, those of `bind` among them, if the call was seen.
    """
    model = _model_of_call(params, kwargs, arguments or {})
    if model is None and "ls_model_name" in metadata:
        model = as_str(metadata["ls_model_name"])
    return as_model(model or _first(params, _MODELS) or _first(kwargs, _MODELS))


def stored_model(model: object) -> str | None:
    """Return the model that a model object asks for, as far as the object itself stores it.

    Args:
        model: A model of LangChain, of which no call has been seen.
    """
    return as_model(_first(fields_of(model), _STORED_MODELS))


def _model_of_call(
    params: Mapping[str, Any], kwargs: Mapping[str, Any], arguments: Mapping[str, Any]
) -> str | None:
    """Return the model that a call names in place of its object's own; None if it leaves that to the object.

    Some classes take an argument for it and do not send it; the metadata says it was asked for all the same.
    """
    kind = params.get("_type")
    if kind not in _PARTICULAR:
        return as_str(arguments["model"]) if "model" in arguments else None
    if kind == _CONVERSE:
        return _first(arguments, ("model_id",)) or _first(params, ("model_id",))
    if kind == _OLLAMA:
        return _first(arguments, ("model",)) or _first(params, ("model",))
    if kind in _INVOKE_BEDROCK:
        return _first(kwargs, ("base_model_id", "model_id"))
    asked = _first(arguments, ("model",))
    if kind in _AZURE and kwargs.get("use_responses_api") is not True:
        deployment = _first(params, ("azure_deployment", "deployment_name"))
        asked = asked or _first(params, ("model",))
        if deployment is not None:
            return None if asked == params.get("model_name") else deployment
    return asked


def _first(source: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        if key in source and (text := as_str(source[key])) is not None:
            return text
    return None


def _collect(attributes: Attributes, *sources: Mapping[str, Any]) -> None:
    """Add the attributes of known arguments that are not set yet; nested arguments come last in a source."""
    for source in sources:
        nested: list[Mapping[str, Any]] = []
        for key, value in source.items() if source else ():
            if value is None or type(key) is not str or key not in ARGUMENTS:
                continue
            rule = ARGUMENTS[key]
            if rule is None:
                nested.append(as_mapping(value))
            elif rule[0] not in attributes and (converted := rule[1](value)) is not None:
                attributes[rule[0]] = converted
        if nested:
            _collect(attributes, *nested)


def _add_thinking(attributes: Attributes, thinking: object) -> None:
    """Add the type and budget of Anthropic's `thinking`; a reasoning effort that is already set is kept."""
    if thinking is None:
        return
    fields = as_mapping(thinking)
    level, budget = as_str(fields.get("type")), as_count(fields.get("budget_tokens"))
    if level is not None:
        attributes.setdefault(names.GEN_AI_REQUEST_REASONING_LEVEL, level)
    if budget is not None:
        attributes.setdefault(names.LANGSPAN_REASONING_BUDGET_TOKENS, budget)


def _split_server(attributes: Attributes) -> None:
    """Replace the URL in `server.address` by its host and port."""
    attributes.update(server(str(attributes.pop(names.SERVER_ADDRESS))))


def server(url: str) -> Attributes:
    """Return `server.address` and `server.port` of a URL, without user, password, path and query."""
    host, port = _host_and_port(url)
    found: Attributes = {}
    if host is not None:
        found[names.SERVER_ADDRESS] = host
    if port is not None:
        found[names.SERVER_PORT] = port
    return found


@lru_cache(maxsize=64)  # a process calls few servers, and parsing their URLs is slow
def _host_and_port(url: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    if not host or not host.isascii() or not host.isprintable() or " " in host:
        return None, None
    return host, port or _DEFAULT_PORTS.get(parts.scheme)


def _add_openai_api(attributes: Attributes, kwargs: Mapping[str, Any]) -> None:
    if kwargs.get("use_responses_api") is True:
        attributes[names.OPENAI_API_TYPE] = names.OpenAIApi.RESPONSES
    elif kwargs.get("use_responses_api") is False:
        attributes[names.OPENAI_API_TYPE] = names.OpenAIApi.CHAT_COMPLETIONS
