"""The real collector and the real Jaeger, started with the shipped configuration on free ports of 127.0.0.1.

Import the fixture `backends` into a conftest (one pair for the whole session), or start parts by hand:

with running_jaeger(folder) as jaeger, running_collector(folder, jaeger.otlp) as collector:
    ...  # export to collector.http or collector.grpc
    spans = jaeger.trace(trace_id, spans=3)
"""

import base64
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.otlp_data import Span, decode

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTOR_CONFIG = REPOSITORY / "collector-config" / "collector.yaml"
JAEGER_CONFIG = REPOSITORY / "collector-config" / "jaeger.yaml"
JAEGER_UI_CONFIG = REPOSITORY / "collector-config" / "jaeger-ui.json"

START_WITHIN = 30.0
STOP_WITHIN = 10.0
READ_WITHIN = 20.0
BUILT_BY = dict.fromkeys(("prometheus", "promtool", "dashboardcheck"), "make backends-prometheus")
"""What builds a binary, other than `make backends`."""
_ID_KEYS = frozenset({"traceId", "spanId", "parentSpanId"})
# No proxy: what the environment says about the outside must not catch loopback.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Jaeger:
    """A running Jaeger: `url` of its API, `otlp` address (host:port) for the collector, `log` file."""

    url: str
    otlp: str
    log: Path
    service: "Service"

    def trace(self, trace_id: str, spans: int = 1, within: float = READ_WITHIN) -> list[Span]:
        """Return the trace's spans by start time, once at least `spans` of them are stored."""
        found: list[Span] = []

        def complete() -> bool:
            found[:] = self._read(trace_id)
            return len(found) >= spans

        wait_until(complete, within, lambda: f"trace {trace_id}: {len(found)} of {spans} spans in Jaeger")
        return sorted(found, key=lambda span: span.start)

    def stored(self, trace_id: str) -> set[str]:
        """Return the ids of the trace's spans that are stored now."""
        return {span.span_id for span in self._read(trace_id)}

    def _read(self, trace_id: str) -> Iterator[Span]:
        body = get(f"{self.url}/api/v3/traces/{trace_id}")
        message = _ids_as_base64(json.loads(body)["result"]) if body else {}
        request = ParseDict(message, ExportTraceServiceRequest(), ignore_unknown_fields=True)
        yield from (item for item in decode(request) if isinstance(item, Span))


@dataclass(frozen=True)
class Collector:
    """A running collector: OTLP endpoints `grpc` and `http`, the `metrics` page, its `own`, its `log`."""

    grpc: str
    http: str
    metrics: str
    own: str
    log: Path
    service: "Service"


@dataclass
class Service:
    """A process that can be killed and started again, on the same ports, in the same folder."""

    command: list[Path | str]
    env: Mapping[str, str]
    health: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    start_within: float = START_WITHIN

    def start(self) -> None:
        """Start it, and return when `health` answers."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, stdout=output, stderr=subprocess.STDOUT, env=dict(self.env), cwd=REPOSITORY
            )
        within = self.start_within
        wait_until(self._healthy, within, lambda: f"{self.command} is not healthy:\n{self._told()}")

    def kill(self) -> None:
        """End it as the out-of-memory killer would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_WITHIN)

    def stop(self) -> None:
        """End it if it runs; not to end when asked is a failure: such a process has something to hide."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.command} ended at once:\n{self._told()}"
        return get(self.health) is not None

    def _told(self) -> str:
        return self.log.read_text()[-2000:]


@dataclass(frozen=True)
class Backends:
    collector: Collector
    jaeger: Jaeger


@pytest.fixture(scope="session")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    """A collector that sends to a Jaeger, both with the shipped configuration."""
    folder = tmp_path_factory.mktemp("backends")
    with running_jaeger(folder) as jaeger, running_collector(folder, jaeger.otlp) as collector:
        yield Backends(collector, jaeger)


@pytest.fixture(scope="session")
def backends_in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    """The same with Jaeger's store in memory: it takes values of any length, and keeps lists and links."""
    folder = tmp_path_factory.mktemp("backends_in_memory")
    whole = {"OTELCOL_MAX_VALUE_BYTES": "1000000000"}
    with (
        running_jaeger(folder, store="memory") as jaeger,
        running_collector(folder, jaeger.otlp, env=whole) as collector,
    ):
        yield Backends(collector, jaeger)


