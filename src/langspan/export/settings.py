"""The settings of the exporters, from OpenTelemetry's standard variables.

Pure functions of an environment. An invalid value raises a `ValueError` that names the variable, the value
and the fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from langspan._settings import EXPORT_MAX_BYTES

Signal: TypeAlias = Literal["traces", "metrics", "logs"]
Environ: TypeAlias = Mapping[str, str]

GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
_GRPC_PORT: Final = 4317
_COMPRESSIONS: Final = {GRPC: ("gzip", "none"), HTTP: ("gzip", "deflate", "none")}


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
    names = _value(environ, f"OTEL_{signal.upper()}_EXPORTER")
    if names is not None:
        return tuple(name.strip() for name in names.split(",") if name.strip() not in ("", "none"))
    if signal == "traces" or _value(environ, _variable(signal, "ENDPOINT")) is not None:
        return ("otlp",)
    return None


def protocol(environ: Environ, signal: Signal) -> str:
    """Return the OTLP protocol: `grpc` or `http/protobuf`.

    The default is `http/protobuf`, as in the OTLP exporter specification, but `grpc` for an endpoint with
    port 4317: only gRPC receivers listen there, and the mistake would show only as failing exports.

    Raises:
        ValueError: The protocol is not supported, or the endpoint is not a URL.
    """
    variable, value = _first_set(environ, signal, "PROTOCOL")
    if value is None:
        endpoint = _endpoint(environ, signal)
        return GRPC if endpoint is not None and endpoint.port == _GRPC_PORT else HTTP
    if value not in (GRPC, HTTP):
        raise ValueError(f"{variable}={value!r} is not supported; set it to {GRPC!r} or {HTTP!r}")
    return value


def compression(environ: Environ, signal: Signal, protocol: str) -> str:
    """Return the compression. The default is `gzip`, because prompts compress well.

    Raises:
        ValueError: The protocol does not support the compression.
    """
    variable, value = _first_set(environ, signal, "COMPRESSION")
    known = _COMPRESSIONS[protocol]
    if value is None:
        return "gzip"
    if value.lower() not in known:
        raise ValueError(f"{variable}={value!r} is not supported with {protocol}; set it to one of {known}")
    return value.lower()


def max_bytes(environ: Environ) -> int:
    """Return the largest export request in bytes, before compression."""
    return int(EXPORT_MAX_BYTES.read(environ))


def check_otlp(environ: Environ, signal: Signal, protocol: str) -> None:
    """Check what the stock OTLP exporters would reject late, or without naming the variable.

    Raises:
        ValueError: The endpoint is not a URL, or a timeout is not a positive number.
    """
    variable, value = _first_set(environ, signal, "ENDPOINT")
    endpoint = _endpoint(environ, signal)
    if endpoint and protocol == HTTP and (endpoint.scheme not in ("http", "https") or not endpoint.hostname):
        raise _not_a_url(variable, value)
    for name in (_variable(signal, "TIMEOUT"), _variable(None, "TIMEOUT")):
        _positive_number(environ, name)


def check_batches(environ: Environ, prefix: Literal["OTEL_BSP", "OTEL_BLRP"]) -> None:
    """Check the numbers for a batch processor.

    The SDK would silently use a default instead, or raise without naming the variable.

    Raises:
        ValueError: A value is not a positive whole number, or a batch is larger than the queue.
    """
    _positive_number(environ, f"{prefix}_SCHEDULE_DELAY", whole=True)
    size = _positive_number(environ, f"{prefix}_MAX_EXPORT_BATCH_SIZE", whole=True) or 512
    queue = _positive_number(environ, f"{prefix}_MAX_QUEUE_SIZE", whole=True) or 2048
    if size > queue:
        raise ValueError(
            f"{prefix}_MAX_EXPORT_BATCH_SIZE={size:g} is more than the queue holds;"
            f" raise {prefix}_MAX_QUEUE_SIZE ({queue:g}) or lower it"
        )


def check_intervals(environ: Environ) -> None:
    """Check the interval and timeout of the metric reader.

    Raises:
        ValueError: A value is not a positive number of milliseconds.
    """
    _positive_number(environ, "OTEL_METRIC_EXPORT_INTERVAL")
    _positive_number(environ, "OTEL_METRIC_EXPORT_TIMEOUT")


def _endpoint(environ: Environ, signal: Signal) -> SplitResult | None:
    variable, value = _first_set(environ, signal, "ENDPOINT")
    if value is None:
        return None
    try:
        url = urlsplit(value if "//" in value else f"//{value}")  # gRPC allows a bare host:port
        _ = url.port  # parsed, and rejected, only on access
    except ValueError:
        # Not chained: what the parser quotes may be a part of a password.
        raise _not_a_url(variable, value) from None
    return url


def _not_a_url(variable: str, value: str | None) -> ValueError:
    """Return the error of an address, which may hold a login: that is not shown."""
    start, at, host = (value or "").rpartition("@")
    scheme, slashes, _ = start.rpartition("//")
    shown = f"{scheme}{slashes}***@{host}" if at else host
    return ValueError(f"{variable}={shown!r} is not a URL; write it as 'http://host:4318'")


def _variable(signal: Signal | None, what: str) -> str:
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what}" if signal else f"OTEL_EXPORTER_OTLP_{what}"


def _first_set(environ: Environ, signal: Signal, what: str) -> tuple[str, str | None]:
    for variable in (_variable(signal, what), _variable(None, what)):
        if (value := _value(environ, variable)) is not None:
            return variable, value
    return _variable(None, what), None


def _value(environ: Environ, variable: str) -> str | None:
    # By the specification, an empty value is the same as an unset one.
    return environ.get(variable, "").strip() or None


def _positive_number(environ: Environ, variable: str, *, whole: bool = False) -> float | None:
    value = _value(environ, variable)
    if value is None:
        return None
    try:
        number = int(value) if whole else float(value)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        kind = "whole number" if whole else "number"
        raise ValueError(f"{variable}={value!r} is not a positive {kind}; correct or unset it")
    return number
