"""What a call's frames hold is freed when the application lets go of it, as untraced."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool

from support.recording import Recording, instrumented


class Connection:
    """What the application holds while a call is under way."""


class Opened:
    """Connections that were opened, seen without holding them."""

    def __init__(self) -> None:
        self._seen: list[weakref.ref[Connection]] = []

    def connect(self) -> Connection:
        connection = Connection()
        self._seen.append(weakref.ref(connection))
        return connection

    def alive(self) -> int:
        return sum(seen() is not None for seen in self._seen)

    def take(self) -> tuple[bool, int]:
        """Whether any were opened since the last time, and how many of them are still held."""
        seen, self._seen = self._seen, []
        return bool(seen), sum(each() is not None for each in seen)


OPENED = Opened()
ALIVE_INSIDE: list[int] = []


class UnusualError(Exception):
    """Takes weak references, as the built-in exceptions do not."""


def fail(error: type[Exception] = ValueError) -> Any:
    connection = OPENED.connect()
    raise error(type(connection).__name__)


class Chat(BaseChatModel):
    error: type[Exception] = ValueError

    @property
    def _llm_type(self) -> str:
        return "chat"

    def _generate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        return fail(self.error)  # type: ignore[no-any-return]


class StreamingChat(Chat):
    fails: bool = False

    def _stream(self, *_args: Any, **_kwargs: Any) -> Iterator[ChatGenerationChunk]:
        connection = OPENED.connect()
        yield ChatGenerationChunk(message=AIMessageChunk(content=type(connection).__name__))
        if self.fails:
            raise ValueError("the line broke")
        yield ChatGenerationChunk(message=AIMessageChunk(content="more"))

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(*args, **kwargs):
            yield chunk


class Completion(LLM):
    @property
    def _llm_type(self) -> str:
        return "completion"

    def _call(self, *_args: Any, **_kwargs: Any) -> str:
        return fail()  # type: ignore[no-any-return]


class Retriever(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return fail()  # type: ignore[no-any-return]

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return fail()  # type: ignore[no-any-return]


class Vectors(Embeddings):
    def embed_query(self, text: str) -> list[float]:
        return fail()  # type: ignore[no-any-return]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return fail()  # type: ignore[no-any-return]


def _lookup(word: str) -> str:
    """Look a word up."""
    return fail()  # type: ignore[no-any-return]


async def _alookup(word: str) -> str:
    return fail()  # type: ignore[no-any-return]


lookup = StructuredTool.from_function(_lookup, coroutine=_alookup, name="lookup")


def attempt(call: Callable[[], Any]) -> None:
    with contextlib.suppress(ValueError, UnusualError):
        call()


async def aattempt(call: Callable[[], Awaitable[Any]]) -> None:
    with contextlib.suppress(ValueError, UnusualError):
        await call()


def read_one(model: BaseChatModel) -> None:
    for _ in model.stream("x"):
        break


def thrown_into(model: BaseChatModel) -> None:
    stream: Any = model.stream("x")
    next(stream)
    attempt(lambda: stream.throw(ValueError("the consumer gives up")))


async def aread_one(model: BaseChatModel) -> None:
    stream: Any = model.astream("x")
    async for _ in stream:
        break
    await stream.aclose()


async def aread_all(model: BaseChatModel) -> None:
    async for _ in model.astream("x"):
        pass


def caught(call: Callable[[], Any]) -> None:
    """A chain whose body goes on after a failure: what it let go of is free while the chain still runs."""

    def body(_: int) -> None:
        attempt(call)
        ALIVE_INSIDE.append(OPENED.alive())

    RunnableLambda(body).invoke(1)


SYNC: dict[str, Callable[[], Any]] = {
    "chat": lambda: attempt(lambda: Chat().invoke("x")),
    "chat, batch": lambda: attempt(lambda: Chat().batch(["x", "y"])),
    "chat, an error of one's own": lambda: attempt(lambda: Chat(error=UnusualError).invoke("x")),
    "completion": lambda: attempt(lambda: Completion().invoke("x")),
    "tool": lambda: attempt(lambda: lookup.invoke({"word": "x"})),
    "retriever": lambda: attempt(lambda: Retriever().invoke("x")),
    "embeddings": lambda: attempt(lambda: Vectors().embed_query("x")),
    "chain": lambda: attempt(lambda: RunnableLambda(lambda _: fail()).invoke(1)),
    "chat in a chain that goes on": lambda: caught(lambda: Chat().invoke("x")),
    "chat with an error of one's own in a chain that goes on": lambda: caught(
        lambda: Chat(error=UnusualError).invoke("x")
    ),
    "tool in a chain that goes on": lambda: caught(lambda: lookup.invoke({"word": "x"})),
    "stream that fails": lambda: attempt(lambda: list(StreamingChat(fails=True).stream("x"))),
    "stream that is left": lambda: read_one(StreamingChat()),
    "stream that its consumer throws into": lambda: thrown_into(StreamingChat()),
}
ASYNC: dict[str, Callable[[], Awaitable[Any]]] = {
    "chat": lambda: aattempt(lambda: Chat().ainvoke("x")),
    "tool": lambda: aattempt(lambda: lookup.ainvoke({"word": "x"})),
    "retriever": lambda: aattempt(lambda: Retriever().ainvoke("x")),
    "chain": lambda: aattempt(lambda: RunnableLambda(lambda _: fail()).ainvoke(1)),
    "stream that fails": lambda: aattempt(lambda: aread_all(StreamingChat(fails=True))),
    "stream that is left": lambda: aread_one(StreamingChat()),
}


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def left() -> tuple[bool, int, list[int]]:
    """Whether connections were opened, how many are held now, and were while a chain went on."""
    inside = [*ALIVE_INSIDE]
    ALIVE_INSIDE.clear()
    return *OPENED.take(), inside


@pytest.mark.parametrize("way", SYNC)
@pytest.mark.usefixtures("uncollected")
def test_a_call_leaves_no_more_to_the_collector_than_untraced(way: str) -> None:
    """LangChain's own tools leave some garbage, so what counts is the difference."""
    SYNC[way]()
    untraced = left()
    with instrumented(Recording()):
        SYNC[way]()

        assert (True, *untraced[1:]) == left()


@pytest.mark.parametrize("way", ASYNC)
@pytest.mark.usefixtures("uncollected")
async def test_an_asynchronous_call_leaves_no_more_to_the_collector_than_untraced(way: str) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))

    async def call() -> None:
        await ASYNC[way]()
        await loop.run_in_executor(None, int)  # by now the one thread has let go of what it did before

    await call()
    untraced = left()
    with instrumented(Recording()):
        await call()

        assert (True, *untraced[1:]) == left()


def test_graph_runs_make_no_classes() -> None:
    from langgraph.graph import START, MessagesState, StateGraph

    builder = StateGraph(MessagesState)
    builder.add_node("work", lambda _: {})
    builder.add_edge(START, "work")
    graph = builder.compile()
    with instrumented(Recording()):
        graph.invoke({"messages": []})
        before = sum(isinstance(each, type) for each in gc.get_objects())
        for _ in range(5):
            graph.invoke({"messages": []})

        assert before == sum(isinstance(each, type) for each in gc.get_objects())
