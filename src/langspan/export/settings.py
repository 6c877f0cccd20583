"""What OpenTelemetry's standard variables say of the export: their text, what is exported, in which batches.

Pure functions of an environment. An invalid value raises a `ValueError` that names the variable, the value
and the fix.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Final, Literal, NamedTuple, TypeAlias

from langspan._export_settings import EXPORT_MAX_BYTES, QUEUE_MAX_BYTES
from langspan.export import memory

Signal: TypeAlias = Literal["traces", "metrics", "logs"]
Environ: TypeAlias = Mapping[str, str]
BatchPrefix: TypeAlias = Literal["OTEL_BSP", "OTEL_BLRP"]

MAX_SECONDS: Final = threading.TIMEOUT_MAX
"""The longest time that a thread can wait, in seconds; a longer one would raise where it waits."""

_LOGIN: Final = re.compile(r"(\w+://)?[^\s@]\S*@")
# After a path or a host: a question mark in a sentence is followed by a space or by nothing.
_QUERY: Final = re.compile(r"(?<=[\w/])\?[^\s'\"<>)\]]*=[^\s'\"<>)\]]*")
# An ended span without attributes takes about 2 KiB, and a log record about 1.
_LEAST_ITEM_BYTES: Final = 1024


def disabled(environ: Environ) -> bool:
    """Return whether `OTEL_SDK_DISABLED` turns OpenTelemetry off."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def exporter_names(environ: Environ, signal: Signal) -> tuple[str, ...] | None:
    """Read `OTEL_{SIGNAL}_EXPORTER`.

    Returns:
        The names of the exporters to build, possibly none, or None if this signal is not enabled. Traces
        are always enabled. Metrics and logs need a variable, because many receivers (a bare Jaeger) accept
        only traces and would answer every other export with an error.
    """
    names = value_of(environ, f"OTEL_{signal.upper()}_EXPORTER")
    if names is not None:
        return tuple(name for name in _listed(names) if name != "none")
    if signal == "traces" or value_of(environ, otlp_variable(signal, "ENDPOINT")) is not None:
        return ("otlp",)
    return None


def check_exporters(environ: Environ, signal: Signal) -> None:
    """Check the list of exporters as a whole; each name is checked where its exporter is built.

    Raises:
        ValueError: An exporter is named twice, and would send everything twice, or none is named beside one.
    """
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    value = value_of(environ, variable) or ""
    names = _listed(value)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{variable}={value!r} names {twice!r} twice; name it once")
    otlp = [name for name in names if name.split("_")[0] == "otlp"]
    if len(otlp) > 1:
        raise ValueError(f"{variable}={value!r} sends everything twice, by {' and '.join(otlp)}; keep one")
    if "none" in names and len(names) > 1:
        raise ValueError(f"{variable}={value!r} names 'none' beside another exporter; leave one of them out")


def max_bytes(environ: Environ) -> int:
    """Return the largest export request in bytes, before compression."""
    return int(EXPORT_MAX_BYTES.read(environ))


def queue_max_bytes(environ: Environ) -> int:
    """Return how many bytes of encoded items may wait for one exporter."""
    return int(QUEUE_MAX_BYTES.read(environ))


class BatchNumbers(NamedTuple):
    """What the variables of a batch processor say."""

    queue: int
    size: int
    delay: float
    """In seconds."""


def batch_numbers(environ: Environ, prefix: BatchPrefix) -> BatchNumbers:
    """Read the numbers for a batch processor, with the specification's defaults; they are checked."""
    delay = value_of(environ, f"{prefix}_SCHEDULE_DELAY") or ("5000" if prefix == "OTEL_BSP" else "1000")
    return BatchNumbers(
        int(value_of(environ, f"{prefix}_MAX_QUEUE_SIZE") or 2048),
        int(value_of(environ, f"{prefix}_MAX_EXPORT_BATCH_SIZE") or 512),
        int(delay) / 1000,
    )


def check_batches(environ: Environ, prefix: BatchPrefix) -> None:
    """Check the numbers for a batch processor.

    The SDK would silently use a default instead, or raise without naming the variable.

    Raises:
        ValueError: A value is not a positive whole number, a batch is larger than the queue, or the queue
            larger than the memory of the machine or its container.
    """
    for time in ("SCHEDULE_DELAY", "EXPORT_TIMEOUT"):
        positive_number(environ, f"{prefix}_{time}", whole=True, most=MAX_SECONDS * 1000)
    most = memory.available() // _LEAST_ITEM_BYTES
    size = positive_number(environ, f"{prefix}_MAX_EXPORT_BATCH_SIZE", whole=True) or 512
    queue = positive_number(environ, f"{prefix}_MAX_QUEUE_SIZE", whole=True) or 2048
    if queue > most:
        raise ValueError(
            f"{prefix}_MAX_QUEUE_SIZE={queue} is more than this machine's or container's memory holds;"
            f" use at most {most}"
        )
    if size > queue:
        raise ValueError(
            f"{prefix}_MAX_EXPORT_BATCH_SIZE={size} is more than the queue holds;"
            f" raise {prefix}_MAX_QUEUE_SIZE ({queue}) or lower it"
        )


def check_intervals(environ: Environ) -> None:
    """Check the interval and timeout of the metric reader.

    Raises:
        ValueError: A value is not a positive number of milliseconds.
    """
    positive_number(environ, "OTEL_METRIC_EXPORT_INTERVAL", most=MAX_SECONDS * 1000)
    positive_number(environ, "OTEL_METRIC_EXPORT_TIMEOUT", most=MAX_SECONDS * 1000)


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


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
