"""Long-term memory: LangGraph has no callbacks for its stores, so the calls themselves are recorded.

Each operation that the application asks for has one span. What a store does for it belongs to it: `batch`
inside of `put`, `super()`, another store behind it. A direct `batch` is one span too, for a store answers it
as a whole: its embeddings belong to all of its operations.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from inspect import iscoroutinefunction
from types import CoroutineType, ModuleType
from typing import Any, Final, TypeAlias
from uuid import UUID

from opentelemetry import context as otel

from langspan._events import Started
from langspan._guard import Guard
from langspan._reading import as_list
from langspan.context.drivers import arun_in_context, run_in_context
from langspan.kinds.base import RunKind
from langspan.kinds.stores import DELETE, GET, KINDS, LIST, MIXED, SEARCH, SHARED, UPSERT, Operation, kind_of
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches import store_threads
from langspan.langchain.patches.calls import CallRecorder, Describe, argument, call_started
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.store_batches import Askers, is_inside
from langspan.langchain.patches.store_threads import HandedOver
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.recording.recorder import Recorder

_Args: TypeAlias = tuple[Any, ...]
_Kwargs: TypeAlias = Mapping[str, Any]
_Read: TypeAlias = Callable[[_Args, _Kwargs], Operation]


def patch(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch the methods of `BaseStore`, and every override of them.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
        module: `langgraph.store.base`.
    """
    recorder = handler.recorder
    askers, handed_over = Askers(ledger, recorder), HandedOver(guard, recorder)
    recorders = {kind: CallRecorder(ledger, guard, recorder, kind) for kind in KINDS}
    batches = _Batches(guard, recorders, askers, handed_over, _reading(module), recorder)
    wrappers: dict[str, Wrapper] = {"batch": batches.batch, "abatch": batches.abatch}
    for name, (kind, read) in _METHODS.items():
        describe = _describing(recorder, read)
        wrappers[name] = recorders[kind].calling(describe, _alone)
        wrappers[f"a{name}"] = recorders[kind].awaiting(describe, _alone)
    wrap_tree(ledger, guard, module.BaseStore, wrappers)
    ledger.when_imported(guard, "langgraph.store.base.batch", functools.partial(askers.patch, guard))
    ledger.when_imported(guard, "langgraph.store.memory", functools.partial(store_threads.patch, ledger))


def _get(args: _Args, kwargs: _Kwargs) -> Operation:
    return Operation(GET, argument(args, kwargs, 0, "namespace"), argument(args, kwargs, 1, "key"))


def _search(args: _Args, kwargs: _Kwargs) -> Operation:
    return Operation(SEARCH, argument(args, kwargs, 0, "namespace_prefix"), query=kwargs.get("query"))


def _put(args: _Args, kwargs: _Kwargs) -> Operation:
    namespace, key = argument(args, kwargs, 0, "namespace"), argument(args, kwargs, 1, "key")
    return Operation(UPSERT, namespace, key, argument(args, kwargs, 2, "value"))


def _delete(args: _Args, kwargs: _Kwargs) -> Operation:
    return Operation(DELETE, argument(args, kwargs, 0, "namespace"), argument(args, kwargs, 1, "key"))


def _list(_args: _Args, kwargs: _Kwargs) -> Operation:
    return Operation(LIST, kwargs.get("prefix"))


_METHODS: Final[Mapping[str, tuple[RunKind, _Read]]] = {
    "get": (GET, _get),
    "search": (SEARCH, _search),
    "put": (UPSERT, _put),
    "delete": (DELETE, _delete),
    "list_namespaces": (LIST, _list),
}


def _reading(module: ModuleType) -> Callable[[Any], Operation]:
    """Return a function that reads LangGraph's record of an operation."""

    def read(op: Any) -> Operation:
        if type(op) is module.GetOp:
            return Operation(GET, op.namespace, op.key)
        if type(op) is module.SearchOp:
            return Operation(SEARCH, op.namespace_prefix, query=op.query)
        if type(op) is module.PutOp:
            return Operation(DELETE if op.value is None else UPSERT, op.namespace, op.key, op.value)
        return Operation(LIST if type(op) is module.ListNamespacesOp else MIXED)

    return read


def _describing(recorder: Recorder, read: _Read) -> Describe:
    """Return a function that describes a call, unless the call belongs to an open one."""

    def describe(run_id: UUID, store: Any, args: _Args, kwargs: dict[str, Any]) -> Started | None:
        if is_inside(recorder.innermost()):
            return None
        return _started(run_id, store, (read(args, kwargs),), is_batch=False)

    return describe


