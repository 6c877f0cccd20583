"""Run the host's code with a context in place: functions, coroutines, generators of both kinds.

The drivers are in the application's stack while its own code runs, so they contain nothing of ours that
could fail: each step goes through a contained method of a scope, or through two calls of OpenTelemetry. No
variable here outlives the handling of an exception: what its frames hold is freed when the host lets it go.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any, ParamSpec, TypeVar

from opentelemetry.context import Context

from langspan.context.scope import Scope, swap, swap_back

P = ParamSpec("P")
T = TypeVar("T")


def run_in_context(context: Context, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the host's function with `context` current."""
    previous = swap(context)
    try:
        return function(*args, **kwargs)
    finally:
        swap_back(previous)


async def arun_in_context(
    context: Context, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Await the host's coroutine function with `context` current."""
    previous = swap(context)
    try:
        return await function(*args, **kwargs)
    finally:
        swap_back(previous, only_if=context)


def call_in_scope(scope: Scope, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call the host's function under a scope."""
    scope.resume()
    try:
        result = function(*args, **kwargs)
    except BaseException as error:
        scope.suspend_and_close(error)
        raise
    scope.suspend_and_close(None)
    return result


async def acall_in_scope(
    scope: Scope, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Await the host's coroutine function under a scope."""
    scope.resume()
    try:
        result = await function(*args, **kwargs)
    except BaseException as error:
        scope.suspend_and_close_soon(error)
        raise
    scope.suspend_and_close_soon(None)
    return result


def iterate_in_scope(scope: Scope, generator: Generator[T, Any, Any]) -> Generator[T, Any, Any]:
    """Drive the host's generator under a scope: its run is current in its body, never in the consumer."""
    step: Callable[[Any], T] = generator.send
    sent: Any = None
    try:
        while True:
            scope.resume()
            try:
                item = step(sent)
            except StopIteration as stop:
                result = stop.value
                break
            finally:
                sent = None  # an exception that stayed here would hold this very frame, by its traceback
                scope.suspend()
            try:
                sent = yield item
                step = generator.send
            except GeneratorExit:
                scope.resume()
                try:
                    generator.close()
                finally:
                    scope.suspend()
                raise
            except BaseException as error:  # noqa: BLE001 - the host's generator decides what to do with it
                sent, step = error, generator.throw
    except BaseException as error:
        scope.close(error)
        raise
    scope.close(None)
    return result


async def aiterate_in_scope(scope: Scope, generator: AsyncGenerator[T, Any]) -> AsyncGenerator[T, Any]:
    """Drive the host's asynchronous generator under a scope, in the consumer's own task."""
    step: Callable[[Any], Awaitable[T]] = _begin_unseen
    sent: Any = generator
    try:
        while True:
            scope.resume()
            try:
                item = await step(sent)
            except StopAsyncIteration:
                break
            finally:
                sent = None  # as above
                scope.suspend()
            try:
                sent = yield item
                step = generator.asend
            except GeneratorExit:
                scope.resume()
                try:
                    await generator.aclose()
                finally:
                    scope.suspend()
                raise
            except BaseException as error:  # noqa: BLE001 - the host's generator decides what to do with it
                sent, step = error, generator.athrow
    except BaseException as error:
        scope.close_soon(error)
        raise
    scope.close_soon(None)


def _begin_unseen(generator: AsyncGenerator[T, Any]) -> Awaitable[T]:
    """Ask for the first item without telling the event loop of the generator.

    An event loop that shuts down closes all generators it was told of, at once; and so it closes those that
    the garbage collector finds. It knows the one that drives this one; told of both, it would close this one
    a second time, and complain.
    """
    told = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=None, finalizer=_leave_to_the_driver)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*told)


def _leave_to_the_driver(_: AsyncGenerator[Any, Any]) -> None:
    """Do nothing: without any finalizer Python itself would close the generator, and not wait for it."""
