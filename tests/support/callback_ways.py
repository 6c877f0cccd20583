"""Every way of giving callbacks to a run: through the model, through the call, or around it.

A way takes the user's handler and a list with a `langspan.CallbackHandler` in it, or with nothing for the
untraced run to compare with. It is open while the run goes on.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.callbacks.manager import atrace_as_chain_group, trace_as_chain_group

import langspan
from support.recording import Recording


@dataclass
class Given:
    """What a way hands over, and where the run is expected.

    Attributes:
        model: Arguments for the model's constructor.
        config: The config of the call; None to pass none.
        bound: A config that is bound with `with_config`; None to bind none.
        under: Names of the runs that the call's run is expected under, outermost first.
    """

    model: dict[str, Any] = field(default_factory=dict)
    config: Any = None
    bound: Any = None
    under: tuple[str, ...] = ()


def our_handler(recording: Recording) -> langspan.CallbackHandler:
    """A handler of ours that records there and lets its internal errors through."""
    handler = langspan.CallbackHandler(recording.provider)
    handler.recorder.guard.raising = True
    return handler


Way = Callable[[Any, list[Any]], AbstractContextManager[Given]]
AsyncWay = Callable[[Any, list[Any]], AbstractAsyncContextManager[Given]]


def _plain(give: Callable[[Any, list[Any]], Given]) -> Way:
    @contextmanager
    def way(user: Any, ours: list[Any]) -> Iterator[Given]:
        yield give(user, ours)

    return way


def _holding(manager: Any, handlers: list[Any]) -> Any:
    for handler in handlers:
        manager.add_handler(handler, inherit=True)
    return manager


@contextmanager
def _child(user: Any, ours: list[Any]) -> Iterator[Given]:
    """The manager that a running chain hands to what it calls."""
    manager = CallbackManager.configure([user])
    run = manager.on_chain_start(None, {}, name="caller")
    yield Given(config={"callbacks": run.get_child()}, under=("caller",))
    run.on_chain_end({})


@contextmanager
def _grandchild(user: Any, ours: list[Any]) -> Iterator[Given]:
    outer = CallbackManager.configure([user]).on_chain_start(None, {}, name="outer")
    inner = outer.get_child().on_chain_start(None, {}, name="caller")
    yield Given(config={"callbacks": inner.get_child("tag")}, under=("outer", "caller"))
    inner.on_chain_end({})
    outer.on_chain_end({})


@contextmanager
def _group(user: Any, ours: list[Any]) -> Iterator[Given]:
    with trace_as_chain_group("group", CallbackManager([user])) as manager:
        yield Given(config={"callbacks": manager}, under=("group",))


@asynccontextmanager
async def _achild(user: Any, ours: list[Any]) -> AsyncIterator[Given]:
    manager = AsyncCallbackManager.configure([user])
    run = await manager.on_chain_start(None, {}, name="caller")
    yield Given(config={"callbacks": run.get_child()}, under=("caller",))
    await run.on_chain_end({})


@asynccontextmanager
async def _sync_child_of_async(user: Any, ours: list[Any]) -> AsyncIterator[Given]:
    manager = AsyncCallbackManager.configure([user])
    run = await manager.on_chain_start(None, {}, name="caller")
    yield Given(config={"callbacks": run.get_sync().get_child()}, under=("caller",))
    await run.on_chain_end({})


@asynccontextmanager
async def _agroup(user: Any, ours: list[Any]) -> AsyncIterator[Given]:
    async with atrace_as_chain_group("group", AsyncCallbackManager([user])) as manager:
        yield Given(config={"callbacks": manager}, under=("group",))


# Through the call: these work with every runnable.
CALL: dict[str, Way] = {
    "none": _plain(lambda user, ours: Given()),
    "empty list": _plain(lambda user, ours: Given(config={"callbacks": []})),
    "call": _plain(lambda user, ours: Given(config={"callbacks": [user]})),
    "manager": _plain(lambda user, ours: Given(config={"callbacks": CallbackManager([user])})),
    "inheriting manager": _plain(
        lambda user, ours: Given(config={"callbacks": _holding(CallbackManager([]), [user])})
    ),
    "async manager": _plain(lambda user, ours: Given(config={"callbacks": AsyncCallbackManager([user])})),
    "configured manager": _plain(
        lambda user, ours: Given(config={"callbacks": CallbackManager.configure([user])})
    ),
    "child manager": _child,
    "grandchild manager": _grandchild,
    "chain group": _group,
    "bound": _plain(lambda user, ours: Given(bound={"callbacks": [user]})),
    "bound manager": _plain(lambda user, ours: Given(bound={"callbacks": CallbackManager([user])})),
    "ours alone": _plain(lambda user, ours: Given(config={"callbacks": ours or None})),
    "ours beside": _plain(lambda user, ours: Given(config={"callbacks": [*ours, user]})),
    "ours in a manager": _plain(
        lambda user, ours: Given(config={"callbacks": _holding(CallbackManager([]), [user, *ours])})
    ),
    "ours bound": _plain(lambda user, ours: Given(bound={"callbacks": [user, *ours]})),
    "ours deep-copied": _plain(lambda user, ours: Given(config=copy.deepcopy({"callbacks": ours or None}))),
}

# Through the constructor of a model.
CONSTRUCTOR: dict[str, Way] = {
    "constructor": _plain(lambda user, ours: Given({"callbacks": [user]})),
    "manager in the constructor": _plain(lambda user, ours: Given({"callbacks": CallbackManager([user])})),
    "async manager in the constructor": _plain(
        lambda user, ours: Given({"callbacks": AsyncCallbackManager([user])})
    ),
    "constructor and call": _plain(lambda user, ours: Given({"callbacks": [user]}, {"callbacks": [user]})),
    "constructor and manager": _plain(
        lambda user, ours: Given({"callbacks": [user]}, {"callbacks": CallbackManager([])})
    ),
    "ours in the constructor": _plain(lambda user, ours: Given({"callbacks": [*ours, user]})),
    "ours in the constructor and the call": _plain(
        lambda user, ours: Given({"callbacks": ours}, {"callbacks": [user, *ours]})
    ),
}

ASYNC: dict[str, AsyncWay] = {
    "async child manager": _achild,
    "sync child of an async manager": _sync_child_of_async,
    "async chain group": _agroup,
}