def _started(run_id: UUID, store: Any, operations: Sequence[Operation] | None, *, is_batch: bool) -> Started:
    return call_started(run_id, operations, store=store, is_batch=is_batch, outside=otel.get_current())


def _alone(result: Any) -> tuple[Any]:
    return (result,)


def _until_done(done: Callable[[], Any], function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function, and `done` once it has returned or raised, or the future that it returns is done."""
    try:
        result = function(*args, **kwargs)
    except BaseException:
        done()
        raise
    if isinstance(result, asyncio.Future):
        result.add_done_callback(lambda _: done())
    else:
        done()
    return result


class _Batches:
    """The wrappers of `batch` and `abatch`, through which a store does all of its work.

    Args:
        guard: The error boundary.
        recorders: Make the wrappers of calls, by the kind of run that they are.
        askers: Knows for whom a background task works.
        handed_over: Knows for whom a thread works.
        read: Reads LangGraph's record of an operation.
        recorder: The recorder of the runs.
    """

    def __init__(
        self,
        guard: Guard,
        recorders: Mapping[RunKind, CallRecorder],
        askers: Askers,
        handed_over: HandedOver,
        read: Callable[[Any], Operation],
        recorder: Recorder,
    ) -> None:
        self._guard, self._recorders, self._read, self._recorder = guard, recorders, read, recorder
        self._askers, self._handed_over = askers, handed_over

    def batch(self, wrapped: Any, store: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
        """Record a batch, unless it belongs to an operation that is under way."""
        context = self._guard.call(self._handed_over.context_of, args, kwargs)
        if context is not None:
            return run_in_context(context, self._batch, wrapped, store, args, kwargs)
        return self._batch(wrapped, store, args, kwargs)

    def _batch(self, wrapped: Any, store: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
        plan = self._guard.call(self._plan, args, kwargs)
        if plan is None:
            return wrapped(*args, **kwargs)
        kind, describe = plan
        return self._recorders[kind].calling(describe)(wrapped, store, args, kwargs)

    def abatch(self, wrapped: Any, store: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
        """Record a batch, unless it belongs to an operation that is under way, or to several."""
        if iscoroutinefunction(wrapped):
            return self._abatch(wrapped, store, args, kwargs)
        # It may start something at once, in a thread, and return more than can be awaited.
        held = self._guard.call(self._handed_over.hold, args, kwargs)
        if held is None:
            result = wrapped(*args, **kwargs)
        else:
            let_go = functools.partial(self._guard.call, self._handed_over.let_go, held)
            result = _until_done(let_go, wrapped, *held.args, **held.kwargs)
        if type(result) is not CoroutineType:
            return result
        return self._abatch(lambda *_, **__: result, store, args, kwargs)

    async def _abatch(self, wrapped: Any, store: Any, args: _Args, kwargs: dict[str, Any]) -> Any:
        guard = self._guard
        body = guard.call(self._handed_over.carrying, wrapped) or wrapped
        asked = guard.call(self._askers.take, store)
        if asked is None:
            plan = guard.call(self._plan, args, kwargs)
            if plan is None:
                return await body(*args, **kwargs)
            kind, describe = plan
            return await self._recorders[kind].awaiting(describe)(body, store, args, kwargs)
        plan = guard.call(self._plan_shared, args, kwargs) if asked.is_shared else None
        if plan is None:
            return await arun_in_context(asked.context, body, *args, **kwargs)
        kind, describe = plan
        body = guard.call(asked.linking, body, guard, self._recorder) or body
        record = self._recorders[kind].awaiting(describe)
        return await arun_in_context(asked.context, record, body, store, args, kwargs)

    def _plan(self, args: _Args, kwargs: _Kwargs) -> tuple[RunKind, Describe] | None:
        """Return what kind of run a batch is and how to describe it; None if it is part of another."""
        if is_inside(self._recorder.innermost()):
            return None
        operations = self._operations(args, kwargs)
        return kind_of(operations), _telling(operations)

    def _plan_shared(self, args: _Args, kwargs: _Kwargs) -> tuple[RunKind, Describe]:
        return SHARED, _telling(self._operations(args, kwargs))

    def _operations(self, args: _Args, kwargs: _Kwargs) -> list[Operation] | None:
        """Return the operations of a batch; None if they are in an iterator, which must not be consumed."""
        listed = as_list(argument(args, kwargs, 0, "ops"))
        return None if listed is None else [self._read(op) for op in listed]


def _telling(operations: Sequence[Operation] | None) -> Describe:
    def describe(run_id: UUID, store: Any, _args: _Args, _kwargs: dict[str, Any]) -> Started:
        return _started(run_id, store, operations, is_batch=True)

    return describe
