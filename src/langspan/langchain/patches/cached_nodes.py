"""LangGraph: nodes answered from a graph's cache, for which LangGraph sends no event.

Source: `match_cached_writes` and `amatch_cached_writes` of `langgraph.pregel._loop`, which return the tasks
that they answered; `langgraph.types.PregelExecutableTask`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, Final

from langspan._events import CallbackType, Started
from langspan._guard import Guard
from langspan.conventions import names
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.hooks import run_id_factory
from langspan.langchain.patches.ledger import Ledger, Wrapper

# What a task of the functional API returned, and the channel of a graph whose state is one value.
_WHOLE: Final = ("__return__", "__root__")
_OF_LANGGRAPH: Final = ("branch:", "__")


def patch_loop(ledger: Ledger, guard: Guard, module: ModuleType) -> None:
    """Record the nodes that the loops of graphs answer from a cache.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        module: `langgraph.pregel._loop`.
    """
    recorded = _Recorded(guard)
    ledger.wrap(module.SyncPregelLoop, "match_cached_writes", _matching(recorded))
    ledger.wrap(module.AsyncPregelLoop, "amatch_cached_writes", _amatching(recorded))


class _Recorded:
    """Records nodes that were answered from a cache.

    Args:
        guard: The error boundary.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._new_id = run_id_factory()

    def all(self, tasks: Iterable[Any]) -> None:
        """Record what LangGraph answered; it still runs a task for which the cache has no writes."""
        for task in tasks:
            if task.writes:
                self.guard.call(self._record, task)

    def _record(self, task: Any) -> None:
        manager = task.config["callbacks"]
        run_id = None
        for handler in _handlers_of(manager):
            run_id = run_id or self._new_id()
            event = Started(
                CallbackType.CHAIN,
                run_id,
                manager.parent_run_id,
                task.config.get("run_name") or task.name,
                None,
                list(dict.fromkeys((*manager.tags, *(task.config.get("tags") or ())))),
                {**manager.metadata, **(task.config.get("metadata") or {})},
                task.input,
                {},
            )
            recorder = handler.recorder
            recorder.start(event)
            run = recorder.run(run_id)
            if run is not None:
                run.deferred_attributes = {**run.deferred_attributes, names.LANGSPAN_CACHE_HIT: True}
            recorder.end(run_id, _result_of(task.writes))


def _handlers_of(manager: Any) -> Iterator[RecordingHandler]:
    """The handlers that would have been told of the node."""
    for handler in getattr(manager, "handlers", ()):
        if isinstance(handler, RecordingHandler) and not handler.ignore_chain:
            yield handler


def _result_of(writes: Iterable[tuple[str, Any]]) -> Any:
    """What the node returned, as far as its writes tell: the value, or the state's values by their names."""
    result: dict[str, Any] = {}
    for channel, value in writes:
        if channel in _WHOLE:
            return value
        if not channel.startswith(_OF_LANGGRAPH):
            result[channel] = value
    return result


def _matching(recorded: _Recorded) -> Wrapper:
    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        matched = wrapped(*args, **kwargs)
        if matched:
            recorded.guard.call(recorded.all, matched)
        return matched

    return wrapper


def _amatching(recorded: _Recorded) -> Wrapper:
    async def record(matching: Any) -> Any:
        matched = await matching
        if matched:
            recorded.guard.call(recorded.all, matched)
        return matched

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        matching = wrapped(*args, **kwargs)
        return matching if getattr(instance, "cache", None) is None else record(matching)

    return wrapper
