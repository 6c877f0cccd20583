"""What is exported, and in which batches, from OpenTelemetry's standard variables.

Pure functions of an environment. An invalid value raises a `ValueError` that names the variable, the value
and the fix.
"""

from __future__ import annotations

import os
import sys
from typing import Final, Literal

from langspan._settings import EXPORT_MAX_BYTES
from langspan.export.variables import MAX_SECONDS, Environ, Signal, otlp_variable, positive_number, value_of

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


def check_batches(environ: Environ, prefix: Literal["OTEL_BSP", "OTEL_BLRP"]) -> None:
    """Check the numbers for a batch processor.

    The SDK would silently use a default instead, or raise without naming the variable.

    Raises:
        ValueError: A value is not a positive whole number, a batch is larger than the queue, or the queue
            larger than the machine's memory.
    """
    for time in ("SCHEDULE_DELAY", "EXPORT_TIMEOUT"):
        positive_number(environ, f"{prefix}_{time}", whole=True, most=MAX_SECONDS * 1000)
    most = _memory() // _LEAST_ITEM_BYTES
    size = positive_number(environ, f"{prefix}_MAX_EXPORT_BATCH_SIZE", whole=True) or 512
    queue = positive_number(environ, f"{prefix}_MAX_QUEUE_SIZE", whole=True) or 2048
    if queue > most:
        raise ValueError(
            f"{prefix}_MAX_QUEUE_SIZE={queue} is more than this machine's memory holds; use at most {most}"
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


def _memory() -> int:
    """Return the bytes of memory of this machine, or what can be addressed if the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize
