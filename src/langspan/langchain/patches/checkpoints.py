"""Checkpoints that tell which run wrote them, so that a run in another process can be linked to it.

Only where `link_across_processes` asks for it. The key is added to the metadata that LangGraph makes for a
checkpoint, before the application's checkpointer gets it; it is read from the metadata that the checkpointer
has returned. Nothing else of the application's is read, written or called.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final, NamedTuple

from opentelemetry.trace import SpanContext

from langspan._guard import Guard
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.recording.interrupts import Interrupts
from langspan.recording.run import Run
from langspan.recording.stored_contexts import TRACEPARENT_KEY, read, stored

_READING: Final = ("_first", "tick")
_PLAN: Final = "create_checkpoint_plan_for_update_state_api"
# LangGraph's name of the pending write of a node that failed.
_ERROR: Final = "__error__"


class _Found(NamedTuple):
    """The run of a graph, and where its recorder remembers interrupts."""

    run: Run
    interrupts: Interrupts


def install(ledger: Ledger, guard: Guard, module: ModuleType, interrupts: Interrupts) -> None:
    """Patch the loop that runs a graph.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        module: LangGraph's `langgraph.pregel.main`, which has imported the loop.
        interrupts: Graphs that wait for their user.
    """
    from langgraph.pregel._loop import PregelLoop  # noqa: PLC0415 - optional dependency

    ledger.wrap(PregelLoop, "_put_checkpoint", _writing(guard))
    ledger.wrap(PregelLoop, "_first", _loading(guard))
    ledger.wrap(PregelLoop, "tick", _continuing(guard))
    ledger.wrap(module, _PLAN, _updating(guard))
    interrupts.reads_checkpoints = all(name in vars(PregelLoop) for name in _READING)


def _found(loop: Any) -> _Found | None:
    """Find the run of an outermost graph. Those inside it stop and go on with it, and are not linked."""
    manager = loop.manager
    if loop.is_nested or manager is None:
        return None
    for handler in manager.handlers:
        if isinstance(handler, RecordingHandler):
            run = handler.recorder.run(manager.run_id)
            if run is not None:
                return _Found(run, handler.recorder.interrupts)
    return None


def _writer(metadata: Any) -> SpanContext | None:
    """Read who wrote a checkpoint, from a plain mapping only: any other could be the application's code."""
    return read(metadata) if type(metadata) is dict and TRACEPARENT_KEY in metadata else None


def _writing(guard: Guard) -> Wrapper:
    """Add the context of the graph's span to the metadata of each checkpoint: the graph may stop at any."""

    def told(loop: Any, metadata: dict[str, Any]) -> dict[str, Any]:
        found = None if metadata is loop.checkpoint_metadata else _found(loop)  # else it was added before
        return metadata if found is None else {**metadata, **stored(found.run.graph_root().span_context())}

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if len(args) == 1:
            args = (guard.call(told, instance, args[0]) or args[0],)
        return wrapped(*args, **kwargs)

    return wrapper


def _loading(guard: Guard) -> Wrapper:
    """Note who wrote the checkpoint from which a graph starts."""

    def load(loop: Any) -> None:
        metadata = loop.checkpoint_metadata
        writer = _writer(metadata)
        found = None if writer is None else _found(loop)
        if writer is not None and found is not None:
            found.interrupts.loaded(found.run, loop.checkpoint["id"], writer)

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        guard.call(load, instance)
        return wrapped(*args, **kwargs)

    return wrapper


def _continuing(guard: Guard) -> Wrapper:
    """Link a graph that has something left to do: one that had ended is not resumed."""

    def link(loop: Any) -> None:
        found = _found(loop)
        if found is not None and not found.run.is_linked:
            has_failed = any(write[1] == _ERROR for write in loop.checkpoint_pending_writes)
            found.interrupts.continued(found.run, loop.checkpoint["id"], has_failed=has_failed)

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        goes_on = wrapped(*args, **kwargs)
        if goes_on:
            guard.call(link, instance)
        return goes_on

    return wrapper


def _updating(guard: Guard) -> Wrapper:
    """Keep the key when the application updates the state: the graph still waits where it had stopped."""

    def keep(metadata: dict[str, Any], former: Any) -> None:
        if (writer := _writer(former)) is not None:
            metadata.update(stored(writer))

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        planned = wrapped(*args, **kwargs)
        guard.call(keep, planned[1], kwargs.get("saved_metadata"))
        return planned

    return wrapper
