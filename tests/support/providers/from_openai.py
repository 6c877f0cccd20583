"""langchain-openai."""

from __future__ import annotations

from typing import Any

from support.providers import facts as f
from support.providers import openai_completions, openai_responses
from support.providers.client import Client
from support.providers.openai_chat import OPENAI
from support.providers.openai_like import AZURE
from support.providers.replies import KEY

_PACKAGE = "langchain-openai"
ERRORS = {
    "unauthorized": "openai.AuthenticationError",
    "rate limited": "openai.RateLimitError",
    "server error": "openai.InternalServerError",
    "timeout": "openai.APITimeoutError",
    "cut": "openai.APIConnectionError",
}
_PARAMETERS = {
    "temperature": 0.3,
    "top_p": 0.9,
    "frequency_penalty": 0.25,
    "presence_penalty": -0.5,
    "max_tokens": 77,
    "seed": 42,
    "stop_sequences": ["END", "STOP"],
    "service_tier": "flex",
}
_STRUCTURED: dict[str, dict[str, Any]] = {
    "tool call": {},
    "structured by tool": {},
    "structured by schema": {},
    "JSON mode": {},
}


def _arguments(url: str, timeout: float) -> dict[str, Any]:
    return {
        "model": "gpt-4o-mini",
        "base_url": f"{url}/v1",
        "api_key": KEY,
        "max_retries": 0,
        "timeout": timeout,
    }


def _azure(url: str, timeout: float) -> dict[str, Any]:
    return {
        "azure_endpoint": url,
        "azure_deployment": "my-deployment",
        "api_version": "2024-10-21",
        "api_key": KEY,
        "max_retries": 0,
        "timeout": timeout,
    }


CLIENTS = (
    Client(
        name="ChatOpenAI",
        package=_PACKAGE,
        path=("langchain_openai", "ChatOpenAI"),
        provider="openai",
        api=OPENAI,
        arguments=_arguments,
        errors=ERRORS,
        always={"stream_usage": True},
        constant={f.API_TYPE: "chat_completions"},
        options={
            **_STRUCTURED,
            "parameters": _PARAMETERS,
            "refusal": {},
            "reasoning": {"reasoning_effort": "low"},
            "cache read": {},
            "cache write": {},
            "two choices": {"n": 2},
        },
        call_options={
            "parameters of the call": {"temperature": 0.1, "max_tokens": 9, "stop": ["X"], "seed": 3},
            "another model": {"model": "gpt-4.1"},
        },
    ),
    Client(
        name="ChatOpenAI, Responses API",
        package=_PACKAGE,
        path=("langchain_openai", "ChatOpenAI"),
        provider="openai",
        api=openai_responses,
        arguments=lambda url, timeout: _arguments(url, timeout) | {"use_responses_api": True},
        errors=ERRORS,
        constant={f.API_TYPE: "responses"},
        options={
            **_STRUCTURED,
            "parameters": {"temperature": 0.3, "top_p": 0.9, "max_tokens": 77, "service_tier": "flex"},
            "refusal": {},
            "reasoning": {"reasoning": {"effort": "low", "summary": "auto"}},
            "cache read": {},
            "cache write": {},
        },
        call_options={
            "parameters of the call": {"temperature": 0.1, "previous_response_id": "resp_0123456789abcdef"},
            "another model": {"model": "gpt-4.1"},
        },
    ),
    Client(
        name="AzureChatOpenAI",
        package=_PACKAGE,
        path=("langchain_openai", "AzureChatOpenAI"),
        provider="azure.ai.openai",
        api=AZURE,
        arguments=_azure,
        errors=ERRORS,
        raises={"content filter": "builtins.ValueError"},
        always={"stream_usage": True},
        constant={f.API_TYPE: "chat_completions"},
        options={
            **_STRUCTURED,
            "parameters": _PARAMETERS,
            "refusal": {},
            "reasoning": {"reasoning_effort": "low"},
            "cache read": {},
            "cache write": {},
            "two choices": {"n": 2},
        },
        call_options={
            "parameters of the call": {"temperature": 0.1, "max_tokens": 9, "stop": ["X"], "seed": 3},
            "another model": {"model": "gpt-4.1"},
        },
    ),
    Client(
        name="OpenAI",
        package=_PACKAGE,
        path=("langchain_openai", "OpenAI"),
        provider="openai",
        api=openai_completions,
        arguments=lambda url, timeout: _arguments(url, timeout) | {"model": "gpt-3.5-turbo-instruct"},
        errors=ERRORS,
        raises={"usage never sent": "builtins.TypeError"},
        completion=True,
        always={"model_kwargs": {"stream_options": {"include_usage": True}}},
        options={
            "parameters": {
                "temperature": 0.3,
                "top_p": 0.9,
                "frequency_penalty": 0.25,
                "presence_penalty": -0.5,
                "max_tokens": 77,
                "seed": 42,
            },
            "cache read": {},
            "two choices": {"n": 2},
        },
        call_options={
            "parameters of the call": {"temperature": 0.1, "max_tokens": 9, "stop": ["X"]},
            "another model": {"model": "davinci-002"},
        },
    ),
)
