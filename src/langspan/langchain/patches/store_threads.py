"""Stores that work in threads without a context: what they do there stays below the operation.

An in-memory store embeds the queries of a search in such threads. A store whose asynchronous methods run the
synchronous ones, by an event loop's `run_in_executor`, is recognised by the operations that it hands over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any, NamedTuple

import wrapt
from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._guard import Guard
from langspan.context.drivers import run_in_context
from langspan.langchain.patches.calls import argument
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.store_batches import is_inside
from langspan.recording.recorder import Recorder


class _Held(NamedTuple):
    ops: Any
    context: Context
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def patch(ledger: Ledger, module: ModuleType) -> None:
    """Have the threads of an in-memory store run in the context of the search.

    Args:
        ledger: The record of the patches.
        module: `langgraph.store.memory`, which calls `concurrent.futures` `cf`.
    """
    ledger.exchange(module, "cf", _CarryingFutures)


class _CarryingExecutor(ThreadPoolExecutor):
    """A pool of threads whose work runs in the context of whoever submits it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(run_in_context, otel.get_current(), fn, *args, **kwargs)


class _CarryingFutures(wrapt.ObjectProxy):  # type: ignore[type-arg] # older versions take no argument
    """`concurrent.futures` with such a pool."""

    ThreadPoolExecutor = _CarryingExecutor


class HandedOver:
    """The operations that the asynchronous method of a store is working on, with the context to do so.

    Args:
        guard: The error boundary.
        recorder: The recorder of the runs.
    """

    def __init__(self, guard: Guard, recorder: Recorder) -> None:
        self._guard, self._recorder = guard, recorder
        self._held: dict[int, _Held] = {}

    def carrying(self, body: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Return `body`, whose operations are known while it runs."""
        guard, hold, let_go = self._guard, self._hold_inside, self.let_go

        async def carried(*args: Any, **kwargs: Any) -> Any:
            held = guard.call(hold, args, kwargs)
            if held is None:
                return await body(*args, **kwargs)
            try:
                return await body(*held.args, **held.kwargs)
            finally:
                guard.call(let_go, held)

        return carried

    def context_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Context | None:
        """Return the context of whoever handed a batch over to this thread; None if nobody did."""
        if otel.get_current():
            return None  # it has a context already
        ops = argument(args, kwargs, 0, "ops")
        held = self._held.get(id(ops))
        return held.context if held is not None and held.ops is ops else None

    def hold(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Held | None:
        """Remember for whom operations are done.

        A list that others have handed over, too, and which is not done yet, is copied: by the list alone it
        could not be told for whom a thread works.

        Args:
            args: The arguments of the method.
            kwargs: Those by name.

        Returns:
            What is to be let go in the end, with the arguments to go on with; None if it is not known.
        """
        ops = argument(args, kwargs, 0, "ops")
        if ops is None:
            return None
        if id(ops) in self._held:
            if type(ops) is not list:
                return None
            ops = list(ops)
            args, kwargs = ((ops, *args[1:]), kwargs) if args else (args, {**kwargs, "ops": ops})
        self._held[id(ops)] = held = _Held(ops, otel.get_current(), args, kwargs)
        return held

    def let_go(self, held: _Held) -> None:
        """Forget operations that are done."""
        self._held.pop(id(held.ops), None)

    def _hold_inside(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Held | None:
        return self.hold(args, kwargs) if is_inside(self._recorder.innermost()) else None
