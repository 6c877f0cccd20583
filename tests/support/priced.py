"""A chat model that says who it is and what it counted, so that its calls have a price."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

Counts = dict[str, int]


class Priced(BaseChatModel):
    """Answers with counts and metadata as they are given here.

    Attributes:
        provider: `ls_provider`.
        model: The model that was asked for.
        usage: `usage_metadata` of the answer; None for a server that counts nothing.
        told: `response_metadata` of the answer.
        calls: What the answers call, one after the other; after that they call nothing.
    """

    provider: str = "openai"
    model: str = "m"
    usage: Any = None
    told: dict[str, Any] = {}
    calls: list[list[dict[str, Any]]] = []

    @property
    def _llm_type(self) -> str:
        return "priced"

    def _get_ls_params(self, stop: list[str] | None = None, **_kwargs: Any) -> LangSmithParams:
        return LangSmithParams(ls_provider=self.provider, ls_model_name=self.model, ls_model_type="chat")

    def bind_tools(self, tools: Any, **_kwargs: Any) -> Any:
        return self

    def _generate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        calls: Any = self.calls.pop(0) if self.calls else []
        answer = AIMessage(
            "Done.", usage_metadata=self.usage, response_metadata=dict(self.told), tool_calls=calls
        )
        return ChatResult(generations=[ChatGeneration(message=answer)])


def counted(input_tokens: int, output_tokens: int, of_input: Any = None, of_output: Any = None) -> Any:
    """`usage_metadata` with these counts and details."""
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "input_token_details": of_input or {},
        "output_token_details": of_output or {},
    }
