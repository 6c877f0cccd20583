"""Real classes of models, retrievers and embeddings that answer by script, and open a span meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import (
    ChatGeneration,
    ChatGenerationChunk,
    ChatResult,
    Generation,
    GenerationChunk,
    LLMResult,
)
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool
from opentelemetry import trace
from pydantic import Field


class ScriptedChat(BaseChatModel):
    """A chat model that gives its answers in turn, over and over.

    Attributes:
        answers: Texts or whole messages.
        body: A tracer; with it every call opens a span named "http" around its work.
        fails_with: Raised instead of answering.
    """

    answers: Sequence[str | AIMessage] = ("hello",)
    body: Any = None
    fails_with: BaseException | None = None
    model_name: str = "scripted-1"
    calls: list[int] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return {"ls_provider": "scripted", "ls_model_name": self.model_name, "ls_model_type": "chat"}

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[tool.name if isinstance(tool, BaseTool) else str(tool) for tool in tools])

    def _answer(self) -> AIMessage:
        with work(self.body):
            if self.fails_with is not None:
                raise self.fails_with
            answer = self.answers[len(self.calls) % len(self.answers)]
            self.calls.append(1)
            return AIMessage(answer) if isinstance(answer, str) else answer

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer())])

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer())])


class StreamingChat(ScriptedChat):
    """The same, word by word; the last chunk carries the usage of the answer, if it has one."""

    def _chunks(self) -> Iterator[ChatGenerationChunk]:
        answer = self._answer()
        words = str(answer.content).split(" ")
        for position, word in enumerate(words):
            with work(self.body):
                text = word if position == 0 else f" {word}"
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        if answer.usage_metadata or answer.tool_calls:
            yield ChatGenerationChunk(
                message=AIMessageChunk(
                    content="",
                    usage_metadata=answer.usage_metadata,
                    tool_calls=answer.tool_calls,
                    response_metadata=answer.response_metadata,
                )
            )

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield from self._chunks()

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks():
            yield chunk


class ScriptedLLM(BaseLLM):
    """A completion model that repeats its answer."""

    answer: str = "done"
    body: Any = None
    fails_with: BaseException | None = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return {"ls_provider": "scripted", "ls_model_name": "scripted-llm", "ls_model_type": "llm"}

    def _generate(
        self, prompts: list[str], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> LLMResult:
        with work(self.body):
            if self.fails_with is not None:
                raise self.fails_with
            return LLMResult(generations=[[Generation(text=self.answer)] for _ in prompts])

    async def _agenerate(
        self, prompts: list[str], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> LLMResult:
        return self._generate(prompts)


class StreamingLLM(ScriptedLLM):
    """The same, word by word."""

    def _stream(
        self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[GenerationChunk]:
        for word in self.answer.split(" "):
            with work(self.body):
                chunk = GenerationChunk(text=word)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


class ScriptedRetriever(BaseRetriever):
    """A retriever that always finds the same documents."""

    documents: list[Document] = Field(default_factory=lambda: [Document("text", id="d1")])
    body: Any = None
    fails_with: BaseException | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: Any = None) -> list[Document]:
        with work(self.body):
            if self.fails_with is not None:
                raise self.fails_with
            return self.documents

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any = None) -> list[Document]:
        return self._get_relevant_documents(query)


class ScriptedEmbeddings(Embeddings):
    """Embeddings of one dimension, without asynchronous methods: LangChain runs these in a thread."""

    model = "scripted-1"

    def __init__(self, body: Any = None, fails_with: BaseException | None = None) -> None:
        self.body, self.fails_with = body, fails_with

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        with work(self.body):
            if self.fails_with is not None:
                raise self.fails_with
            return [[0.5] for _ in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def work(tracer: Any) -> Any:
    """A span named "http", as an instrumented client would open it; nothing without a tracer."""
    return (tracer or trace.NoOpTracer()).start_as_current_span("http")


def tool_call(name: str, call_id: str = "call-1", **args: Any) -> AIMessage:
    """A model's answer that asks for a tool."""
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": call_id}])


def usage(read: int, written: int, **details: Any) -> dict[str, Any]:
    """Usage metadata for an answer."""
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written, **details}
