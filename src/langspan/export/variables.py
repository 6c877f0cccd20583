"""The text of OpenTelemetry's variables, and the errors of those that mean nothing. Pure functions."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Final, Literal, TypeAlias

Signal: TypeAlias = Literal["traces", "metrics", "logs"]
Environ: TypeAlias = Mapping[str, str]

MAX_SECONDS: Final = threading.TIMEOUT_MAX
"""The longest time that a thread can wait, in seconds; a longer one would raise where it waits."""

_LOGIN: Final = re.compile(r"(\w+://)?[^\s@]\S*@")
# After a path or a host: a question mark in a sentence is followed by a space or by nothing.
_QUERY: Final = re.compile(r"(?<=[\w/])\?[^\s'\"<>)\]]*=[^\s'\"<>)\]]*")


def without_secrets(text: str) -> str:
    """Hide logins and queries of the URLs in a message, for both can hold passwords and keys."""
    return _QUERY.sub("?***", _LOGIN.sub(r"\1***@", text))


def otlp_variable(signal: Signal | None, what: str) -> str:
    """Return the name of an OTLP exporter's variable, for one signal or, with None, for all."""
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what}" if signal else f"OTEL_EXPORTER_OTLP_{what}"


def first_set(environ: Environ, signal: Signal, what: str) -> tuple[str, str | None]:
    """Return an OTLP exporter's variable and its value: that of the signal, else that for all."""
    for variable in (otlp_variable(signal, what), otlp_variable(None, what)):
        if (value := value_of(environ, variable)) is not None:
            return variable, value
    return otlp_variable(None, what), None


def value_of(environ: Environ, variable: str) -> str | None:
    """Return the value without surrounding whitespace, or None.

    By the specification, an empty value is the same as an unset one.
    """
    return environ.get(variable, "").strip() or None


def positive_number(
    environ: Environ, variable: str, *, whole: bool = False, most: float = float("inf")
) -> float | None:
    """Read a number.

    Args:
        environ: The environment.
        variable: The variable.
        whole: Whether fractions are refused.
        most: The largest number that means something.

    Returns:
        The number, or None if the variable is unset.

    Raises:
        ValueError: The value is not a positive number, or above `most`.
    """
    value = value_of(environ, variable)
    if value is None:
        return None
    try:
        number: float = int(value) if whole else float(value)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        kind = "whole number" if whole else "number"
        raise ValueError(f"{variable}={value!r} is not a positive {kind}; correct or unset it")
    if number > most:
        raise ValueError(f"{variable}={value!r} is too large; use at most {most:.0f} or unset it")
    return number


def check_word(environ: Environ, variable: str, known: Collection[str]) -> None:
    """Check that a variable, if it is set, has one of a few values, in upper or lower case.

    Raises:
        ValueError: It has another one.
    """
    # As it stands: whoever reads it later does not strip it.
    value = environ.get(variable) or None
    if value is not None and value.lower() not in known:
        raise ValueError(f"{variable}={value!r} is unknown; use {' or '.join(sorted(known))}, or unset it")


def check_installed(variable: str, value: str, names: Iterable[str], group: str) -> None:
    """Check that each name is registered by an installed package.

    Args:
        variable: The variable that holds the names.
        value: Its value, for the message.
        names: The names.
        group: The group of entry points that they belong to.

    Raises:
        ValueError: A name is not registered.
    """
    known = entry_points(group=group).names
    for name in names:
        if name not in known:
            raise ValueError(
                f"{variable}={value!r} names {name!r}, which no installed package provides;"
                f" install its package or choose from: {', '.join(sorted(known))}"
            )
