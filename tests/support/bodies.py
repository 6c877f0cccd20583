"""Real LangChain components that do as a test's own functions say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel, BaseLLM
from langchain_core.messages import AIMessage, AIMessageChunk
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
from pydantic import BaseModel


class Scripted(BaseModel):
    """Mixed into a component: its body, as a function and as a coroutine function."""

    body: Any
    abody: Any
    blocking: bool
    label: str


class Chat(Scripted, BaseChatModel):
    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_provider": "scripted", "ls_model_name": self.label, "ls_model_type": "chat"}

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        self.body()
        return ChatResult(generations=[ChatGeneration(message=AIMessage("y"))])

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        if self.blocking:
            return await super()._agenerate(*args, **kwargs)
        await self.abody()
        return ChatResult(generations=[ChatGeneration(message=AIMessage("y"))])

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        self.body()
        for word in ("a", "b", "c"):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        if self.blocking:
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk
            return
        await self.abody()
        for word in ("a", "b", "c"):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


class LLM(Scripted, BaseLLM):
    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_provider": "scripted", "ls_model_name": self.label, "ls_model_type": "llm"}

    def _generate(self, prompts: list[str], *args: Any, **kwargs: Any) -> LLMResult:
        self.body()
        return LLMResult(generations=[[Generation(text="y")] for _ in prompts])

    async def _agenerate(self, prompts: list[str], *args: Any, **kwargs: Any) -> LLMResult:
        if self.blocking:
            return await super()._agenerate(prompts, *args, **kwargs)
        await self.abody()
        return LLMResult(generations=[[Generation(text="y")] for _ in prompts])

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[GenerationChunk]:
        self.body()
        for word in ("a", "b", "c"):
            yield GenerationChunk(text=word)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[GenerationChunk]:
        if self.blocking:
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk
            return
        await self.abody()
        for word in ("a", "b", "c"):
            yield GenerationChunk(text=word)


class Retriever(Scripted, BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        self.body()
        return [Document("y")]

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        if self.blocking:
            return await super()._aget_relevant_documents(query, run_manager=run_manager)
        await self.abody()
        return [Document("y")]


class Tool(Scripted, BaseTool):
    description: str = "Does as it is told."

    def _run(self, text: str) -> str:
        self.body()
        return "y"

    async def _arun(self, text: str) -> str:
        if self.blocking:
            return str(await super()._arun(text))
        await self.abody()
        return "y"
