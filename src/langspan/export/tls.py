"""The certificates of the OTLP exporters: checked when they are named, used as they are named."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from langspan.export.settings import Environ, Signal, first_set

_PARTS: Final = ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_NO_PASSWORD: Final = ""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of one signal, each as the variable that names it and its path, or None.

    Attributes:
        authority: What the receiver's certificate is checked with.
        client: The certificate that is shown to the receiver.
        key: The private key of the client's certificate.
    """

    authority: tuple[str, str | None]
    client: tuple[str, str | None]
    key: tuple[str, str | None]

    @classmethod
    def read(cls, environ: Environ, signal: Signal) -> Certificates:
        """Read the variables of a signal, and those for all signals."""
        authority, client, key = (first_set(environ, signal, part) for part in _PARTS)
        return cls(authority, client, key)

    def check(self, *, grpc: bool) -> None:
        """Check that the files are there and hold what they are named for.

        The stock exporters find out at the first request, in a thread in which a key with a password asks
        for it on the terminal, or use other certificates.

        Args:
            grpc: Whether they are for gRPC, which takes no folder of authorities.

        Raises:
            ValueError: A file is missing, cannot be read or has no certificate or key, or a key has no
                certificate; the message names variable, file and fix, and nothing of what a file holds.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _check_authority(context, *self.authority, grpc=grpc)
        client, key = self.client[1], self.key[1]
        if client is None and key is not None:
            raise ValueError(f"{self.key[0]}={key!r} has no certificate; set {self.client[0]} too")
        if client is not None:
            _check_client(context, self.client[0], client, *self.key)

    @property
    def any(self) -> bool:
        """Whether any file is named."""
        return any(path for _, path in (self.authority, self.client, self.key))


def has_credential_provider(environ: Environ, signal: Signal, *, grpc: bool) -> bool:
    """Return whether a package gives the credentials, as the stock exporters allow: they then stand."""
    kind = "GRPC" if grpc else "HTTP"
    names = (f"{kind}_CREDENTIAL_PROVIDER", f"{kind}_{signal.upper()}_CREDENTIAL_PROVIDER")
    return any(environ.get(f"OTEL_PYTHON_EXPORTER_OTLP_{name}") for name in names)


def http_arguments(environ: Environ, signal: Signal) -> dict[str, Any]:
    """Return arguments of a stock exporter over HTTP, made anew for each exporter.

    The variables of OpenTelemetry win over those of `requests`, which some versions of the exporter prefer.
    An empty variable is an unset one; some versions take it for leave not to check certificates.
    """
    files = Certificates.read(environ, signal)
    arguments: dict[str, Any] = {"certificate_file": files.authority[1] or True}
    shadowed = files.authority[1] is not None and any(map(os.environ.get, _BUNDLES))
    if shadowed and not has_credential_provider(environ, signal, grpc=False):
        arguments["session"] = _session_with_own_bundle()
    return arguments


def grpc_arguments(environ: Environ, signal: Signal) -> dict[str, Any]:
    """Return arguments of a stock exporter over gRPC.

    Left to itself, it shows the client's certificate only where an authority is named too, and only if the
    variables of both are for the same signals.
    """
    files = Certificates.read(environ, signal)
    if not files.any or has_credential_provider(environ, signal, grpc=True):
        return {}
    authority, client, key = (
        Path(path).read_bytes() if path else None
        for path in (files.authority[1], files.client[1], files.key[1] or files.client[1])
    )
    return {"credentials": import_module("grpc").ssl_channel_credentials(authority, key, client)}


def _session_with_own_bundle() -> Any:
    """Return a session that reads proxies from the environment, but no authorities."""
    requests = import_module("requests")

    class Session(requests.Session):  # type: ignore[misc, name-defined] # imported only where it is needed
        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            # The environment is asked only while no certificate is named.
            named = self.verify if verify is None or verify is True else verify
            return super().merge_environment_settings(url, proxies, stream, named, cert)

    return Session()


def _check_authority(context: ssl.SSLContext, variable: str, path: str | None, *, grpc: bool) -> None:
    if path is None or (Path(path).is_dir() and not grpc):
        return
    with _naming(variable, path, "no certificate in PEM format"):
        context.load_verify_locations(cafile=path)


def _check_client(
    context: ssl.SSLContext, variable: str, client: str, key_variable: str, key: str | None
) -> None:
    for name, path in ((variable, client), (key_variable, key)):
        if path is not None:
            with _naming(name, path, "no text"), Path(path).open("rb") as file:
                file.read(1)
    asked: list[bool] = []
    with _naming(variable, client, _fault(key_variable, key, asked)):
        context.load_cert_chain(client, key, password=_remember(asked))


def _remember(asked: list[bool]) -> Callable[[], str]:
    """Return a function that gives no password, so that nobody is asked on the terminal, and notes it."""

    def password() -> str:
        asked.append(True)
        return _NO_PASSWORD

    return password


def _fault(key_variable: str, key: str | None, asked: list[bool]) -> Callable[[], str]:
    def fault() -> str:
        if asked:
            return "a key with a password, which cannot be given: decrypt it into a file of its own"
        if key is None:
            return f"no certificate with its key in PEM format; set {key_variable}"
        return f"no certificate in PEM format that belongs to {key_variable}={key!r}"

    return fault


@contextmanager
def _naming(variable: str, path: str, fault: str | Callable[[], str]) -> Iterator[None]:
    """Turn an error of a file into one that names the variable."""
    try:
        yield
    except ssl.SSLError:
        found = fault if isinstance(fault, str) else fault()
        # Not chained, so that nothing is shown of what the file holds.
        raise ValueError(f"{variable}={path!r} has {found}; name another file or unset it") from None
    except OSError as error:
        raise ValueError(
            f"{variable}={path!r} cannot be read ({error.strerror}); name another file or unset it"
        ) from error
