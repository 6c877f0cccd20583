"""langchain-anthropic."""

from __future__ import annotations

from typing import Any

from support.providers import anthropic
from support.providers.client import Client
from support.providers.replies import KEY

_ERRORS = {
    "unauthorized": "anthropic.AuthenticationError",
    "rate limited": "anthropic.RateLimitError",
    "server error": "anthropic.InternalServerError",
    "timeout": "anthropic.APITimeoutError",
    "cut": "anthropic.APIConnectionError",
    "cut, streamed": "httpx2.RemoteProtocolError",
}


def _arguments(url: str, timeout: float) -> dict[str, Any]:
    return {
        "model": "claude-haiku-4-5",
        "base_url": url,
        "api_key": KEY,
        "max_retries": 0,
        "timeout": timeout,
    }


CLIENTS = (
    Client(
        name="ChatAnthropic",
        package="langchain-anthropic",
        path=("langchain_anthropic", "ChatAnthropic"),
        provider="anthropic",
        api=anthropic,
        arguments=_arguments,
        errors=_ERRORS,
        options={
            "parameters": {"temperature": 0.3, "top_k": 40, "max_tokens": 77, "stop": ["END", "STOP"]},
            "tool call": {},
            "structured by tool": {},
            "structured by schema": {},
            "reasoning": {"max_tokens": 2_000, "thinking": {"type": "enabled", "budget_tokens": 1_024}},
            "cache read": {},
            "cache write": {},
            "input counted early": {},
        },
        call_options={
            "parameters of the call": {"temperature": 0.1, "max_tokens": 9, "stop": ["X"], "top_p": 0.5},
            "another model": {"model": "claude-opus-4-6"},
        },
    ),
)