def binary(name: str) -> Path:
    """Return the binary that OTELCOL_BIN, JAEGER_BIN and so on names, else the one built here; or skip."""
    variable = f"{name.upper()}_BIN"
    path = Path(os.environ.get(variable) or REPOSITORY / ".backends" / "bin" / name)
    if not os.access(path, os.X_OK):
        pytest.skip(f"{path} is missing: run `{BUILT_BY.get(name, 'make backends')}`, or set {variable}")
    return path


@contextmanager
def running_jaeger(
    folder: Path, otlp_port: int = 0, store: str = "badger", prometheus: str = ""
) -> Iterator[Jaeger]:
    """Run Jaeger, with its log and its traces in `folder`; `otlp_port` 0 picks a free one.

    `prometheus` is the URL of the one that it asks for its Monitor page.
    """
    ui, grpc, health, otlp = free_ports(4)
    otlp = otlp_port or otlp
    env = {
        "JAEGER_UI_PORT": str(ui),
        "JAEGER_GRPC_PORT": str(grpc),
        "JAEGER_HEALTH_PORT": str(health),
        "JAEGER_OTLP_PORT": str(otlp),
        "JAEGER_UI_CONFIG": str(JAEGER_UI_CONFIG),
        "JAEGER_STORE": store,
        "JAEGER_DATA_DIR": str(folder / f"jaeger-{health}"),
        **({"PROMETHEUS_URL": prometheus} if prometheus else {}),
    }
    log = folder / f"jaeger-{health}.log"
    command: list[Path | str] = [binary("jaeger"), "--config", JAEGER_CONFIG]
    with running(Service(command, env, f"http://127.0.0.1:{health}/status", log)) as service:
        yield Jaeger(f"http://127.0.0.1:{ui}", f"127.0.0.1:{otlp}", log, service)


@contextmanager
def running_collector(
    folder: Path,
    jaeger_otlp: str,
    config: Path = COLLECTOR_CONFIG,
    env: Mapping[str, str] | None = None,
    more: Sequence[Path] = (),
) -> Iterator[Collector]:
    """Run a collector that sends traces to `jaeger_otlp` (host:port), with its log in `folder`.

    `more` are configurations on top of `config`.
    """
    grpc, http, health, metrics, own = free_ports(5)
    ports = {
        "OTELCOL_GRPC_PORT": str(grpc),
        "OTELCOL_HTTP_PORT": str(http),
        "OTELCOL_HEALTH_PORT": str(health),
        "OTELCOL_METRICS_PORT": str(metrics),
        "OTELCOL_OWN_METRICS_PORT": str(own),
        "JAEGER_OTLP_ENDPOINT": jaeger_otlp,
    }
    log = folder / f"otelcol-{health}.log"
    command: list[Path | str] = [binary("otelcol"), "--config", config]
    command += [part for path in more for part in ("--config", path)]
    settings = {**ports, "OTELCOL_QUEUE_DIR": str(folder / f"queue-{health}"), **(env or {})}
    with running(Service(command, settings, f"http://127.0.0.1:{health}/", log)) as service:
        url = "http://127.0.0.1"
        pages = f"{url}:{metrics}/metrics", f"{url}:{own}/metrics"
        yield Collector(f"{url}:{grpc}", f"{url}:{http}", *pages, log, service)


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Run a service until the block ends."""
    try:
        service.start()
        yield service
    finally:
        service.stop()


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that were free a moment ago, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def get(url: str) -> bytes | None:
    """Return the body at `url`; None when nobody answers, or not with success."""
    try:
        with _http.open(url, timeout=5) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        error.close()
        return None
    except OSError:
        return None


def wait_until(condition: Callable[[], bool], within: float, failure: Callable[[], str]) -> None:
    """Ask `condition` until it holds; fail after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, failure()
        time.sleep(0.02)


def _ids_as_base64(node: Any) -> Any:
    """OTLP's JSON writes ids in hexadecimal; protobuf's JSON reader wants base64."""
    if isinstance(node, list):
        return [_ids_as_base64(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: base64.b64encode(bytes.fromhex(value)).decode() if key in _ID_KEYS else _ids_as_base64(value)
        for key, value in node.items()
    }
