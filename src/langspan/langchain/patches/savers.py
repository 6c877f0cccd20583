"""Checkpoint savers: each write and read is a span under the graph that asked for it, where asked for.

Source: `langgraph.checkpoint.base.BaseCheckpointSaver`; `langgraph.checkpoint.serde.jsonplus`, which makes
and reads the bytes; `langgraph.pregel._loop`, which calls the saver outside of any run's context.
"""

from __future__ import annotations

from collections.abc import Callable
from types import AsyncGeneratorType, GeneratorType, ModuleType
from typing import Any, Final
from uuid import UUID, uuid4

from opentelemetry.context import Context

from langspan._events import Started
from langspan._guard import Guard, contained
from langspan._values import as_id
from langspan.context.drivers import aiterate_in_scope, arun_in_context, iterate_in_scope, run_in_context
from langspan.context.scope import swap, swap_back
from langspan.conventions import graph_names
from langspan.kinds.checkpoints import CHECKPOINT, GET, LIST, PUT, PUT_WRITES, checkpoint_place
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import CallRecorder, Describe, call_started, is_call_of
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
    listing = _listing(ledger, guard, recorder, _describing(recorder, LIST))
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
        config = args[0] if args else kwargs.get("config")
        extra = {"saver": saver, "config": config}
        if second is not None:
            extra[second] = args[1] if len(args) > 1 else kwargs.get(second)
        thread = as_id(checkpoint_place(config).get("thread_id"))
        event = call_started(run_id, None, operation, **extra)
        return event if thread is None else event._replace(metadata={"thread_id": thread})

    return describe


def _weighing(guard: Guard, recorder: Recorder, *, is_read: bool) -> Wrapper:
    """Return a wrapper that adds the bytes of a value to the checkpoint that it is part of."""

    def weigh(typed: Any) -> None:
        run = recorder.innermost()
        if run is None or run.kind is not CHECKPOINT or not run.is_open:
            return
        known: Any = run.deferred_attributes.get(graph_names.LANGSPAN_CHECKPOINT_SIZE, 0)
        size = known + len(typed[1]) if type(typed[1]) is bytes else known
        run.deferred_attributes = {**run.deferred_attributes, graph_names.LANGSPAN_CHECKPOINT_SIZE: size}

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = wrapped(*args, **kwargs)
        guard.call(weigh, (args[0] if args else kwargs.get("data")) if is_read else result)
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


def _listing(ledger: Ledger, guard: Guard, recorder: Recorder, describe: Describe) -> Wrapper:
    """Return a wrapper of a method that yields checkpoints, whose run starts with the first step."""

    def listing(instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Listing | None:
        event = None if ledger.closed else describe(uuid4(), instance, args, kwargs)
        return None if event is None else Listing(guard, recorder, event)

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = wrapped(*args, **kwargs)
        if not isinstance(found, GeneratorType | AsyncGeneratorType):
            return found
        scope = guard.call(listing, instance, args, kwargs)
        if scope is None:
            return found
        return (
            iterate_in_scope(scope, found)
            if isinstance(found, GeneratorType)
            else aiterate_in_scope(scope, found)
        )

    return wrapper


class Listing:
    """The run of a method that yields checkpoints: current while the method's own code runs.

    Args:
        guard: The error boundary.
        recorder: The recorder of the run.
        event: Its start event.
    """

    __slots__ = ("_context", "_event", "_previous", "_steps", "guard", "recorder")

    def __init__(self, guard: Guard, recorder: Recorder, event: Started) -> None:
        self.guard, self.recorder, self._event = guard, recorder, event
        self._context: Context | None = None
        self._previous: Context | None = None
        self._steps = 0

    @contained
    def resume(self) -> None:
        """Start the run with the first step, and make it current."""
        if self._steps == 0:
            self.recorder.start(self._event, CHECKPOINT)
        self._steps += 1
        run = self.recorder.run(self._event.run_id)
        self._context = None if run is None else run.context
        self._previous = None if self._context is None else swap(self._context)

    @contained
    def suspend(self) -> None:
        """Make current what was so before."""
        if self._previous is not None:
            swap_back(self._previous, only_if=self._context)
        self._previous = None

    @contained
    def close(self, error: BaseException | None) -> None:
        """End the run: each step but the last has yielded a checkpoint."""
        if error is None:
            self.recorder.end(self._event.run_id, self._steps - 1)
        else:
            self.recorder.fail(self._event.run_id, error)

    @contained
    def close_soon(self, error: BaseException | None) -> None:
        """End the run: nothing else would."""
        self.close(error)
