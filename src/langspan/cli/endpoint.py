"""The OTLP endpoint that the environment names: where it is, whether it answers, what it says to spans."""

from __future__ import annotations

import logging
import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from opentelemetry.sdk.trace.export import SpanExportResult

from langspan.cli.masking import scrubbed, without_login
from langspan.cli.terminal import CliError
from langspan.export import exporters, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

_PROBE_SECONDS = 0.5
_SEND_SECONDS = 3
_DEFAULTS = {settings.GRPC: "http://localhost:4317", settings.HTTP: "http://localhost:4318"}
_SCHEME_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an application with this environment sends its spans, and how."""

    protocol: str
    url: str

    @property
    def shown(self) -> str:
        """The address for people to read: without what may be secret."""
        return without_login(self.url)


def endpoint_of(environ: Mapping[str, str]) -> Endpoint:
    """Read the standard variables; what is meant for traces wins over what is meant for all signals.

    Raises:
        CliError: A variable has a value that cannot be used.
    """
    given = (
        environ.get(f"OTEL_EXPORTER_OTLP_{name}", "").strip() for name in ("TRACES_ENDPOINT", "ENDPOINT")
    )
    url = next(filter(None, given), "")
    try:
        protocol = settings.protocol(environ, "traces")
        settings.check_otlp(environ, "traces", protocol)
    except ValueError as error:
        raise CliError(str(error).replace(url, without_login(url)) if url else str(error)) from error
    return Endpoint(protocol, url or _DEFAULTS[protocol])


def refusal(endpoint: Endpoint) -> str | None:
    """Try for half a second to open a connection; say what stood in the way, if anything."""
    try:
        parts = urlsplit(endpoint.url if "//" in endpoint.url else f"//{endpoint.url}")
        host = parts.hostname or "localhost"
        if parts.scheme in getproxies() and not proxy_bypass(host):
            return None  # only the proxy can tell
        port = parts.port or _SCHEME_PORTS.get(parts.scheme, 4317)
        with closing(socket.create_connection((host, port), _PROBE_SECONDS)):
            return None
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__


def send(endpoint: Endpoint, environ: Mapping[str, str], spans: Sequence[ReadableSpan]) -> str | None:
    """Send spans as an application would; say why they were not taken, if they were not."""
    with _complaints() as said:
        try:
            exporter = exporters.factory(environ, "traces", "otlp")(timeout=_SEND_SECONDS)
            taken = exporter.export(spans) is SpanExportResult.SUCCESS
            exporter.shutdown()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the user wants to know
            taken = False
            said.append(f"{type(error).__name__}: {error}")
    if taken:
        return None
    reason = said[-1] if said else "it did not say why"
    return scrubbed(reason.replace(endpoint.url, endpoint.shown), environ)


class _Listener(logging.Handler):
    """Keeps what the exporters say. What others say, of malformed headers say, may quote secrets."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("opentelemetry.exporter"):
            self.messages.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what OpenTelemetry logs: the only place where an exporter says what went wrong."""
    logger, listener = logging.getLogger("opentelemetry"), _Listener()
    before = logger.propagate
    logger.addHandler(listener)
    logger.propagate = False
    try:
        yield listener.messages
    finally:
        logger.removeHandler(listener)
        logger.propagate = before
