"""Stores that work in threads without a context: what they do there stays below the operation.

An in-memory store embeds the queries of a search in such threads. A store whose asynchronous methods run the
synchronous ones, by an event loop's `run_in_executor`, is recognised by the operations that it hands over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any, TypeAlias

import wrapt
from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._guard import Guard
from langspan.context.drivers import run_in_context
from langspan.langchain.patches.ledger import Ledger
from langspan.langchain.patches.store_batches import is_inside
from langspan.recording.recorder import Recorder

_Held: TypeAlias = tuple[Any, Context]


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
        guard, hold, let_go = self._guard, self._hold, self._let_go

        async def carried(*args: Any, **kwargs: Any) -> Any:
            held = guard.call(hold, args, kwargs)
            if held is None:
                return await body(*args, **kwargs)
            try:
                return await body(*args, **kwargs)
            finally:
                guard.call(let_go, held)

        return carried

    def context_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Context | None:
        """Return the context of whoever handed a batch over to this thread; None if nobody did."""
        if is_inside(self._recorder.innermost()):
            return None
        ops = args[0] if args else kwargs.get("ops")
        held = self._held.get(id(ops))
        return held[1] if held is not None and held[0] is ops else None

    def _hold(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Held | None:
        ops = args[0] if args else kwargs.get("ops")
        if ops is None or id(ops) in self._held or not is_inside(self._recorder.innermost()):
            return None
        self._held[id(ops)] = held = ops, otel.get_current()
        return held

    def _let_go(self, held: _Held) -> None:
        self._held.pop(id(held[0]), None)
