"""Azure OpenAI: chat completions whose model is named by the deployment in the path.

Source: learn.microsoft.com/azure/ai-services/openai/reference.
"""

from __future__ import annotations

from support.providers import facts as f
from support.providers import openai_chat
from support.providers.facts import Facts
from support.providers.openai_chat import answer, error, read_response
from support.providers.server import Exchange

__all__ = ["answer", "error", "read_request", "read_response"]


def read_request(exchange: Exchange) -> Facts:
    """What was asked for."""
    _, _, deployment = exchange.request.path.partition("/deployments/")
    return openai_chat.read_request(exchange) | {f.MODEL: deployment.partition("/")[0]}
