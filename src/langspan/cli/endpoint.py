"""The OTLP endpoint from the environment: its address, whether it answers and whether it takes spans."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from opentelemetry.sdk.trace import ReadableSpan

from langspan.cli.masking import without_credentials, without_header_values
from langspan.cli.terminal import CliError
from langspan.export import otlp_settings, traces

_PROBE_SECONDS: Final = 0.5
_SEND_SECONDS: Final = 3
_DEFAULTS: Final = {otlp_settings.GRPC: "http://localhost:4317", otlp_settings.HTTP: "http://localhost:4318"}
_FOR_ALL: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PATH: Final = "/v1/traces"
_NOT_FOUND: Final = "404"
_SCHEME_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address and protocol to which an application with this environment sends its spans."""

    protocol: str
    url: str

    @property
    def display_url(self) -> str:
        """The address without the parts that may be secret."""
        return without_credentials(self.url)


def endpoint_of(environ: Mapping[str, str]) -> Endpoint:
    """Read the endpoint from the standard variables; those for traces override those for all signals.

    Raises:
        CliError: A variable has an invalid value.
    """
    given = (
        environ.get(f"OTEL_EXPORTER_OTLP_{name}", "").strip() for name in ("TRACES_ENDPOINT", "ENDPOINT")
    )
    url = next(filter(None, given), "")
    try:
        protocol = otlp_settings.protocol(environ, "traces")
        otlp_settings.check(environ, "traces", protocol)
        otlp_settings.compression(environ, "traces", protocol)
    except ValueError as error:
        raise CliError(str(error).replace(url, without_credentials(url)) if url else str(error)) from error
    return Endpoint(protocol, url or _DEFAULTS[protocol])


def connection_error(endpoint: Endpoint) -> str | None:
    """Try to open a connection for half a second, and return the error, or None if it succeeded."""
    try:
        parts = urlsplit(endpoint.url if "//" in endpoint.url else f"//{endpoint.url}")
        host = parts.hostname or "localhost"
        if parts.scheme in getproxies() and not proxy_bypass(host):
            return None  # only the proxy can reach it
        port = parts.port or _SCHEME_PORTS.get(parts.scheme, 4317)
        with closing(socket.create_connection((host, port), _PROBE_SECONDS)):
            return None
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__


def send(endpoint: Endpoint, environ: Mapping[str, str], spans: Sequence[ReadableSpan]) -> str | None:
    """Send spans as an application would, and return why they were rejected, or None if they were not."""
    with _captured_log_messages() as messages:
        try:
            told = traces.send(environ, spans, _SEND_SECONDS)
        except Exception as error:  # noqa: BLE001 - every error is reported to the user
            told = f"{type(error).__name__}: {error}"
    if told is None:
        return None
    reason = told or (messages[-1] if messages else "it did not say why")
    if _NOT_FOUND in reason and urlsplit(environ.get(_FOR_ALL, "").strip()).path.rstrip("/").endswith(_PATH):
        reason += f". {_PATH} is added to {_FOR_ALL}: leave it out there"
    return without_header_values(reason.replace(endpoint.url, endpoint.display_url), environ)


class _ExporterLogHandler(logging.Handler):
    """A handler that keeps the messages of exporters only, because others may quote secrets."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("opentelemetry.exporter"):
            self.messages.append(record.getMessage())


@contextmanager
def _captured_log_messages() -> Iterator[list[str]]:
    """Collect what exporters log, because they report the cause of a failure nowhere else."""
    logger, handler = logging.getLogger("opentelemetry"), _ExporterLogHandler()
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield handler.messages
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
