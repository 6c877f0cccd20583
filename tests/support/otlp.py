"""A real OTLP receiver in the test process, over HTTP or gRPC, that answers what a test tells it to.

with receive() as server:  # HTTP; receive("grpc") for gRPC
    ...                    # export to server.endpoint
    got = server.wait_for(lambda got: len(got.spans) == 3)
"""

import gzip
import socket
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

from support.otlp_data import Log, Metric, Span, decode

SIGNALS: Mapping[str, tuple[Any, Any]] = {
    "traces": (traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse),
    "metrics": (metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse),
    "logs": (logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse),
}
UNPACK: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


@dataclass(frozen=True)
class Reply:
    """An answer with more than a status: for HTTP with headers, for gRPC with trailers.

    Without a status, the request is accepted but for `rejected` items, and `text` says why.
    """

    status: Any = None
    text: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)
    rejected: int = 0


REJECTED = {"traces": "rejected_spans", "metrics": "rejected_data_points", "logs": "rejected_log_records"}


@dataclass
class Received:
    """All that was accepted, in order of arrival; `sizes` are the bytes of each request, unpacked."""

    spans: list[Span] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refused: int = 0


class Server:
    """What both protocols share.

    `faults` holds the answers to the next requests: HTTP statuses, gRPC status codes, or a `Reply`; `always`
    answers all the others, if it is set; a function is called for each. `gate`, while cleared, holds every
    request unanswered; `pace` holds each for so many seconds.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.received = Received()
        self.faults: deque[Any] = deque()
        self.gate = threading.Event()
        self.gate.set()
        self.pace = 0.0
        self.always: Any = None
        self._changed = threading.Condition()

    def take(self, signal: str, request: Any, headers: Mapping[str, str]) -> Any:
        """Record one request; return the fault to answer it with, or None."""
        self.gate.wait(60)
        threading.Event().wait(self.pace)
        with self._changed:
            fault = self.faults.popleft() if self.faults else self.always
            fault = fault() if callable(fault) else fault
            accepted = fault is None or (isinstance(fault, Reply) and fault.status is None)
            if accepted:
                self.received.requests.append(request)
                self.received.sizes.append(request.ByteSize())
                self.received.headers.append({key.lower(): value for key, value in headers.items()})
                getattr(self.received, "spans" if signal == "traces" else signal).extend(decode(request))
            self._changed.notify_all()
        return fault if accepted else self.refuse(fault)

    def refuse(self, answer: Any) -> Any:
        """Count a request that is not accepted."""
        with self._changed:
            self.received.refused += 1
            self._changed.notify_all()
        return answer

    def wait_for(self, predicate: Callable[[Received], Any], timeout: float = 10) -> Received:
        """Wait until `predicate` holds for what has arrived; fail the test after `timeout` seconds."""
        with self._changed:
            if self._changed.wait_for(lambda: predicate(self.received), timeout):
                return self.received
        names = [span.name for span in self.received.spans]
        raise AssertionError(f"not within {timeout} s; {self.received.refused} refused; spans: {names}")


def response_of(signal: str, fault: Any) -> Any:
    """The message that accepts a request, in part if the fault says so."""
    response = SIGNALS[signal][1]()
    if fault is not None:
        setattr(response.partial_success, REJECTED[signal], fault.rejected)
        response.partial_success.error_message = fault.text
    return response


@contextmanager
def receive(
    protocol: str = "http/protobuf", *, max_bytes: int = 4 * 1024 * 1024, tls: Any = None, port: int = 0
) -> Iterator[Server]:
    """Serve OTLP on 127.0.0.1; a request of more than `max_bytes` is refused, as collectors do.

    With `tls`, a `support.certificates.Tls`, it is served encrypted.
    """
    server = Server()
    with (_grpc if protocol == "grpc" else _http)(server, max_bytes, tls, port) as bound:
        server.endpoint = f"{'https' if tls else 'http'}://127.0.0.1:{bound}"
        try:
            yield server
        finally:
            server.gate.set()


@contextmanager
def black_hole() -> Iterator[str]:
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def closed_port() -> str:
    """An endpoint where nobody listens."""
    with black_hole() as endpoint:
        return endpoint


class _Handler(BaseHTTPRequestHandler):
    server: "_Listener"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        unpack = UNPACK.get(self.headers.get("Content-Encoding", ""))
        body = unpack(body) if unpack else body
        signal = self.path.removeprefix("/v1/")
        if signal not in SIGNALS:
            self.answer(self.server.otlp.refuse(404))
        elif len(body) > self.server.max_bytes:
            self.answer(self.server.otlp.refuse(413))
        else:
            request = SIGNALS[signal][0].FromString(body)
            fault = self.server.otlp.take(signal, request, dict(self.headers))
            if isinstance(fault, Reply) and fault.status is not None:
                self.answer(fault.status, fault.text.encode(), fault.headers)
            elif isinstance(fault, Reply) or fault is None:
                self.answer(200, response_of(signal, fault).SerializeToString())
            else:
                self.answer(fault)

    def answer(self, code: int, content: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        try:
            self.send_response(code)
            for name, value in (headers or {"Content-Type": "application/x-protobuf"}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:
            self.close_connection = True  # the client stopped waiting

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    otlp: Server
    max_bytes: int


@contextmanager
def _http(server: Server, max_bytes: int, tls: Any, port: int) -> Iterator[int]:
    with _Listener(("127.0.0.1", port), _Handler) as listener:
        if tls:
            listener.socket = tls.context().wrap_socket(listener.socket, server_side=True)
        listener.otlp, listener.max_bytes = server, max_bytes
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield listener.server_address[1]
        finally:
            listener.shutdown()
            thread.join()


@contextmanager
def _grpc(server: Server, max_bytes: int, tls: Any, port: int) -> Iterator[int]:
    import grpc
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc

    class Servicer:
        def __init__(self, signal: str) -> None:
            self.signal = signal

        def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
            fault = server.take(self.signal, request, dict(context.invocation_metadata()))
            if isinstance(fault, Reply) and fault.status is not None:
                context.set_trailing_metadata(tuple(fault.headers.items()))
                context.abort(fault.status, fault.text)
            elif fault is not None and not isinstance(fault, Reply):
                context.abort(fault, "told to")
            return response_of(self.signal, fault)

    with ThreadPoolExecutor(16) as pool:
        listener = grpc.server(pool, options=[("grpc.max_receive_message_length", max_bytes)])
        # Made by gRPC, without types.
        traced: Any = trace_service_pb2_grpc
        measured: Any = metrics_service_pb2_grpc
        logged: Any = logs_service_pb2_grpc
        traced.add_TraceServiceServicer_to_server(Servicer("traces"), listener)
        measured.add_MetricsServiceServicer_to_server(Servicer("metrics"), listener)
        logged.add_LogsServiceServicer_to_server(Servicer("logs"), listener)
        if tls:
            port = listener.add_secure_port("127.0.0.1:0", tls.credentials())
        else:
            port = listener.add_insecure_port(f"127.0.0.1:{port}")
        listener.start()
        try:
            yield port
        finally:
            server.gate.set()
            listener.stop(None).wait(10)
