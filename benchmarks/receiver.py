"""An OTLP/HTTP receiver that counts, in a process of its own: `python -m benchmarks.receiver`.

It prints its port, and answers until its standard input ends. What comes to `/NAME/…/v1/traces` is counted
under NAME; `GET /` tells the counts as JSON.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}

_lock = threading.Lock()
_counts: dict[str, dict[str, int]] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        with _lock:
            body = json.dumps(_counts).encode()
        self._answer(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.split("/")[1]
        if self.path.endswith("/v1/traces"):
            unpack = _UNPACK.get(self.headers.get("Content-Encoding", ""), bytes)
            _count(name, unpack(body))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _count(name: str, body: bytes) -> None:
    request = ExportTraceServiceRequest.FromString(body)
    spans = sum(len(scope.spans) for each in request.resource_spans for scope in each.scope_spans)
    with _lock:
        counts = _counts.setdefault(name, {"requests": 0, "spans": 0, "bytes": 0})
        counts["requests"] += 1
        counts["spans"] += spans
        counts["bytes"] += len(body)


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
