"""langchain-google-genai, on both of its back ends."""

from __future__ import annotations

from typing import Any

from support.providers import gemini
from support.providers.client import Client
from support.providers.replies import KEY

_ERRORS = {
    "unauthorized": "langchain_core.exceptions.ModelAuthenticationError",
    "rate limited": "langchain_core.exceptions.ModelRateLimitError",
    "server error": "google.genai.errors.ServerError",
    "timeout": "httpx2.ReadTimeout|builtins.TimeoutError",
    "cut": "httpx2.RemoteProtocolError|aiohttp.ClientPayloadError",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "parameters": {
        "temperature": 0.3,
        "top_p": 0.9,
        "top_k": 40,
        "max_output_tokens": 77,
        "seed": 42,
        "stop_sequences": ["END", "STOP"],
        "frequency_penalty": 0.25,
        "presence_penalty": -0.5,
    },
    "refusal": {},
    "tool call": {},
    "structured by tool": {},
    "structured by schema": {},
    "JSON mode": {},
    "reasoning": {"thinking_budget": 512, "include_thoughts": True},
    "reasoning level": {"model": "gemini-3-flash-preview", "thinking_level": "low"},
    "cache read": {},
    "two choices": {"n": 2},
}


def _arguments(url: str, timeout: float) -> dict[str, Any]:
    return {
        "model": "gemini-2.5-flash",
        "base_url": url,
        "api_key": KEY,
        "max_retries": 1,
        "timeout": timeout,
    }


# On errors the SDK forgets to await what it made of the response.
_WARNS = ("Inheritance class Aiohttp", "coroutine 'ClientResponse.json' was never awaited")


async def _close(model: Any) -> None:
    await model.client.aio.aclose()


CLIENTS = (
    Client(
        name="ChatGoogleGenerativeAI",
        package="langchain-google-genai",
        path=("langchain_google_genai", "ChatGoogleGenerativeAI"),
        provider="gcp.gemini",
        api=gemini,
        arguments=lambda url, timeout: _arguments(url, timeout) | {"vertexai": False},
        errors=_ERRORS,
        options=_OPTIONS,
        call_options={"parameters of the call": {"temperature": 0.1, "max_output_tokens": 9, "stop": ["X"]}},
        warns=_WARNS,
        close=_close,
    ),
    Client(
        name="ChatGoogleGenerativeAI, Vertex AI",
        package="langchain-google-genai",
        path=("langchain_google_genai", "ChatGoogleGenerativeAI"),
        provider="gcp.vertex_ai",
        api=gemini,
        arguments=lambda url, timeout: _arguments(url, timeout) | {"vertexai": True},
        errors=_ERRORS,
        options=_OPTIONS,
        call_options={"parameters of the call": {"temperature": 0.1, "max_output_tokens": 9, "stop": ["X"]}},
        warns=_WARNS,
        close=_close,
    ),
)
