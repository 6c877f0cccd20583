"""Classic agents: `AgentExecutor`, whose start event looks like that of any chain, announces itself.

Source: `langchain_classic.agents.agent`, `langchain_classic.agents.agent_iterator` and
`langchain_classic.chains.base`. A chain prepares its inputs just before its start event; its memory may run
other chains for that. An iterator is reset there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final

from opentelemetry.context import Context

from langspan._events import Call, Graph
from langspan._guard import Guard
from langspan._reading import stored
from langspan._values import as_mapping, as_str
from langspan.langchain import graph_announcements
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.calls import argument
from langspan.langchain.patches.ledger import Ledger, Wrapper
from langspan.langchain.patches.subclasses import wrap_tree
from langspan.langchain.patches.wrappers import FindContext, awaiting_inside, calling_inside, context_of
from langspan.recording.recorder import Recorder

_called: ContextVar[tuple[Any, Any] | None] = ContextVar("langspan_called_executor", default=None)
_NOTHING: Final = object()


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch classic chains for the sake of the agents among them.

    Args:
        ledger: The record of the patches.
        guard: The error boundary.
        handler: The handler whose recorder records the runs.
        module: `langchain_classic.agents.agent`.
    """
    chain, executor, iterator = module.Chain, module.AgentExecutor, module.AgentExecutorIterator
    ledger.wrap(chain, "invoke", _calling(guard, executor))
    ledger.wrap(chain, "ainvoke", _acalling(guard, executor))
    ledger.wrap(chain, "prep_inputs", _preparing(guard, executor))
    ledger.wrap(chain, "aprep_inputs", _apreparing(guard, executor))
    ledger.wrap(iterator, "reset", _resetting(guard))
    body = _body_of(handler.recorder)
    bodies = {"_call": calling_inside(guard, body), "_acall": awaiting_inside(guard, body)}
    wrap_tree(ledger, guard, executor, bodies)


def _body_of(recorder: Recorder) -> FindContext:
    """Return a function that finds the context of an agent's body, unless that is around already.

    A class that overrides the body calls that of its base in its own.
    """
    find = context_of("run_manager", 1)

    def find_outside(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Context | None:
        context, innermost = find(args, kwargs), recorder.innermost()
        return None if innermost is not None and innermost.context is context else context

    return find_outside


def _announce(executor: Any, run_name: object, configurable: Any) -> None:
    """Announce that the next chain run of this name in this context is the agent's."""
    own_name = Call(executor, {}, streams=False).own_name
    graph = Graph(as_str(run_name) or own_name, True, own_name, configurable)
    graph_announcements.announce(graph, _NOTHING)


def _announce_called(executor: Any) -> None:
    """Announce an agent that has been called, and has prepared its inputs."""
    called = _called.get()
    if called is not None and called[0] is executor:
        _called.set(None)
        config = as_mapping(called[1])
        _announce(executor, config.get("run_name"), config.get("configurable"))


def _announce_iterated(iterator: Any) -> None:
    """Announce the agent of an iterator that starts, or is made."""
    _announce(stored(iterator, "_agent_executor"), stored(iterator, "run_name"), None)


def _calling(guard: Guard, executor: type) -> Wrapper:
    """Note which agent is called, and with which config."""

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not isinstance(instance, executor):
            return wrapped(*args, **kwargs)
        guard.call(_note, instance, args, kwargs)
        try:
            return wrapped(*args, **kwargs)
        finally:
            _called.set(None)  # it may have failed before it was announced

    return wrapper


def _acalling(guard: Guard, executor: type) -> Wrapper:
    """The same in the task that the call runs in, which may be another than the one that made it."""

    async def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not isinstance(instance, executor):
            return await wrapped(*args, **kwargs)
        guard.call(_note, instance, args, kwargs)
        try:
            return await wrapped(*args, **kwargs)
        finally:
            _called.set(None)

    return wrapper


def _note(executor: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    _called.set((executor, argument(args, kwargs, 1, "config")))


def _preparing(guard: Guard, executor: type) -> Wrapper:
    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inputs = wrapped(*args, **kwargs)
        if isinstance(instance, executor):
            guard.call(_announce_called, instance)
        return inputs

    return wrapper


def _apreparing(guard: Guard, executor: type) -> Wrapper:
    async def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inputs = await wrapped(*args, **kwargs)
        if isinstance(instance, executor):
            guard.call(_announce_called, instance)
        return inputs

    return wrapper


def _resetting(guard: Guard) -> Wrapper:
    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = wrapped(*args, **kwargs)
        guard.call(_announce_iterated, instance)
        return result

    return wrapper
