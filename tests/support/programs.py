"""Random trees of runs, made of real LangChain and LangGraph runnables and executed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Annotated, Any

from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnableSequence
from langgraph.graph import END, START, StateGraph
from opentelemetry import context as otel
from opentelemetry.trace import Tracer

from support.bodies import LLM, Chat, Retriever, Tool
from support.trees import Call, Run

HIDDEN = ["langsmith:hidden"]
INPUT = "x"


class BodyError(Exception):
    """What a body raises that was told to fail."""


class Program:
    """Executes trees of runs, and checks everywhere that nobody sees a span that is not his own.

    Args:
        tracer: Makes the spans in bodies and around calls.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self.waiting = asyncio.Event()

    # -- composition

    def build(self, run: Run, *, asynchronous: bool) -> Runnable[Any, Any]:
        """The runnable that behaves like that run."""
        asynchronous = asynchronous and not run.blocking
        if run.kind in ("graph", "fan-out"):
            return self._graph(run, asynchronous=asynchronous)
        if run.kind == "sequence":
            feeder = RunnableLambda(_feed, _afeed).with_config(tags=HIDDEN)
            steps = [self.build(call.run, asynchronous=asynchronous) for call in run.calls]
            return RunnableSequence(*(each for step in steps for each in (feeder, step)), name=run.name)
        if run.kind == "parallel":
            parts = {call.run.name: self.build(call.run, asynchronous=asynchronous) for call in run.calls}
            parallel = RunnableParallel(parts)
            parallel.name = run.name
            return parallel
        if run.kind == "lambda":
            runnable = RunnableLambda(self._function(run, asynchronous=asynchronous), name=run.name)
            return runnable.with_config(tags=HIDDEN) if run.hidden else runnable
        return self._component(run)

    def _component(self, run: Run) -> Runnable[Any, Any]:
        cls: Any = {"chat": Chat, "llm": LLM, "retriever": Retriever, "tool": Tool}[run.kind]
        component: Runnable[Any, Any] = cls(
            name=run.name,
            label=run.name,
            body=functools.partial(self._body, run),
            abody=functools.partial(self._abody, run),
            blocking=run.blocking,
            tags=HIDDEN if run.hidden else None,
        )
        return component

    def _function(self, run: Run, *, asynchronous: bool) -> Callable[[Any], Any]:
        def function(_input: Any) -> str:
            self._body(run)
            return "y"

        async def coroutine_function(_input: Any) -> str:
            await self._abody(run)
            return "y"

        return coroutine_function if asynchronous else function

    def _graph(self, run: Run, *, asynchronous: bool) -> Runnable[Any, Any]:
        state: Any = Annotated[str, lambda _old, new: new]
        graph: StateGraph[Any] = StateGraph(state)
        previous = START
        for call in run.calls:
            part = call.run
            body = (
                self._function(part, asynchronous=asynchronous and not part.blocking)
                if part.kind == "node"
                else self._graph(part, asynchronous=asynchronous)
            )
            graph.add_node(part.name, body)
            graph.add_edge(START if run.kind == "fan-out" else previous, part.name)
            previous = part.name
        graph.add_edge(previous, END)
        return graph.compile(name=run.name)

    # -- bodies

    def _body(self, run: Run) -> None:
        self._mark(run)
        for call in run.calls:
            with contextlib.suppress(BodyError) if run.swallows else contextlib.nullcontext():
                self.call(call)
        if run.fails:
            raise BodyError(run.name)

    async def _abody(self, run: Run) -> None:
        self._mark(run)
        for call in run.calls:
            with contextlib.suppress(BodyError) if run.swallows else contextlib.nullcontext():
                await self.acall(call)
        if run.waits:
            self.waiting.set()
            await asyncio.Event().wait()
        if run.fails:
            raise BodyError(run.name)

    def _mark(self, run: Run) -> None:
        with self._tracer.start_as_current_span(f"in {run.name}"):
            pass

    # -- calls

    def call(self, call: Call) -> None:
        """Make a call."""
        with self._around(call), unchanged_context() as unchanged:
            runnable = self.build(call.run, asynchronous=False)
            match call.way:
                case "stream" | "events":
                    for _ in runnable.stream(INPUT):
                        unchanged()
                case "close":
                    stream: Any = runnable.stream(INPUT)
                    next(stream, None)
                    unchanged()
                    stream.close()
                case "batch":
                    _raise_first(runnable.batch([INPUT, INPUT], return_exceptions=True))
                case "thread":
                    with ThreadPoolExecutor(1) as pool:
                        pool.submit(copy_context().run, runnable.invoke, INPUT).result()
                case _:
                    runnable.invoke(INPUT)

    async def acall(self, call: Call) -> None:
        """Make a call from a coroutine."""
        with self._around(call), unchanged_context() as unchanged:
            runnable = self.build(call.run, asynchronous=call.way != "thread")
            match call.way:
                case "stream":
                    async for _ in runnable.astream(INPUT):
                        unchanged()
                case "events":
                    async for _ in runnable.astream_events(INPUT, version="v2"):
                        unchanged()
                case "close":
                    stream: Any = runnable.astream(INPUT)
                    await anext(stream, None)
                    unchanged()
                    await stream.aclose()
                case "batch":
                    _raise_first(await runnable.abatch([INPUT, INPUT], return_exceptions=True))
                case "thread":
                    await asyncio.to_thread(runnable.invoke, INPUT)
                case "task":
                    await asyncio.create_task(runnable.ainvoke(INPUT))
                case _:
                    await runnable.ainvoke(INPUT)

    def _around(self, call: Call) -> contextlib.AbstractContextManager[Any]:
        if call.in_span:
            return self._tracer.start_as_current_span(f"around {call.run.name}")
        return contextlib.nullcontext()


@contextlib.contextmanager
def unchanged_context() -> Iterator[Callable[[], None]]:
    """What is current after a call, and between two items of a stream, is what was current before it."""
    before = otel.get_current()

    def unchanged() -> None:
        assert before == otel.get_current()

    try:
        yield unchanged
    finally:
        unchanged()


def _feed(_result: Any) -> str:
    return INPUT


async def _afeed(_result: Any) -> str:
    return INPUT


def _raise_first(results: list[Any]) -> None:
    for result in results:
        if isinstance(result, BaseException):
            raise result
