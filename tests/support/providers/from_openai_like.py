"""Packages for APIs made after OpenAI's chat completions."""

from __future__ import annotations

from math import ceil
from typing import Any

from support.providers.client import Client
from support.providers.from_openai import ERRORS
from support.providers.openai_like import DEEPSEEK, FIREWORKS, GROQ, MISTRAL, TOGETHER, XAI
from support.providers.replies import KEY

_STRUCTURED: dict[str, dict[str, Any]] = {
    "tool call": {},
    "structured by tool": {},
    "structured by schema": {},
    "JSON mode": {},
}
_SAMPLING = {"temperature": 0.3, "max_tokens": 77}
_CALL: dict[str, dict[str, Any]] = {
    "parameters of the call": {"temperature": 0.1, "max_tokens": 9, "stop": ["X"]},
    "another model": {"model": "another-model"},
}
_STREAM_USAGE = {"stream_usage": True}


def _arguments(url: str, timeout: float, model: str) -> dict[str, Any]:
    return {"model": model, "base_url": f"{url}/v1", "api_key": KEY, "max_retries": 0, "timeout": timeout}


_HTTPX = {
    "unauthorized": "httpx.HTTPStatusError",
    "rate limited": "httpx.HTTPStatusError",
    "server error": "httpx.HTTPStatusError",
    "timeout": "httpx.ReadTimeout",
    "cut": "httpx.RemoteProtocolError",
}


def _own(sdk: str) -> dict[str, str]:
    """The exceptions of an SDK made by the same generator as OpenAI's."""
    return {
        "unauthorized": f"{sdk}.AuthenticationError",
        "rate limited": f"{sdk}.RateLimitError",
        "server error": f"{sdk}.InternalServerError",
        "timeout": f"{sdk}.APITimeoutError",
        "cut": f"{sdk}.APIConnectionError",
        "cut, streamed": "httpx.RemoteProtocolError",
    }


CLIENTS = (
    Client(
        name="ChatMistralAI",
        package="langchain-mistralai",
        path=("langchain_mistralai", "ChatMistralAI"),
        provider="mistral_ai",
        api=MISTRAL,
        arguments=lambda url, timeout: (
            _arguments(url, timeout, "mistral-small") | {"timeout": ceil(timeout), "max_retries": 1}
        ),
        errors=_HTTPX,
        options={
            **_STRUCTURED,
            "parameters": {
                **_SAMPLING,
                "top_p": 0.9,
                "random_seed": 42,
                "stop": ["END", "STOP"],
                "model_kwargs": {"frequency_penalty": 0.25, "presence_penalty": -0.5},
            },
            "cache read": {},
            "two choices": {"model_kwargs": {"n": 2}},
        },
        call_options=_CALL,
    ),
    Client(
        name="ChatGroq",
        package="langchain-groq",
        path=("langchain_groq", "ChatGroq"),
        provider="groq",
        api=GROQ,
        arguments=lambda url, timeout: _arguments(url, timeout, "openai/gpt-oss-20b") | {"base_url": url},
        errors=_own("groq"),
        options={
            **_STRUCTURED,
            "parameters": {
                **_SAMPLING,
                "stop_sequences": ["END", "STOP"],
                "model_kwargs": {
                    "top_p": 0.9,
                    "seed": 42,
                    "frequency_penalty": 0.25,
                    "presence_penalty": -0.5,
                },
            },
            "reasoning": {"reasoning_effort": "low", "reasoning_format": "parsed"},
            "cache read": {},
            "two choices": {"n": 2},
        },
        call_options=_CALL,
    ),
    Client(
        name="ChatDeepSeek",
        package="langchain-deepseek",
        path=("langchain_deepseek", "ChatDeepSeek"),
        provider="deepseek",
        api=DEEPSEEK,
        arguments=lambda url, timeout: _arguments(url, timeout, "deepseek-chat"),
        errors=ERRORS,
        always=_STREAM_USAGE,
        options={
            "tool call": {},
            "structured by tool": {},
            "JSON mode": {},
            "parameters": {
                **_SAMPLING,
                "top_p": 0.9,
                "frequency_penalty": 0.25,
                "presence_penalty": -0.5,
                "stop_sequences": ["END", "STOP"],
            },
            "reasoning": {"model": "deepseek-reasoner", "reasoning_effort": "high"},
            "cache read": {},
        },
        call_options=_CALL,
    ),
    Client(
        name="ChatXAI",
        package="langchain-xai",
        path=("langchain_xai", "ChatXAI"),
        provider="x_ai",
        api=XAI,
        arguments=lambda url, timeout: _arguments(url, timeout, "grok-2"),
        errors=ERRORS,
        always=_STREAM_USAGE,
        options={
            **_STRUCTURED,
            "parameters": {
                **_SAMPLING,
                "top_p": 0.9,
                "seed": 42,
                "frequency_penalty": 0.25,
                "presence_penalty": -0.5,
                "stop_sequences": ["END", "STOP"],
            },
            "reasoning": {"reasoning_effort": "low"},
            "cache read": {},
            "two choices": {"n": 2},
        },
        call_options=_CALL,
    ),
    Client(
        name="ChatTogether",
        package="langchain-together",
        path=("langchain_together", "ChatTogether"),
        provider="together",
        api=TOGETHER,
        arguments=lambda url, timeout: _arguments(url, timeout, "Qwen/Qwen2.5-7B-Instruct-Turbo"),
        errors=ERRORS,
        always=_STREAM_USAGE,
        options={
            "tool call": {},
            "structured by tool": {},
            "JSON mode": {},
            "parameters": {
                **_SAMPLING,
                "top_p": 0.9,
                "seed": 42,
                "frequency_penalty": 0.25,
                "presence_penalty": -0.5,
                "stop_sequences": ["END", "STOP"],
                "extra_body": {"top_k": 40},
            },
            "reasoning": {"reasoning_effort": "low"},
            "two choices": {"n": 2},
        },
        call_options=_CALL,
    ),
    Client(
        name="ChatFireworks",
        package="langchain-fireworks",
        path=("langchain_fireworks", "ChatFireworks"),
        provider="fireworks",
        api=FIREWORKS,
        arguments=lambda url, timeout: _arguments(url, timeout, "accounts/fireworks/models/gpt-oss-20b"),
        errors=_own("fireworks") | {"cut, streamed": "httpx.TransportError"},
        options={
            **_STRUCTURED,
            "parameters": {
                **_SAMPLING,
                "stop": ["END", "STOP"],
                "model_kwargs": {
                    "top_p": 0.9,
                    "top_k": 40,
                    "frequency_penalty": 0.25,
                    "presence_penalty": -0.5,
                    "seed": 42,
                },
            },
            "reasoning": {"reasoning_effort": "low"},
            "cache read": {},
            "two choices": {"n": 2},
        },
        call_options=_CALL,
        close=lambda model: model.aclose(),
    ),
)
