"""What `instrument()` would reject in the environment, and misspelt names that it would ignore."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final, get_args

from langspan._export_settings import FILE
from langspan._settings import SETTINGS
from langspan.export import exporters, sdk_settings, settings
from langspan.export.safe_file import problem_of
from langspan.export.settings import Signal

_VARIABLES: Final = tuple(setting.variable for setting in SETTINGS if setting.variable is not None)


def rejected(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Find the values that are invalid.

    Args:
        environ: The process environment. The address of traces is left out; it is tried out elsewhere.

    Yields:
        The variable and the message with the value and the fix, each message once.
    """
    messages: set[str] = set()
    for check in _checks(environ):
        try:
            check()
        except ValueError as error:
            if str(error) not in messages:
                messages.add(str(error))
                variable, _, text = str(error).partition("=")
                yield variable, text


def unknown(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Find the variables named `LANGSPAN_...` that are no settings.

    Yields:
        The variable, and what it may stand for.
    """
    for name in sorted(environ):
        if name.startswith("LANGSPAN_") and name not in _VARIABLES:
            near = get_close_matches(name, _VARIABLES, n=1)
            yield name, f"is no setting; did you mean {near[0]}?" if near else "is no setting"


def _checks(environ: Mapping[str, str]) -> Iterator[Callable[[], object]]:
    for setting in SETTINGS:
        yield partial(setting.read, environ)
    yield partial(_check_file, environ)
    for signal in get_args(Signal):
        yield partial(sdk_settings.check_provider, environ, signal)
        names = None if settings.disabled(environ) else settings.exporter_names(environ, signal)
        if names is not None:
            yield from _checks_of_signal(environ, signal, names)


def _checks_of_signal(
    environ: Mapping[str, str], signal: Signal, names: Sequence[str]
) -> Iterator[Callable[[], object]]:
    yield partial(settings.check_exporters, environ, signal)
    yield partial(sdk_settings.check, environ, signal)
    yield _NUMBERS[signal](environ)
    for name in names:
        if signal != "traces" or not name.startswith("otlp"):
            yield partial(exporters.factory, environ, signal, name)


_NUMBERS: Final[Mapping[Signal, Callable[[Mapping[str, str]], Callable[[], object]]]] = {
    "traces": lambda environ: partial(settings.check_batches, environ, "OTEL_BSP"),
    "metrics": lambda environ: partial(settings.check_intervals, environ),
    "logs": lambda environ: partial(settings.check_batches, environ, "OTEL_BLRP"),
}


def _check_file(environ: Mapping[str, str]) -> None:
    """Check that the file can be written, if spans go there, without making it."""
    if "langspan_file" in (settings.exporter_names(environ, "traces") or ()):
        path = Path(FILE.read(environ))
        problem = problem_of(path.lstat()) if path.exists() or path.is_symlink() else None
        if problem or path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            reason = f" ({problem})" if problem else ""
            raise ValueError(f"{FILE.variable}={str(path)!r} cannot be written{reason}; name another file")
