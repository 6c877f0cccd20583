"""`langspan.context`: ids, tags and metadata for every run that starts inside a block or a function.

They travel in the OpenTelemetry context, as its spans do: along tasks, and into threads that get a copy.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import TracebackType
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._events import Given
from langspan._guard import Guard
from langspan._values import as_id
from langspan.context.carried import GIVEN, given_by
from langspan.context.collection import collection
from langspan.context.drivers import aiterate_in_scope, generator_function, iterate_in_scope
from langspan.context.scope import swap

P = ParamSpec("P")
T = TypeVar("T")
_guard: Final = Guard()


class _Entry(NamedTuple):
    """One time that a block was entered: which block, and what was current outside."""

    block: context
    outside: Context


class _Steps:
    """Makes a context current in each step of a generator's body, and ends nothing: see `drivers.Stepped`.

    Args:
        context: The context.
    """

    __slots__ = ("_inside", "_outside")

    def __init__(self, context: Context) -> None:
        self._inside = context
        self._outside: Context | None = None

    def resume(self) -> None:
        """Make the context current before a step."""
        self._outside = swap(self._inside)

    def suspend(self) -> None:
        """Restore the previous one after the step. What the body leaves is kept for the next."""
        if self._outside is not None and (collection.thread is None or not collection.is_here()):
            self._inside = otel.get_current()
            otel.attach(self._outside)

    def close(self, _error: BaseException | None, /) -> None:
        """Do nothing: no run belongs to the generator."""

    close_soon = close


class context:  # noqa: N801 - used like a function, as `contextlib`'s are
    """Give every run that starts inside a block these ids, tags and metadata.

    `with langspan.context(user_id="u-1"):` works in synchronous and asynchronous code. As a decorator it is
    for functions, coroutine functions and generators; what consumes a generator stays outside. It holds in
    tasks, in streams, and in threads that get a copy of the context. Blocks nest: the inner one's ids and
    metadata count, tags add up. What a call's own config says comes first.

    Args:
        conversation_id: The conversation, as `gen_ai.conversation.id`: a string, an integer or a UUID.
        user_id: The user, as `user.id`: likewise.
        session_id: The session, as `session.id`: likewise.
        tags: Tags, in addition to those of the calls.
        metadata: Metadata, in addition to that of the calls. Like theirs it is content, but for the keys that
            `metadata_keys` names.
        baggage: Send all of it along with requests to other processes, as W3C baggage: to any server that an
            instrumented client calls. A process reads it if its setting `read_baggage` is on.

    Raises:
        ValueError: A value has the wrong type or cannot be sent; the message names the argument and the fix.
    """

    def __init__(
        self,
        *,
        conversation_id: object = None,
        user_id: object = None,
        session_id: object = None,
        tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        baggage: bool = False,
    ) -> None:
        self._given = Given(
            _id("conversation_id", conversation_id),
            _id("user_id", user_id),
            _id("session_id", session_id),
            _tags(tags),
            _metadata(metadata),
        )
        self._headers: Mapping[str, str] = {}
        if baggage:
            # Imported where it is used: most applications send none.
            self._headers = import_module("langspan.context.baggage").entries(self._given)

    def __enter__(self) -> None:
        outside = otel.get_current()
        otel.attach(_guard.call(self._inside, outside) or outside)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entry = getattr(otel.get_current().get(GIVEN), "entry", None)
        # An abandoned coroutine may be closed in a foreign context, where there is nothing to restore.
        if not isinstance(entry, _Entry) or entry.block is not self:
            return
        if collection.thread is None or not collection.is_here():
            otel.attach(entry.outside)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return the function so that its runs start inside the block."""
        made: Any = _decorated(self, function)
        return functools.wraps(function)(made)

    def _inside(self, outside: Context) -> Context:
        """Return the context inside the block."""
        given = self._given._replace(entry=_Entry(self, outside)).over(given_by(outside))
        inside = Context({**outside, GIVEN: given})
        if self._headers:
            inside = import_module("langspan.context.baggage").with_entries(self._headers, inside)
        return inside

    def _steps(self) -> _Steps:
        outside = otel.get_current()
        return _Steps(_guard.call(self._inside, outside) or outside)


def _decorated(block: context, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of the same shape, for callers look at that."""
    if inspect.isasyncgenfunction(function):
        return generator_function(
            lambda *args, **kwargs: aiterate_in_scope(block._steps(), function(*args, **kwargs))  # noqa: SLF001
        )
    if inspect.isgeneratorfunction(function):

        def generator(*args: Any, **kwargs: Any) -> Any:
            return (yield from iterate_in_scope(block._steps(), function(*args, **kwargs)))  # noqa: SLF001

        return generator
    if inspect.iscoroutinefunction(function):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with block:
                return await function(*args, **kwargs)

        return coroutine

    def call(*args: Any, **kwargs: Any) -> Any:
        with block:
            return function(*args, **kwargs)

    return call


def _id(name: str, value: object) -> str | None:
    """Return an id as text; None if there is none, or it is empty."""
    found = as_id(value)
    if found is None and value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is of type {type(value).__name__}; pass a string, an integer or a UUID")
    return found or None


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple | set | frozenset) or not all(type(tag) is str for tag in value):
        raise ValueError("tags is not a list of strings; pass one such as tags=['beta']")
    return tuple(value)


def _metadata(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError("metadata is not a mapping from strings; pass one such as metadata={'plan': 'free'}")
    return dict(value)
