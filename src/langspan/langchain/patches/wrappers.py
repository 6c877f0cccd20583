"""The wrappers for each shape of code, and the scopes and contexts in which they run it.

A wrapper makes a scope for a call or finds the context of a body, and lets a driver run the host's code in
it. If there is none, the host's code runs as if it were not wrapped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from opentelemetry.context import Context

from langspan._events import Call, CallbackType
from langspan._guard import Guard
from langspan.context.carried import context_with
from langspan.context.drivers import (
    acall_in_scope,
    aiterate_in_scope,
    arun_in_context,
    call_in_scope,
    iterate_in_scope,
    run_in_context,
)
from langspan.context.scope import Scope
from langspan.langchain.patches.ledger import Wrapper
from langspan.langchain.patches.lookup import run_of

MakeScope = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], Scope | None]
FindContext = Callable[[tuple[Any, ...], Mapping[str, Any]], Context | None]


def calling(guard: Guard, make: MakeScope) -> Wrapper:
    """Return a wrapper for a function that will start a run."""

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        scope = None
        try:
            scope = make(instance, args, kwargs)
        except Exception as error:  # noqa: BLE001 - the application's call goes on
            guard.failed(make, error)
        return wrapped(*args, **kwargs) if scope is None else call_in_scope(scope, wrapped, *args, **kwargs)

    return wrapper


def awaiting(guard: Guard, make: MakeScope) -> Wrapper:
    """Return a wrapper for a coroutine function that will start a run."""

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        scope = None
        try:
            scope = make(instance, args, kwargs)
        except Exception as error:  # noqa: BLE001 - the application's call goes on
            guard.failed(make, error)
        return wrapped(*args, **kwargs) if scope is None else acall_in_scope(scope, wrapped, *args, **kwargs)

    return wrapper


def driving(guard: Guard, make: MakeScope) -> Wrapper:
    """Return a wrapper for a generator function, synchronous or not; other results pass unchanged."""

    def wrapper(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        generator = wrapped(*args, **kwargs)
        scope = guard.call(make, instance, args, kwargs)
        driver: Any = None
        if scope is not None and isinstance(generator, GeneratorType):
            driver = iterate_in_scope(scope, generator)
        elif scope is not None and isinstance(generator, AsyncGeneratorType):
            driver = aiterate_in_scope(scope, generator)
        if scope is None or driver is None:
            return generator
        guard.call(scope.watch, driver)
        return driver

    return wrapper


def calling_inside(guard: Guard, find: FindContext) -> Wrapper:
    """Return a wrapper for a function that is the body of a run."""

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        context = None
        try:
            context = find(args, kwargs)
        except Exception as error:  # noqa: BLE001 - the application's call goes on
            guard.failed(find, error)
        return (
            wrapped(*args, **kwargs) if context is None else run_in_context(context, wrapped, *args, **kwargs)
        )

    return wrapper


def awaiting_inside(guard: Guard, find: FindContext) -> Wrapper:
    """Return a wrapper for a coroutine function that is the body of a run."""

    def wrapper(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        context = None
        try:
            context = find(args, kwargs)
        except Exception as error:  # noqa: BLE001 - the application's call goes on
            guard.failed(find, error)
        return (
            wrapped(*args, **kwargs)
            if context is None
            else arun_in_context(context, wrapped, *args, **kwargs)
        )

    return wrapper


def recorded_call_scope(
    guard: Guard,
    callback: CallbackType,
    *,
    attach_on_start: bool = False,
    streams: bool = False,
    config_at: int | None = None,
    tries_in_turn: bool = False,
) -> MakeScope:
    """Return a function that makes a scope with the details that the run's start event lacks.

    Args:
        guard: The error boundary.
        callback: The callback that tells of the run.
        attach_on_start: See `Scope`.
        streams: The call asks for a stream.
        config_at: Where the call takes its config, if not by keyword.
        tries_in_turn: The runs directly below are alternatives, see `Call`.
    """

    def make(instance: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Scope:
        config = kwargs.get("config")
        if config is None and config_at is not None and len(args) > config_at:
            config = args[config_at]
        call = Call(instance, kwargs, streams, config, tries_in_turn)
        return Scope(guard, callback, attach_on_start=attach_on_start, call=call)

    return make


def stream_scope(guard: Guard) -> MakeScope:
    """Return a function that makes a scope for a streaming body, whose run LangChain may leave open."""

    def make(_instance: Any, _args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Scope | None:
        manager = kwargs.get("run_manager")
        run = run_of(manager, getattr(manager, "run_id", None))
        return None if run is None else Scope.around_stream(guard, run)

    return make


def context_of(name: str, position: int) -> FindContext:
    """Return a function that finds the context of a run from an argument: a run manager or a list of them.

    One call of a completion model serves many prompts; the first run represents all of them.

    Args:
        name: The name of the argument.
        position: The position of the argument.
    """

    def find(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Context | None:
        manager = kwargs.get(name)
        if manager is None and len(args) > position:
            manager = args[position]
        if isinstance(manager, list):
            manager = manager[0] if manager else None
        run = run_of(manager, getattr(manager, "run_id", None))
        return None if run is None else run.context

    return find


def context_of_config(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Context | None:
    """The context that hands the config's conversation and user on to a run whose event lacks them.

    LangChain gives models no config, only what it takes from one.
    """
    config = args[1] if len(args) > 1 else kwargs.get("config")
    configurable = config.get("configurable") if config else None
    return context_with(configurable) if configurable else None
