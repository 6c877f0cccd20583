"""Large traces and large searches do not end Jaeger, with the limits of docker-compose.yml.

Takes ten minutes and 6 GB of disk: `make memory-test` runs it.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.backends import REPOSITORY, Collector, Jaeger, running_collector, running_jaeger, wait_until
from support.cgroups import MemoryLimit, memory_limit

pytestmark = pytest.mark.skipif(
    "LANGSPAN_MEMORY_TEST" not in os.environ, reason="takes ten minutes: `make memory-test` runs it"
)
SERVICES = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
UI = json.loads((REPOSITORY / "collector-config" / "jaeger-ui.json").read_text())
TRACES = 2200
STEPS = 10
"""Each a model call and a tool call, of 50 kB of content each: 1 MB a trace."""
UNITS = {"m": 20, "g": 30}
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def trace(words: str) -> tuple[str, bytes]:
    """Make an agent's trace of 1 MB; return its id and the request that sends it."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "heavy"
    spans = resource.scope_spans.add().spans
    trace_id, root = secrets.token_bytes(16), secrets.token_bytes(8)

    def content(size: int) -> str:
        start = random.randrange(len(words) - size)
        return words[start : start + size]

    def add(name: str, span_id: bytes, parent: bytes, **attributes: str) -> None:
        span = spans.add(name=name, trace_id=trace_id, span_id=span_id, parent_span_id=parent)
        span.start_time_unix_nano = (now := time.time_ns())
        span.end_time_unix_nano = now + 1_000_000_000
        for key, value in attributes.items():
            span.attributes.add(key=f"gen_ai.{key.replace('__', '.')}").value.string_value = value

    add("invoke_agent", root, b"", operation__name="invoke_agent")
    for _ in range(STEPS):
        messages = [{"role": "user", "parts": [{"type": "text", "content": content(50_000)}]}]
        add("chat", secrets.token_bytes(8), root, input__messages=json.dumps(messages))
        add("execute_tool", secrets.token_bytes(8), root, tool__call__result=content(50_000))
    return trace_id.hex(), request.SerializeToString()


def post(collector: Collector, body: bytes) -> None:
    """Send as an application does: again, when it is told to."""
    headers = {"content-type": "application/x-protobuf"}

    def accepted() -> bool:
        request = urllib.request.Request(f"{collector.http}/v1/traces", body, headers)
        try:
            with _http.open(request, timeout=60):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return False

    wait_until(accepted, 300, lambda: "the collector takes nothing any more")


def limited(jaeger: Jaeger, limit: MemoryLimit) -> None:
    """Start Jaeger anew inside `limit`, with the variables of the compose file."""
    jaeger.service.stop()
    jaeger.service.command = limit.wrapped(jaeger.service.command)
    shipped = SERVICES["jaeger"]["environment"]
    jaeger.service.env = {**jaeger.service.env, "GOMEMLIMIT": shipped["GOMEMLIMIT"]}
    jaeger.service.start()


@pytest.fixture(params=["badger", "memory"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Jaeger, MemoryLimit]]:
    """A Jaeger that holds all these traces."""
    size = SERVICES["jaeger"]["mem_limit"]
    words = " ".join(secrets.token_hex(random.randint(1, 5)) for _ in range(800_000))
    with (
        memory_limit(int(size[:-1]) << UNITS[size[-1]]) as limit,
        running_jaeger(tmp_path, store=request.param) as jaeger,
    ):
        limited(jaeger, limit)
        with running_collector(tmp_path, jaeger.otlp) as collector:
            for _ in range(TRACES):
                last, body = trace(words)
                post(collector, body)
            jaeger.trace(last, spans=1 + 2 * STEPS, within=600)
            yield jaeger, limit


def test_the_largest_search_of_the_ui_after_a_heavy_load_does_not_end_jaeger(
    full: tuple[Jaeger, MemoryLimit],
) -> None:
    """Beside the searches of a hundred that a person makes, one after the other."""
    jaeger, limit = full
    found = {}
    for depth in (20, 100, 100, UI["search"]["maxLimit"]):
        url = f"{jaeger.url}/api/traces?service=heavy&limit={depth}"
        with _http.open(url, timeout=600) as response:
            found[depth] = len(json.loads(response.read())["data"])
    assert {depth: depth for depth in found} == found
    assert 0 == limit.kills
