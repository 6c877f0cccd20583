"""Callback handlers of an application that fail, or take their time, in the middle of an event."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler

from support.waiting import Gate


class CrashError(Exception):
    """Raised by a handler."""


class Crashing(BaseCallbackHandler):
    """Fails in one event, and has LangChain let that through to the caller."""

    raise_error = True

    def __init__(self, event: str) -> None:
        def crash(*args: Any, **kwargs: Any) -> None:
            raise CrashError(event)

        setattr(self, event, crash)


class CrashingInline(Crashing):
    """The same, told by the asynchronous managers before all others."""

    run_inline = True


class Slow(AsyncCallbackHandler):
    """Does not come to an end of one event before its gate is opened."""

    def __init__(self, event: str, gate: Gate) -> None:
        async def wait(*args: Any, **kwargs: Any) -> None:
            await gate.wait()

        setattr(self, event, wait)
