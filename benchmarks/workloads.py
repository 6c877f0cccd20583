"""The operations that are measured, each a function that runs it once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

_USAGE = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


class Model(BaseChatModel):
    """Answers at once, so that what is measured is everything else."""

    answers: Any = None
    words: int = 0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {
            "ls_provider": "scripted",
            "ls_model_name": "scripted-1",
            "ls_model_type": "chat",
            "ls_temperature": 0.5,
        }

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        message = next(self.answers) if self.answers else AIMessage("hello", usage_metadata=_USAGE)
        return ChatResult(
            generations=[ChatGeneration(message=message, generation_info={"finish_reason": "stop"})]
        )

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return self._generate(messages)


class StreamingModel(Model):
    """Streams as many chunks as it has words."""

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[Any]:
        for _ in range(self.words):
            yield ChatGenerationChunk(message=AIMessageChunk(content="word "))

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        for _ in range(self.words):
            yield ChatGenerationChunk(message=AIMessageChunk(content="word "))


@dataclass(frozen=True)
class Workload:
    """One operation.

    Attributes:
        name: What it is called in the table.
        run: Runs it once; a coroutine function for asynchronous ones.
        repeat: How often it is run for one sample.
    """

    name: str
    run: Callable[[], Any] | Callable[[], Awaitable[Any]]
    repeat: int


def chat() -> Callable[[], Any]:
    model, messages = Model(), [HumanMessage("hi")]
    return lambda: model.invoke(messages)


def chain() -> Callable[[], Any]:
    runnable = ChatPromptTemplate.from_messages([("user", "{question}")]) | Model() | StrOutputParser()
    return lambda: runnable.invoke({"question": "hi"})


def history() -> Callable[[], Any]:
    model = Model()
    messages = [HumanMessage("x" * 2000) if i % 2 == 0 else AIMessage("y" * 2000) for i in range(49)]
    return lambda: model.invoke(messages)


def astream() -> Callable[[], Awaitable[Any]]:
    model = StreamingModel(words=200)

    async def run() -> None:
        async for _ in model.astream("hi"):
            pass

    return run


def agent() -> Callable[[], Any]:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    def call(number: int) -> AIMessage:
        return AIMessage(
            "",
            tool_calls=[{"name": "add", "args": {"a": 1, "b": 2}, "id": f"c{number}"}],
            usage_metadata=_USAGE,
        )

    answers = itertools.cycle([call(1), call(2), AIMessage("done", usage_metadata=_USAGE)])
    graph = create_agent(Model(answers=answers), [add], name="adder")
    return lambda: graph.invoke({"messages": [("user", "hi")]})


class State(TypedDict):
    value: int


def graph() -> Callable[[], Any]:
    builder = StateGraph(State)
    names = [f"n{i}" for i in range(10)]
    for name in names:
        builder.add_node(name, lambda state: {"value": state["value"] + 1})
    for source, target in itertools.pairwise([START, *names, END]):
        builder.add_edge(source, target)
    compiled = builder.compile(name="ten")
    return lambda: compiled.invoke({"value": 0})


def concurrent() -> Callable[[], Awaitable[Any]]:
    runnable = ChatPromptTemplate.from_messages([("user", "{question}")]) | Model() | StrOutputParser()

    async def run() -> None:
        await asyncio.gather(*(runnable.ainvoke({"question": "hi"}) for _ in range(100)))

    return run


def ainvoke() -> Callable[[], Awaitable[Any]]:
    model, messages = Model(), [HumanMessage("hi")]

    async def run() -> None:
        await model.ainvoke(messages)

    return run


def batch() -> Callable[[], Any]:
    model = Model()
    return lambda: model.batch(["hi"] * 100)


def tool_call() -> Callable[[], Any]:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    return lambda: add.invoke({"a": 1, "b": 2})


class Retriever(BaseRetriever):
    """Finds the same two documents at once."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document("one"), Document("two")]


def retrieval() -> Callable[[], Any]:
    retriever = Retriever()
    return lambda: retriever.invoke("hi")


def workloads() -> list[Workload]:
    """Every operation of the table."""
    return [
        Workload("single chat", chat(), 100),
        Workload("LCEL of 3 steps", chain(), 40),
        Workload("49-message history", history(), 40),
        Workload("astream of 200 tokens", astream(), 3),
        Workload("agent with 2 tool calls", agent(), 5),
        Workload("graph of 10 nodes", graph(), 4),
        Workload("100 concurrent ainvoke", concurrent(), 1),
    ]


def single_calls() -> list[Workload]:
    """Operations too alike in time to those of the table to be in it; their calls are counted."""
    return [
        Workload("single ainvoke", ainvoke(), 100),
        Workload("batch of 100 chats", batch(), 1),
        Workload("tool", tool_call(), 100),
        Workload("retriever", retrieval(), 100),
    ]
