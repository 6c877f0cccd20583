"""langchain-ollama."""

from __future__ import annotations

from support.providers import ollama
from support.providers.client import Client
from support.providers.replies import KEY

CLIENTS = (
    Client(
        name="ChatOllama",
        package="langchain-ollama",
        path=("langchain_ollama", "ChatOllama"),
        provider="ollama",
        api=ollama,
        arguments=lambda url, timeout: {
            "model": "llama3.2:3b",
            "base_url": url,
            "client_kwargs": {"timeout": timeout, "headers": {"Authorization": f"Bearer {KEY}"}},
        },
        errors={
            "unauthorized": "ollama.ResponseError",
            "rate limited": "ollama.ResponseError",
            "server error": "ollama.ResponseError",
            "timeout": "httpx.ReadTimeout",
            "cut": "httpx.RemoteProtocolError",
        },
        options={
            "parameters": {
                "temperature": 0.3,
                "top_p": 0.9,
                "top_k": 40,
                "num_predict": 77,
                "seed": 42,
                "stop": ["END", "STOP"],
            },
            "tool call": {},
            "structured by tool": {},
            "structured by schema": {},
            "JSON mode": {},
            "reasoning": {"reasoning": "low"},
        },
        call_options={
            "parameters of the call": {"options": {"temperature": 0.1, "num_predict": 9, "stop": ["X"]}},
            "another model": {"model": "qwen3:8b"},
        },
    ),
)
