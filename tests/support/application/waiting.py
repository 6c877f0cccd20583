"""Bodies that never return, and the cancelling of calls that are in one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

_arrived: ContextVar[asyncio.Event] = ContextVar("arrived")


async def wait_for_ever() -> None:
    """Stay until cancelled."""
    _arrived.get().set()
    await asyncio.Event().wait()


async def cancelled(call: Coroutine[Any, Any, Any]) -> Any:
    """Cancel a call that has come to `wait_for_ever`."""
    arrived = asyncio.Event()
    _arrived.set(arrived)
    running, arriving = asyncio.create_task(call), asyncio.create_task(arrived.wait())
    await asyncio.wait({running, arriving}, return_when=asyncio.FIRST_COMPLETED)
    arriving.cancel()
    running.cancel()
    return await running
