"""A user's own callback handlers: they write down every event that they are told, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

EVENTS = tuple(name for name in dir(BaseCallbackHandler) if name.startswith("on_"))
Told = tuple[str, str | None, Any]


class Listening:
    """What the handlers below share.

    A run's story is what was told of it, in order, without anything that differs from one execution to the
    next. Concurrent runs are told of in no fixed order, so the stories are sorted.
    """

    def __init__(self) -> None:
        self._runs: dict[Any, list[Told]] = {}

    def note(self, event: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        parent = kwargs.get("parent_run_id")
        known = self._runs.get(parent)
        caller = known[0][0] if known else None if parent is None else "?"
        self._runs.setdefault(kwargs["run_id"], []).append((event, caller, _gist(args, kwargs)))

    @property
    def stories(self) -> list[tuple[Told, ...]]:
        return sorted((tuple(told) for told in self._runs.values()), key=repr)

    @property
    def events(self) -> list[str]:
        """Names of the events of the one run that was told of."""
        (story,) = self._runs.values()
        return [event for event, _, _ in story]

    def __len__(self) -> int:
        return len(self._runs)


def _gist(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    payload = kwargs.get("token", args[-1] if args else None)
    if isinstance(payload, BaseException):
        payload = repr(payload)
    elif payload is not None and hasattr(payload, "generations"):
        payload = [[each.text for each in generations] for generations in payload.generations]
    elif not isinstance(payload, str):
        payload = type(payload).__name__
    return payload, tuple(sorted(kwargs.get("tags") or ())), kwargs.get("name")


def _telling(event: str) -> Callable[..., None]:
    def told(self: Listening, /, *args: Any, **kwargs: Any) -> None:
        self.note(event, args, kwargs)

    return told


def _atelling(event: str) -> Callable[..., Any]:
    async def told(self: Listening, /, *args: Any, **kwargs: Any) -> None:
        await asyncio.sleep(0)
        self.note(event, args, kwargs)

    return told


Listener = type("Listener", (Listening, BaseCallbackHandler), {event: _telling(event) for event in EVENTS})
Inline = type("Inline", (Listener,), {"run_inline": True})
Async = type("Async", (Listening, AsyncCallbackHandler), {event: _atelling(event) for event in EVENTS})
SORTS: dict[str, Callable[[], Any]] = {"sync": Listener, "inline": Inline, "async": Async}
