"""Tools that double a number, and open an application span while they do."""

from __future__ import annotations

from typing import Any

from langchain_core.tools import tool

from support.probe import Probe


def double(probe: Probe, error: BaseException | None = None, **options: Any) -> Any:
    """A tool of a synchronous function; with an error, one that raises it."""

    @tool
    def double(number: int) -> int:
        """Double a number."""
        with probe.start_as_current_span():
            if error is not None:
                raise error
            return number * 2

    return _with(double, options)


def adouble(probe: Probe, error: BaseException | None = None, **options: Any) -> Any:
    """The same of a coroutine function."""

    @tool
    async def double(number: int) -> int:
        """Double a number."""
        with probe.start_as_current_span():
            if error is not None:
                raise error
            return number * 2

    return _with(double, options)


def _with(tool: Any, options: dict[str, Any]) -> Any:
    for name, value in options.items():
        setattr(tool, name, value)
    return tool
