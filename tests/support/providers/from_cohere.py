"""langchain-cohere."""

from __future__ import annotations

from support.providers import cohere
from support.providers.client import Client
from support.providers.replies import KEY

CLIENTS = (
    Client(
        name="ChatCohere",
        package="langchain-cohere",
        path=("langchain_cohere", "ChatCohere"),
        provider="cohere",
        api=cohere,
        arguments=lambda url, timeout: {
            "model": "command-a-03-2025",
            "base_url": url,
            "cohere_api_key": KEY,
            "timeout_seconds": timeout,
        },
        errors={
            "unauthorized": "cohere.UnauthorizedError",
            "rate limited": "cohere.TooManyRequestsError",
            "server error": "cohere.InternalServerError",
            "timeout": "httpx.ReadTimeout",
            "cut": "httpx.RemoteProtocolError",
        },
        skips={"usage never sent": "langchain-cohere raises AttributeError over a stream without usage"},
        options={
            "parameters": {"temperature": 0.3, "stop": ["END", "STOP"]},
            "parameters of the call": {"temperature": None},  # it may be given only once
            "tool call": {},
            "structured by tool": {},
            "structured by schema": {},
            "JSON mode": {},
            "reasoning": {},
            "cache read": {},
        },
        call_options={
            "rate limited": {"request_options": {"max_retries": 0}},
            "server error": {"request_options": {"max_retries": 0}},
            "parameters of the call": {
                "temperature": 0.1,
                "max_tokens": 9,
                "stop": ["X"],
                "p": 0.9,
                "k": 40,
                "seed": 3,
                "frequency_penalty": 0.25,
                "presence_penalty": 0.5,
            },
        },
    ),
)
