"""The one error boundary between langspan and the application that hosts it.

Everything that LangChain calls passes through here. In production an internal error is logged once per
kind and the application goes on; in tests (`raising=True`) it surfaces.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

_logger = logging.getLogger("langspan")

P = ParamSpec("P")
R = TypeVar("R")


class Guard:
    """Contains internal errors, or raises them.

    Args:
        raising: Let internal errors through. For tests; a host must never see one of ours.
    """

    __slots__ = ("_seen", "raising")

    def __init__(self, *, raising: bool = False) -> None:
        self.raising = raising
        self._seen: dict[tuple[str, type[BaseException]], object] = {}

    def report(self, where: str, error: Exception) -> None:
        """Log an internal error, once for each place and type of error.

        Args:
            where: The operation that failed, for the log line.
            error: What was raised. Its text may hold the application's data, so only debug logging shows it.

        Raises:
            Exception: `error` itself, in raising mode.
        """
        if self.raising:
            raise error
        mine = object()
        # One step, for another thread may fail at the same place right now.
        if self._seen.setdefault((where, type(error)), mine) is not mine:
            return
        # Logging passes through filters of the host's own, and those may fail.
        with contextlib.suppress(Exception):
            _logger.warning(
                "langspan: internal error in %s (%s); the application is not affected, telemetry may be "
                "incomplete. Logged once; set the 'langspan' logger to DEBUG for the traceback.",
                where,
                type(error).__name__,
            )
            _logger.debug("langspan: traceback of the internal error in %s", where, exc_info=error)

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Call `function`; on an internal error report it and return None."""
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the boundary itself
            self.report(getattr(function, "__qualname__", repr(type(function))), error)
            return None


Method = TypeVar("Method", bound=Callable[..., None])


def contained(method: Method) -> Method:
    """Make a method that LangChain calls unable to raise: errors go to `self.guard`.

    It takes arguments by position only: passing keywords on costs more than all else that is done here.
    """
    where = method.__qualname__

    @functools.wraps(method)
    def call(self: Any, /, *args: Any) -> None:
        try:
            method(self, *args)
        except Exception as error:  # noqa: BLE001 - the boundary itself
            self.guard.report(where, error)

    return cast("Method", call)
