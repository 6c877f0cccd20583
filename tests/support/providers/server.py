"""A provider on an ephemeral port of 127.0.0.1 that keeps what was asked and what it sent, byte by byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """One request, as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


@dataclass(frozen=True)
class Answer:
    """One response.

    Attributes:
        pieces: Parts of the body; each goes out as one chunk.
        content_type: Its media type.
        status: Its HTTP status.
        whole: Whether the body is sent to its end; if not, the connection is cut after the last piece.
        silent: Nothing is sent at all, until the client gives up.
    """

    pieces: tuple[bytes, ...]
    content_type: str = JSON
    status: int = 200
    whole: bool = True
    silent: bool = False


@dataclass(frozen=True)
class Exchange:
    """A request and the answer to it: what the wire said."""

    request: Request
    answer: Answer

    @property
    def sent(self) -> bytes:
        return b"".join(self.answer.pieces)

    @property
    def events(self) -> bool:
        """Whether the answer was a stream of its provider's events."""
        return self.answer.content_type != JSON


@dataclass
class Provider:
    """A running server. `respond` makes the answers; set it before use.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        exchanges: What happened, in order.
    """

    port: int = 0
    respond: Callable[[Request], Answer] = lambda _: Answer((), status=500)
    exchanges: list[Exchange] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, request: Request) -> Answer:
        """Record a request; return what to answer."""
        answer = self.respond(request)
        with self._changed:
            self.exchanges.append(Exchange(request, answer))
            self._changed.notify_all()
        return answer

    def was_asked(self) -> bool:
        """Wait for a request: a client that gives up may be faster than the server."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self.exchanges), 2)


def json_answer(body: Any, status: int = 200) -> Answer:
    """A whole JSON body; two pieces, so that it can also be cut between them."""
    text = json.dumps(body).encode()
    return Answer((text[: len(text) // 2], text[len(text) // 2 :]), status=status)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.path, {key.lower(): value for key, value in self.headers.items()}, body)
        answer = self.server.provider.take(request)
        self.close_connection = True
        with suppress(OSError):  # the client may stop listening
            self._wait_for_the_end() if answer.silent else self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in answer.pieces:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if answer.whole:
            self.wfile.write(b"0\r\n\r\n")

    def _wait_for_the_end(self) -> None:
        self.connection.settimeout(10)
        self.connection.recv(1)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    provider: Provider


@contextmanager
def serve() -> Iterator[Provider]:
    """Serve on a free port of 127.0.0.1."""
    with _Listener(("127.0.0.1", 0), _Handler) as listener:
        listener.provider = Provider(listener.server_address[1])
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield listener.provider
        finally:
            listener.shutdown()
            thread.join()
