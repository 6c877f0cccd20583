"""uvicorn, which ends its process by a signal, after it has restored the handler that was there before it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, Final

SHUTDOWN_LIMIT: Final = 2.0
"""How long the end of a server's shutdown waits for the queue to be sent, in seconds."""


class UvicornShutdown:
    """Sends what is queued at the end of `uvicorn.Server.shutdown`, after the last request.

    After that it raises the signal again. The handler that then runs is not langspan's where the application
    was imported later, as in uvicorn's workers, or where gunicorn has reset it in a forked worker. No exit
    hook runs either. If uvicorn is not loaded, nothing is done.

    Args:
        flush: Sends what is queued, within a number of seconds.
    """

    def __init__(self, flush: Callable[[float], object]) -> None:
        self._flush: Callable[[float], object] | None = flush
        self._server: Any = None
        self._original: Any = None
        self._wrapper: Any = None

    def install(self) -> None:
        """Wrap the method, if uvicorn is loaded."""
        self._server = getattr(sys.modules.get("uvicorn.server"), "Server", None)
        self._original = getattr(self._server, "shutdown", None)
        if inspect.iscoroutinefunction(self._original):
            self._server.shutdown = self._wrapper = self._wrap(self._original)

    def remove(self) -> None:
        """Restore the method. If somebody else has wrapped it since, the wrapper stays and does nothing."""
        self._flush = None
        if self._server is not None and self._server.shutdown is self._wrapper:
            self._server.shutdown = self._original

    def _wrap(self, original: Any) -> Any:
        @functools.wraps(original)
        async def shutdown(*args: Any, **kwargs: Any) -> Any:
            try:
                return await original(*args, **kwargs)
            finally:
                if self._flush is not None:
                    # In a thread, because other servers may run on this loop.
                    await asyncio.to_thread(self._flush, SHUTDOWN_LIMIT)

        return shutdown
