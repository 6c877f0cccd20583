"""Where and how the OTLP exporters send, from OpenTelemetry's standard variables.

Functions of an environment, and of the files that it names. An invalid value raises a `ValueError` that
names the variable, the value and the fix, and no secret.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from langspan.export import headers, tls
from langspan.export.settings import (
    MAX_SECONDS,
    Environ,
    Signal,
    check_word,
    first_set,
    otlp_variable,
    positive_number,
)

GRPC: Final = "grpc"
HTTP: Final = "http/protobuf"
_GRPC_PORT: Final = 4317
_COMPRESSIONS: Final = {GRPC: ("gzip", "none"), HTTP: ("gzip", "deflate", "none")}
_DEFAULT_ENDPOINTS: Final = {GRPC: "http://localhost:4317", HTTP: "http://localhost:4318"}
_DEFAULT_TIMEOUT: Final = 10.0
# Also what gRPC resolves by itself: https://grpc.github.io/grpc/core/md_doc_naming.html
_GRPC_SCHEMES: Final = frozenset({"", "http", "https", "dns", "unix", "unix-abstract", "ipv4", "ipv6", "xds"})
_NO_HOST: Final = frozenset({"dns", "unix", "unix-abstract", "ipv4", "ipv6", "xds"})
_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f]")


def protocol(environ: Environ, signal: Signal) -> str:
    """Return the OTLP protocol: `grpc` or `http/protobuf`.

    The default is `http/protobuf`, as in the OTLP exporter specification, but `grpc` for an endpoint with
    port 4317: only gRPC receivers listen there, and the mistake would show only as failing exports.

    Raises:
        ValueError: The protocol is not supported, or the endpoint is not a URL.
    """
    variable, value = first_set(environ, signal, "PROTOCOL")
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
    variable, value = first_set(environ, signal, "COMPRESSION")
    known = _COMPRESSIONS[protocol]
    if value is None:
        return "gzip"
    if value.lower() not in known:
        raise ValueError(f"{variable}={value!r} is not supported with {protocol}; set it to one of {known}")
    return value.lower()


def timeout(environ: Environ, signal: Signal) -> float:
    """Return the longest time for one request with all its attempts, in seconds; `check` has read it."""
    return float(first_set(environ, signal, "TIMEOUT")[1] or _DEFAULT_TIMEOUT)


def arguments(environ: Environ, signal: Signal, protocol: str) -> dict[str, Any]:
    """Return arguments of a stock exporter, made anew for each one.

    They say what the variables say. Left to themselves, some versions take an empty variable for a value,
    or whole seconds only; headers they read alike.

    Raises:
        OSError: A certificate's file has gone since it was checked.
    """
    variable, value = first_set(environ, signal, "ENDPOINT")
    url = value or _DEFAULT_ENDPOINTS[protocol]
    if protocol == HTTP and variable == otlp_variable(None, "ENDPOINT"):
        url = f"{url.removesuffix('/')}/v1/{signal}"
    certificates = tls.grpc_arguments if protocol == GRPC else tls.http_arguments
    return {"endpoint": url, "timeout": timeout(environ, signal), **certificates(environ, signal)}


def check(environ: Environ, signal: Signal, protocol: str) -> None:
    """Check what the stock OTLP exporters would reject late, or without naming the variable.

    Raises:
        ValueError: The endpoint is blank or not a URL, a timeout is not a positive number, a header is
            malformed, or the file of a certificate is missing or not one.
    """
    variable, value = first_set(environ, signal, "ENDPOINT")
    endpoint = _endpoint(environ, signal)
    if endpoint is not None and not _is_address(endpoint, protocol):
        raise _not_a_url(variable, value)
    for name in (otlp_variable(signal, "TIMEOUT"), otlp_variable(None, "TIMEOUT")):
        positive_number(environ, name, most=MAX_SECONDS)
    headers.check(environ, signal, grpc=protocol == GRPC)
    tls.Certificates.read(environ, signal).check(grpc=protocol == GRPC)
    if protocol == GRPC:
        _check_grpc_only(environ, signal)


def _endpoint(environ: Environ, signal: Signal) -> SplitResult | None:
    for variable in (otlp_variable(signal, "ENDPOINT"), otlp_variable(None, "ENDPOINT")):
        if (written := environ.get(variable)) and not written.strip():
            raise ValueError(f"{variable}={written!r} is blank; write it as 'http://host:4318' or unset it")
    variable, value = first_set(environ, signal, "ENDPOINT")
    if value is None:
        return None
    try:
        url = urlsplit(value if "//" in value else f"//{value}")  # gRPC allows a bare host:port
        _ = url.port  # parsed, and rejected, only on access
    except ValueError:
        # Not chained: what the parser quotes may be a part of a password.
        raise _not_a_url(variable, value) from None
    if _SPACE.search(value):
        raise _not_a_url(variable, value)
    return url


def _is_address(url: SplitResult, protocol: str) -> bool:
    if protocol == HTTP:
        return url.scheme in ("http", "https") and bool(url.hostname)
    return url.scheme in _GRPC_SCHEMES and (bool(url.hostname) or url.scheme in _NO_HOST)


def _check_grpc_only(environ: Environ, signal: Signal) -> None:
    """Check what the exporters over gRPC misunderstand when it is empty, or is another word for true."""
    for what in ("INSECURE", "TIMEOUT"):
        for variable in (otlp_variable(signal, what), otlp_variable(None, what)):
            if variable in environ and not environ[variable].strip():
                raise ValueError(f"{variable}='' is read as a value by the gRPC exporter; set or unset it")
    for variable in (otlp_variable(signal, "INSECURE"), otlp_variable(None, "INSECURE")):
        check_word(environ, variable, ("true", "false"))


def _not_a_url(variable: str, value: str | None) -> ValueError:
    """Return the error of an address, which may hold a login: that is not shown, and no query either."""
    start, at, host = (value or "").rpartition("@")
    scheme, slashes, _ = start.rpartition("//")
    shown = f"{scheme}{slashes}***@{host}" if at else host
    address, mark, _ = shown.partition("?")
    return ValueError(
        f"{variable}={address + '?***' if mark else address!r} is not a URL; write it as 'http://host:4318'"
    )
