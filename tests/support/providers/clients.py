"""The LangChain classes under test, pointed at the local server: one entry each."""

from __future__ import annotations

from support.providers import from_anthropic, from_openai, from_openai_like
from support.providers.client import Client

CLIENTS: dict[str, Client] = {
    client.name: client
    for client in (*from_openai.CLIENTS, *from_anthropic.CLIENTS, *from_openai_like.CLIENTS)
}
