"""Agents' middleware: which attempt at a model or tool it makes, which model it replaces, its own time.

The hooks `wrap_model_call` and `wrap_tool_call` have no callbacks, and LangChain compares them by identity,
so they are not touched. Patched are the functions that compose them into one when an agent is made.

Source: `langchain.agents.factory`, `_chain_model_call_handlers` and its three likes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, Final, TypeAlias

from langspan._guard import Guard
from langspan.context.drivers import arun_in_context, run_in_context
from langspan.langchain.handler import RecordingHandler
from langspan.langchain.patches.hook_calls import Executions, HookTime, hook_owner
from langspan.langchain.patches.ledger import Ledger, Wrapper

_HOOKS: Final = {
    "_chain_model_call_handlers": "wrap_model_call",
    "_chain_tool_call_wrappers": "wrap_tool_call",
}
_ASYNC_HOOKS: Final = {
    "_chain_async_model_call_handlers": "awrap_model_call",
    "_chain_async_tool_call_wrappers": "awrap_tool_call",
}

Hook: TypeAlias = Callable[..., Any]


def install(ledger: Ledger, guard: Guard, handler: RecordingHandler, module: ModuleType) -> None:
    """Patch what composes the hooks of an agent. Agents that were made before are left as they are.

    Args:
        ledger: The record of the patches: once they are undone, nothing is recorded.
        guard: The error boundary.
        handler: The handler whose recorder records the runs.
        module: `langchain.agents.factory`.
    """
    counted = functools.partial(_counted, ledger, guard, handler)
    for name, hook in _HOOKS.items():
        timed = functools.partial(_timed, ledger, guard, handler, hook)
        ledger.wrap(module, name, _composing(guard, timed, counted))
    acounted = functools.partial(_acounted, ledger, guard, handler)
    for name, hook in _ASYNC_HOOKS.items():
        atimed = functools.partial(_atimed, ledger, guard, handler, hook)
        ledger.wrap(module, name, _composing(guard, atimed, acounted))


def _composing(guard: Guard, timed: Callable[[Hook], Hook], counted: Callable[[Hook], Hook]) -> Wrapper:
    """Return a wrapper that composes functions around the hooks in place of the hooks."""

    def around_each(hooks: Sequence[Hook]) -> list[Hook]:
        return [timed(hook) for hook in hooks]

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        around = guard.call(around_each, args[0]) if len(args) == 1 and not kwargs else None
        if not around:
            return wrapped(*args, **kwargs)
        composed = wrapped(around)
        return guard.call(counted, composed) or composed

    return wrapper


def _timed(ledger: Ledger, guard: Guard, handler: RecordingHandler, kind: str, hook: Hook) -> Hook:
    """Return a function that runs a hook, and records the time that the hook takes for itself."""
    start = functools.partial(HookTime.start, ledger, guard, handler.recorder, f"{hook_owner(hook)}.{kind}")

    def wrapper(request: Any, inner: Hook) -> Any:
        time = guard.call(start)
        if time is None:
            return hook(request, inner)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            time.suspend()
            try:
                return inner(*args, **kwargs)
            finally:
                time.resume()

        try:
            return hook(request, wrapper)
        finally:
            time.stop()

    return wrapper


def _atimed(ledger: Ledger, guard: Guard, handler: RecordingHandler, kind: str, hook: Hook) -> Hook:
    """Return a coroutine function that does the same for an asynchronous hook."""
    start = functools.partial(HookTime.start, ledger, guard, handler.recorder, f"{hook_owner(hook)}.{kind}")

    async def wrapper(request: Any, inner: Hook) -> Any:
        time = guard.call(start)
        if time is None:
            return await hook(request, inner)

        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            time.suspend()
            try:
                return await inner(*args, **kwargs)
            finally:
                time.resume()

        try:
            return await hook(request, wrapper)
        finally:
            time.stop()

    return wrapper


def _counted(ledger: Ledger, guard: Guard, handler: RecordingHandler, composed: Hook) -> Hook:
    """Return a function that runs all hooks of an agent, and counts how often they run model or tool."""
    start = functools.partial(Executions.start, ledger, handler.recorder)

    def wrapper(request: Any, execute: Hook) -> Any:
        executions = guard.call(start, request)
        if executions is None:
            return composed(request, execute)

        def wrapper(request: Any) -> Any:
            context = guard.call(executions.context_of_next, request)
            return execute(request) if context is None else run_in_context(context, execute, request)

        return composed(request, wrapper)

    return wrapper


def _acounted(ledger: Ledger, guard: Guard, handler: RecordingHandler, composed: Hook) -> Hook:
    """Return a coroutine function that does the same for asynchronous hooks."""
    start = functools.partial(Executions.start, ledger, handler.recorder)

    async def wrapper(request: Any, execute: Hook) -> Any:
        executions = guard.call(start, request)
        if executions is None:
            return await composed(request, execute)

        async def wrapper(request: Any) -> Any:
            context = guard.call(executions.context_of_next, request)
            if context is None:
                return await execute(request)
            return await arun_in_context(context, execute, request)

        return await composed(request, wrapper)

    return wrapper
