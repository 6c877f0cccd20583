"""Drivers that run the host's functions, coroutines and generators with a context current.

The drivers are on the application's stack while its own code runs, so nothing in them can fail: each step
is a contained method of a scope, or two calls of OpenTelemetry. No variable here keeps an exception alive,
so that the objects in its frames are freed as soon as the host drops it.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import Any, ParamSpec, Protocol, TypeVar

from opentelemetry.context import Context

from langspan.context.scope import Scope, swap, swap_back

P = ParamSpec("P")
T = TypeVar("T")


class Stepped(Protocol):
    """What the drivers of generators need of a scope. None of it raises."""

    def resume(self) -> None:
        """Prepare a step of the host's code."""

    def suspend(self) -> None:
        """Undo that after the step."""

    def close(self, error: BaseException | None, /) -> None:
        """Note that the generator has ended."""

    def close_soon(self, error: BaseException | None, /) -> None:
        """Note that the asynchronous generator has ended."""


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
    """Call the host's function in a scope."""
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
    """Await the host's coroutine function in a scope."""
    scope.resume()
    try:
        result = await function(*args, **kwargs)
    except BaseException as error:
        scope.suspend_and_close_soon(error)
        raise
    scope.suspend_and_close_soon(None)
    return result


def iterate_in_scope(scope: Stepped, generator: Generator[T, Any, Any]) -> Generator[T, Any, Any]:
    """Iterate the host's generator in a scope: its run is current in its body, but not in the consumer."""
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
                sent = None  # an exception in here would keep this frame alive through its traceback
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


async def aiterate_in_scope(scope: Stepped, generator: AsyncGenerator[T, Any]) -> AsyncGenerator[T, Any]:
    """Iterate the host's asynchronous generator in a scope, in the consumer's own task."""
    step: Callable[[Any], Awaitable[T]] = _first_step_unregistered
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


def generator_function(make: Callable[P, AsyncGenerator[T, Any]]) -> Callable[P, AsyncGenerator[T, Any]]:
    """Return what `make` does as an asynchronous generator function: callers look at the shape.

    Args:
        make: Returns a driver of this module.
    """

    async def generator(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[T, Any]:
        driver = make(*args, **kwargs)
        step: Callable[[Any], Awaitable[T]] = _first_step_unregistered
        sent: Any = driver
        while True:
            try:
                item = await step(sent)
            except StopAsyncIteration:
                return
            finally:
                sent = None  # as above
            try:
                sent = yield item
                step = driver.asend
            except GeneratorExit:
                await driver.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - the host's generator decides what to do with it
                sent, step = error, driver.athrow

    return generator


def _first_step_unregistered(generator: AsyncGenerator[T, Any]) -> Awaitable[T]:
    """Request the first item without registering the generator with the event loop.

    An event loop closes all registered generators at once when it shuts down, and those that the garbage
    collector finds. It knows the driver of this generator. If it knew both, it would close this one a second
    time and report an error.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=None, finalizer=_leave_to_the_driver)
    try:
        return generator.__anext__()
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _leave_to_the_driver(_: AsyncGenerator[Any, Any]) -> None:
    """Do nothing. Without a finalizer, Python would close the generator itself and not wait for it."""
