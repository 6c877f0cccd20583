"""What the standard variables ask the exporters to do.

Pure functions of an environment. A value that cannot be used raises a `ValueError` that names the
variable, the value and the fix.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from langspan._settings import EXPORT_MAX_BYTES

Signal: TypeAlias = Literal["traces", "metrics", "logs"]
Environ: TypeAlias = Mapping[str, str]

GRPC = "grpc"
HTTP = "http/protobuf"
_GRPC_PORT = 4317
_COMPRESSIONS = {GRPC: ("gzip", "none"), HTTP: ("gzip", "deflate", "none")}


def disabled(environ: Environ) -> bool:
    """Tell whether `OTEL_SDK_DISABLED` switches all set-up off."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def exporter_names(environ: Environ, signal: Signal) -> tuple[str, ...] | None:
    """Read `OTEL_{SIGNAL}_EXPORTER`.

    Returns:
        The exporters to build, which may be none; or None when nothing asks for this signal. Traces are
        always asked for. Metrics and logs are not, because many receivers (a bare Jaeger) take traces
        only and would answer every export with an error.
    """
    names = _text(environ, f"OTEL_{signal.upper()}_EXPORTER")
    if names is not None:
        return tuple(name.strip() for name in names.split(",") if name.strip() not in ("", "none"))
    if signal == "traces" or _text(environ, _variable(signal, "ENDPOINT")) is not None:
        return ("otlp",)
    return None


def protocol(environ: Environ, signal: Signal) -> str:
    """Choose the OTLP protocol: `grpc` or `http/protobuf`.

    The default is `http/protobuf`, as the specification says, except that an endpoint with port 4317 gets
    `grpc`: nothing else listens there, and that mistake would otherwise show only as failing exports.
    """
    variable, value = _first(environ, signal, "PROTOCOL")
    if value is None:
        endpoint = _endpoint(environ, signal)
        return GRPC if endpoint is not None and endpoint.port == _GRPC_PORT else HTTP
    if value not in (GRPC, HTTP):
        raise ValueError(f"{variable}={value!r} is not supported; set it to {GRPC!r} or {HTTP!r}")
    return value


def compression(environ: Environ, signal: Signal, protocol: str) -> str:
    """Choose the compression: gzip unless a variable says otherwise, for prompts shrink several times."""
    variable, value = _first(environ, signal, "COMPRESSION")
    known = _COMPRESSIONS[protocol]
    if value is None:
        return "gzip"
    if value.lower() not in known:
        raise ValueError(f"{variable}={value!r} is not supported with {protocol}; set it to one of {known}")
    return value.lower()


def max_bytes(environ: Environ) -> int:
    """Read how many bytes one export request may have before compression."""
    return int(EXPORT_MAX_BYTES.read(environ))


def check_otlp(environ: Environ, signal: Signal, protocol: str) -> None:
    """Check what the stock OTLP exporters would otherwise refuse late, or without a name.

    Raises:
        ValueError: A bad endpoint or timeout.
    """
    variable, value = _first(environ, signal, "ENDPOINT")
    endpoint = _endpoint(environ, signal)
    if endpoint and protocol == HTTP and (endpoint.scheme not in ("http", "https") or not endpoint.hostname):
        raise ValueError(f"{variable}={value!r} is not a URL; write it as 'http://host:4318'")
    for name in (_variable(signal, "TIMEOUT"), _variable(None, "TIMEOUT")):
        _number(environ, name)


def check_batches(environ: Environ, prefix: Literal["OTEL_BSP", "OTEL_BLRP"]) -> None:
    """Check the figures of a batch processor, which the SDK would replace by defaults or refuse unnamed.

    Raises:
        ValueError: A figure is not a positive whole number, or a batch is larger than the queue.
    """
    _number(environ, f"{prefix}_SCHEDULE_DELAY", whole=True)
    size = _number(environ, f"{prefix}_MAX_EXPORT_BATCH_SIZE", whole=True) or 512
    queue = _number(environ, f"{prefix}_MAX_QUEUE_SIZE", whole=True) or 2048
    if size > queue:
        raise ValueError(
            f"{prefix}_MAX_EXPORT_BATCH_SIZE={size:g} is more than the queue holds;"
            f" raise {prefix}_MAX_QUEUE_SIZE ({queue:g}) or lower it"
        )


def check_intervals(environ: Environ) -> None:
    """Check the figures of the metric reader.

    Raises:
        ValueError: A figure is not a positive number of milliseconds.
    """
    _number(environ, "OTEL_METRIC_EXPORT_INTERVAL")
    _number(environ, "OTEL_METRIC_EXPORT_TIMEOUT")


def _endpoint(environ: Environ, signal: Signal) -> SplitResult | None:
    variable, value = _first(environ, signal, "ENDPOINT")
    if value is None:
        return None
    try:
        url = urlsplit(value if "//" in value else f"//{value}")  # gRPC allows a bare host:port
        _ = url.port  # parsed, and refused, only when looked at
    except ValueError as error:
        text = f"{variable}={value!r} is not a URL ({error}); write it as 'http://host:4318'"
        raise ValueError(text) from error
    return url


def _variable(signal: Signal | None, what: str) -> str:
    return f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what}" if signal else f"OTEL_EXPORTER_OTLP_{what}"


def _first(environ: Environ, signal: Signal, what: str) -> tuple[str, str | None]:
    for variable in (_variable(signal, what), _variable(None, what)):
        if (value := _text(environ, variable)) is not None:
            return variable, value
    return _variable(None, what), None


def _text(environ: Environ, variable: str) -> str | None:
    # The specification: an empty value means the same as no value.
    return environ.get(variable, "").strip() or None


def _number(environ: Environ, variable: str, *, whole: bool = False) -> float | None:
    value = _text(environ, variable)
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
