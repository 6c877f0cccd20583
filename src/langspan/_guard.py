"""The one error boundary between langspan and the application that hosts it.

Everything that LangChain calls passes through here. In production, an internal error is logged once per
place and type, and the application goes on. In tests (`raising=True`), it is raised.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from langspan._stats import Tallies

_logger = logging.getLogger("langspan")

P = ParamSpec("P")
R = TypeVar("R")


class Guard:
    """The error boundary, which contains internal errors.

    Args:
        raising: Whether internal errors are raised. For tests only: an application must never see them.

    Attributes:
        tallies: Counts what goes wrong, not only here: the guard is where everybody gets.
    """

    __slots__ = ("_seen", "raising", "tallies")

    def __init__(self, *, raising: bool = False) -> None:
        self.raising = raising
        self.tallies = Tallies()
        self._seen: dict[tuple[str, type[BaseException]], object] = {}

    def report(self, where: str, error: Exception) -> None:
        """Log an internal error, once for each place and type of error.

        Args:
            where: The operation that failed, for the log line.
            error: The exception. Its text may contain the application's data, so only debug logging shows it.

        Raises:
            Exception: `error` itself, in raising mode.
        """
        if self.raising:
            raise error
        self.tallies.internal_errors.add()
        mine = object()
        # One atomic step, because another thread may fail at the same place at the same time.
        if self._seen.setdefault((where, type(error)), mine) is not mine:
            return
        # Logging runs the application's own filters, which may fail.
        with contextlib.suppress(Exception):
            _logger.warning(
                "langspan: error in %s (%s); the application is not affected, telemetry may be "
                "incomplete. Logged once; set the 'langspan' logger to DEBUG for the traceback.",
                where,
                type(error).__name__,
            )
            _logger.debug("langspan: traceback of the error in %s", where, exc_info=error)

    def call(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Call `function`; if it raises, report the error and return None."""
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the boundary itself
            self.failed(function, error)
            return None

    def failed(self, function: Callable[..., object], error: Exception) -> None:
        """Report that `function` raised, where it is called often: `call` costs as much as a call more."""
        self.report(getattr(function, "__qualname__", repr(type(function))), error)


Method = TypeVar("Method", bound=Callable[..., None])


def contained(method: Method) -> Method:
    """Wrap a method that LangChain calls so that its errors go to `self.guard` instead.

    The wrapped method takes positional arguments only, because passing on keywords costs more than
    everything else here.
    """
    where = method.__qualname__

    @functools.wraps(method)
    def call(self: Any, /, *args: Any) -> None:
        try:
            method(self, *args)
        except Exception as error:  # noqa: BLE001 - the boundary itself
            self.guard.report(where, error)

    return cast("Method", call)
