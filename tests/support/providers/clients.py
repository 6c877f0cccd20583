"""The LangChain classes under test, pointed at the local server: one entry each."""

from __future__ import annotations

from support.providers import (
    from_anthropic,
    from_aws,
    from_cohere,
    from_google,
    from_huggingface,
    from_ollama,
    from_openai,
    from_openai_like,
)
from support.providers.client import Client

_PACKAGES = (
    from_openai,
    from_anthropic,
    from_google,
    from_aws,
    from_cohere,
    from_ollama,
    from_openai_like,
    from_huggingface,
)
CLIENTS: dict[str, Client] = {client.name: client for package in _PACKAGES for client in package.CLIENTS}
