"""Proxies and certificates that the environment names, and whether they are in force for the endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from langspan.cli.endpoint import Endpoint
from langspan.cli.findings import FINE, NOTE, WARNING, Finding
from langspan.cli.masking import without_credentials
from langspan.export.otlp_settings import GRPC

_NO_PROXY: Final = {GRPC: ("no_grpc_proxy", "no_proxy"), "": ("no_proxy", "NO_PROXY")}
_CERTIFICATES: Final = {
    GRPC: ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",),
    "": ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
}
_OWN: Final = tuple(f"OTEL_EXPORTER_OTLP_{signal}CERTIFICATE" for signal in ("TRACES_", ""))


def network(environ: Mapping[str, str], endpoint: Endpoint) -> Iterator[Finding]:
    """Find the proxy and the certificates with which spans reach the endpoint.

    Args:
        environ: The process environment.
        endpoint: Where spans go.
    """
    found = [*_proxies(environ, endpoint), *_certificates(environ, endpoint)]
    yield from found or [Finding(FINE, "proxies, certificates", "no variable sets one")]


def _scheme(endpoint: Endpoint) -> str:
    return urlsplit(endpoint.url).scheme.lower() if "://" in endpoint.url else "http"


def _proxies(environ: Mapping[str, str], endpoint: Endpoint) -> Iterator[Finding]:
    names = [name for name in _proxy_names(endpoint) if environ.get(name)]
    for number, name in enumerate(names):
        told = without_credentials(environ[name])
        if number:
            yield Finding(NOTE, name, f"{told}, not in force: {names[0]} comes first")
        elif (exempt := _exempt(environ, endpoint)) is not None:
            yield Finding(NOTE, name, f"{told}, not in force: {exempt} exempts the endpoint")
        else:
            yield Finding(NOTE, name, f"{told}, in force: spans go through it")


def _proxy_names(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the variables that the transport reads, the first that is set counts."""
    if endpoint.protocol == GRPC:
        return ("grpc_proxy", "https_proxy", "http_proxy")
    scheme = _scheme(endpoint)
    return (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")


def _exempt(environ: Mapping[str, str], endpoint: Endpoint) -> str | None:
    """Return the variable that exempts the endpoint from its proxy, if one does."""
    host = urlsplit(endpoint.url if "//" in endpoint.url else f"//{endpoint.url}").netloc.rpartition("@")[2]
    for name in _NO_PROXY.get(endpoint.protocol, _NO_PROXY[""]):
        if environ.get(name):
            exempts = proxy_bypass_environment(host, {"no": environ[name]})
            return name if exempts else None
    return None


def _certificates(environ: Mapping[str, str], endpoint: Endpoint) -> Iterator[Finding]:
    """Yield each variable that names certificates; the first that is set counts."""
    names = [
        name
        for name in (*_OWN, *_CERTIFICATES.get(endpoint.protocol, _CERTIFICATES[""]))
        if environ.get(name)
    ]
    for number, name in enumerate(names):
        path = environ[name]
        if number:
            yield Finding(NOTE, name, f"{path}, not in force: {names[0]} comes first")
        elif not Path(path).exists():
            yield Finding(WARNING, name, f"{path}: there is no such file")
        elif _scheme(endpoint) == "http":
            yield Finding(NOTE, name, f"{path}, not in force: the endpoint has no TLS")
        else:
            yield Finding(NOTE, name, f"{path}, in force: the endpoint's certificate is checked against it")
