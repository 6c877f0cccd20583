"""OTLP over HTTP, through the connection inside a stock exporter."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from langspan.export import answers
from langspan.export.answers import Answer
from langspan.export.services import SERVICES, Link
from langspan.export.settings import Signal

# Of level 1, prose takes a tenth of the time of the stock level 9 for a fifth more bytes; spans without
# content take a third for 7 % more.
GZIP_LEVEL: Final = 1
_GZIP: Final = 31
"""The window bits with which zlib writes gzip."""


def connect(exporter: Any, signal: Signal) -> Link | None:
    """Find the connection inside an exporter; see `langspan.export.links`."""
    client: Any = getattr(exporter, "_client", None)
    if all(hasattr(client, name) for name in ("_transport", "_endpoint", "_headers")) and callable(
        getattr(client._transport, "request", None)  # noqa: SLF001 - checked
    ):
        return _HttpLink(_through_transport(client), _compression(exporter), signal)
    if all(hasattr(exporter, name) for name in ("_session", "_endpoint", "_certificate_file")):
        return _HttpLink(_through_session(exporter), _compression(exporter), signal)
    return None


@dataclass(frozen=True, slots=True)
class _Response:
    """An HTTP answer, whichever library brought it."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes


_Post = Callable[[bytes, float], _Response]


def _through_transport(client: Any) -> _Post:
    """Send through the client inside the exporters of OpenTelemetry 1.44 and later."""

    def post(payload: bytes, timeout: float) -> _Response:
        url, headers = client._endpoint, client._headers  # noqa: SLF001 - checked
        result = client._transport.request(  # noqa: SLF001 - checked
            "POST", url, headers=headers, data=payload, timeout=timeout
        )
        if result.error is not None:
            raise result.error
        return _Response(result.status_code, result.reason or "", result.headers(), result.content())

    return post


def _through_session(exporter: Any) -> _Post:
    """Send through the session inside the exporters before OpenTelemetry 1.44."""

    def post(payload: bytes, timeout: float) -> _Response:
        url, verify = exporter._endpoint, exporter._certificate_file  # noqa: SLF001 - checked
        response = exporter._session.post(  # noqa: SLF001 - checked
            url=url,
            data=payload,
            verify=verify,
            timeout=timeout,
            cert=getattr(exporter, "_client_cert", None),
            allow_redirects=False,
        )
        return _Response(response.status_code, response.reason or "", response.headers, response.content)

    return post


def _compression(exporter: Any) -> str:
    return str(getattr(getattr(exporter, "_compression", None), "value", "none"))


class _HttpLink:
    """A link over HTTP."""

    def __init__(self, post: _Post, compression: str, signal: Signal) -> None:
        self._post = post
        self._compression = compression
        self._rejected = SERVICES[signal].rejected
        self._response_type = SERVICES[signal].response_type()

    def pack(self, request: bytes) -> bytes:
        """Compress a request as its header says."""
        if self._compression == "gzip":
            packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP)
            return packer.compress(request) + packer.flush()
        return zlib.compress(request, GZIP_LEVEL) if self._compression == "deflate" else request

    def post(self, payload: bytes, timeout: float) -> Answer:
        """Send a packed request; a connection that breaks is tried once more at once."""
        deadline = time.monotonic() + timeout
        errors = import_module("requests.exceptions")
        try:
            try:
                response = self._post(payload, timeout)
            except errors.ConnectionError as error:
                # A kept connection that the receiver has closed meanwhile shows only now.
                if isinstance(error, errors.Timeout):
                    raise
                response = self._post(payload, max(deadline - time.monotonic(), 0.001))
        except (errors.ConnectionError, errors.Timeout, errors.ChunkedEncodingError) as error:
            return answers.unreachable(error)
        except Exception as error:  # noqa: BLE001 - credentials and sessions may be anybody's
            return answers.broken(error)
        if answers.is_http_success(response.status):
            return self._read_success(response)
        return answers.http_refusal(response.status, response.reason, response.headers, _read_error(response))

    def _read_success(self, response: _Response) -> Answer:
        if answers.is_web_page(response.content):
            return answers.web_page()
        try:
            partial = self._response_type.FromString(response.content).partial_success
        except Exception:  # noqa: BLE001 - an empty page, or JSON; protobuf's errors differ between versions
            return answers.accepted(0, "")
        return answers.accepted(getattr(partial, self._rejected), partial.error_message)


def _read_error(response: _Response) -> str:
    """Return what the body of an error says: a google.rpc.Status, or text."""
    if "protobuf" in response.headers.get("Content-Type", ""):
        try:
            return str(import_module("google.rpc.status_pb2").Status.FromString(response.content).message)
        except Exception:  # noqa: BLE001 - bytes of somebody else's
            return ""
    return response.content[: answers.MAX_WORDS].decode(errors="replace").strip()
