"""Checkpoint savers: each write and read is a span under the graph that asked for it, where asked for.

Source: `langgraph.checkpoint.base.BaseCheckpointSaver`; `langgraph.checkpoint.serde.jsonplus`, which makes
and reads the bytes; `langgraph.pregel._loop`, which calls the saver outside of any run's context.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final
from uuid import UUID

from opentelemetry.context import Context

from langspan._events import Started
from langspan._guard import Guard
from langspan._values import as_id
from langspan.context.drivers import arun_in_context, run_in_context
from langspan.conventions import graph_names
from langspan.kinds.checkpoints import CHECKPOINT, GET, LIST, PUT, PUT_WRITES, checkpoint_place
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, Describe, Ended, argument, call_started, is_call_of
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.lookup import run_of
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.recording.recorder import Recorder

_WRITING: Final = ("put_writes", "_put_pending_writes", "_put_exit_delta_writes")
_PUT: Final = "_checkpointer_put_after_previous"


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch the methods of checkpoint savers, and every override of them.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
        module: `langgraph.checkpoint.base`.
    """
    recorder = handler.recorder
    calls = CallRecorder(ledger, guard, recorder, CHECKPOINT)
    put = _describing(recorder, PUT, "checkpoint")
    put_writes = _describing(recorder, PUT_WRITES, "writes")
    get = _describing(recorder, GET)
    listing = calls.streaming(_describing(recorder, LIST), _ending(recorder))
    wrappers = {
        "put": calls.calling(put),
        "put_writes": calls.calling(put_writes),
        "get_tuple": calls.calling(get),
        "list": listing,
        "aput": calls.awaiting(put),
        "aput_writes": calls.awaiting(put_writes),
        "aget_tuple": calls.awaiting(get),
        "alist": listing,
    }
    wrap_tree(ledger, guard, module.BaseCheckpointSaver, wrappers)


def install_serializer(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch the serializer, which knows how large a checkpoint is.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the calls.
        module: `langgraph.checkpoint.serde.jsonplus`.
    """
    for name, read in (("dumps_typed", False), ("loads_typed", True)):
        ledger.wrap(module.JsonPlusSerializer, name, _weighing(guard, handler.recorder, is_read=read))


def install_loop(ledger: Ledger, guard: Guard, _handler: RecordingHandler, module: ModuleType) -> None:
    """Make a graph's run current where its loop calls the saver, or hands the call to another thread or task.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        module: `langgraph.pregel._loop`.
    """
    inside, ainside = _in_graph(guard, run_in_context), _in_graph(guard, arun_in_context)
    for name in _WRITING:
        ledger.wrap(module.PregelLoop, name, inside)
    for name in (_PUT, "__enter__"):
        ledger.wrap(module.SyncPregelLoop, name, inside)
    for name in (_PUT, "__aenter__"):
        ledger.wrap(module.AsyncPregelLoop, name, ainside)


def _describing(recorder: Recorder, operation: str, second: str | None = None) -> Describe:
    """Return a function that describes a call, unless the call belongs to an open one.

    Args:
        recorder: The recorder of the calls.
        operation: What the method does.
        second: The name of its second parameter, if that is looked at.
    """

    def describe(run_id: UUID, saver: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Started | None:
        if is_call_of(recorder.innermost(), "saver", saver, (CHECKPOINT,)):
            return None
        config = argument(args, kwargs, 0, "config")
        extra = {"saver": saver, "config": config}
        if second is not None:
            extra[second] = argument(args, kwargs, 1, second)
        thread = as_id(checkpoint_place(config).get("thread_id"))
        event = call_started(run_id, None, operation, **extra)
        return event if thread is None else event._replace(metadata={"thread_id": thread})

    return describe


def _weighing(guard: Guard, recorder: Recorder, *, is_read: bool) -> Wrapper:
    """Return a wrapper that adds the bytes of a value to the checkpoint that it is part of."""

    def weigh(args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        typed = argument(args, kwargs, 0, "data") if is_read else result
        run = recorder.innermost()
        if run is None or run.kind is not CHECKPOINT or not run.is_open:
            return
        known: Any = run.deferred_attributes.get(graph_names.LANGSPAN_CHECKPOINT_SIZE, 0)
        size = known + len(typed[1]) if type(typed[1]) is bytes else known
        run.deferred_attributes = {**run.deferred_attributes, graph_names.LANGSPAN_CHECKPOINT_SIZE: size}

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = wrapped(*args, **kwargs)
        guard.call(weigh, args, kwargs, result)
        return result

    return wrapper


def _in_graph(guard: Guard, run: Callable[..., Any]) -> Wrapper:
    """Return a wrapper that runs a method of a graph's loop in the context of the graph's run."""

    def context_of(loop: Any) -> Context | None:
        manager = loop.manager
        found = run_of(manager, getattr(manager, "run_id", None))
        return None if found is None or not found.is_open else found.context

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        context = guard.call(context_of, instance)
        return wrapped(*args, **kwargs) if context is None else run(context, wrapped, *args, **kwargs)

    return wrapper


def _ending(recorder: Recorder) -> Ended:
    """Return a function that ends the run of a listing: each step but the last has yielded a checkpoint."""

    def end(run_id: UUID, error: BaseException | None, steps: int) -> None:
        if error is None:
            recorder.end(run_id, steps - 1)
        else:
            recorder.fail(run_id, error)

    return end
