"""Processor time of each tier of the fleet: `make fleet-bench`.

Sends traces that are made beforehand, so that the sender takes little of the machine, through one agent, two
gateways, Kafka, two ingesters and Jaeger into OpenSearch, and waits until everything is there. Processor time
is what the kernel booked for each process meanwhile, without its start; a tier's spans are those that came.

    python -m benchmarks.fleet [--seconds 20] [--spans-per-second 3000] [--content 2000]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from support.backends import wait_until
from support.fleet import Fleet, running_fleet

SPANS_OF_A_TRACE = 10
TRACES_OF_A_REQUEST = 50
FAILS_EVERY = 10
SETTLED_WITHIN = 300.0
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_random = random.Random(1)


@dataclass(frozen=True)
class Tier:
    """What a tier did: spans that came in, and processor time in seconds."""

    name: str
    spans: int
    seconds: float
    memory: int

    @property
    def row(self) -> str:
        per_million = self.seconds / self.spans * 1e6
        cells = (
            self.name,
            self.spans,
            f"{self.seconds:.1f}",
            f"{per_million:.0f}",
            f"{1e6 / per_million:.0f}",
        )
        return f"| {' | '.join(map(str, cells))} | {self.memory} |"


def request(content: int, number: int) -> tuple[bytes, int]:
    """Return a request with traces of their own, and how many of its spans the policy keeps for an error."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.append(text("service.name", "bench"))
    scope = resource.scope_spans.add()
    for place in range(TRACES_OF_A_REQUEST):
        trace_id = _random.randbytes(16)
        fails = (number * TRACES_OF_A_REQUEST + place) % FAILS_EVERY == 0
        root = _random.randbytes(8)
        for index in range(SPANS_OF_A_TRACE):
            scope.spans.append(
                span(trace_id, root if index == 0 else _random.randbytes(8), root, index, content)
            )
        if fails:
            scope.spans[-1].status.code = Status.STATUS_CODE_ERROR
    return message.SerializeToString(), len(scope.spans)


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def span(trace_id: bytes, span_id: bytes, root: bytes, index: int, content: int) -> Span:
    """Return a span as a model call makes one, with so many bytes of content."""
    now = time.time_ns()
    made = Span(trace_id=trace_id, span_id=span_id, name="chat scripted-1", kind=Span.SPAN_KIND_CLIENT)
    made.parent_span_id = root if index else b""
    made.start_time_unix_nano, made.end_time_unix_nano = now - 5_000_000, now
    made.attributes.extend(text(f"langchain.attribute.{n}", "a value of some length") for n in range(12))
    made.attributes.append(text("gen_ai.operation.name", "chat"))
    made.attributes.append(text("gen_ai.request.model", "scripted-1"))
    if content:
        made.attributes.append(text("gen_ai.input.messages", _random.randbytes(content // 2).hex()))
    return made


def send(body: bytes, port: int) -> None:
    """Send until it is accepted; what is refused is sent again."""
    headers = {"content-type": "application/x-protobuf"}
    call = urllib.request.Request(f"http://127.0.0.1:{port}/v1/traces", body, headers)
    with _http.open(call, timeout=60) as response:
        assert response.status == 200


def paced(count: int, seconds: float) -> Iterator[int]:
    """Yield `count` numbers, evenly over so many seconds."""
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, begin + number * seconds / count - time.monotonic()))
        yield number


def measure(fleet: Fleet, seconds: float, rate: int, content: int) -> tuple[list[Tier], float, float]:
    """Return the tiers, for how long was sent, and for how long until everything was stored."""
    per_request = TRACES_OF_A_REQUEST * SPANS_OF_A_TRACE
    bodies = [request(content, number)[0] for number in range(int(seconds * rate / per_request))]
    before = {id(member): member.cpu_seconds for member in fleet.members}
    begin = time.monotonic()
    for number in paced(len(bodies), seconds):
        send(bodies[number], fleet.agents[0].ports["http"])
    sent = time.monotonic() - begin
    wait_until(lambda: fleet.waiting() == 0, SETTLED_WITHIN, lambda: "something still waits")
    stored = sum(len(spans) for spans in fleet.stored().values())
    wait_until(lambda: fleet.waiting() == 0, SETTLED_WITHIN, lambda: "something still waits")
    total = len(bodies) * per_request
    groups = [
        ("agent", fleet.agents, total),
        ("gateways", fleet.gateways, total),
        ("Kafka", [fleet.kafka], stored),
        ("ingesters", fleet.ingesters, stored),
        ("Jaeger that writes", [fleet.writer], stored),
        ("OpenSearch", [fleet.search], stored),
    ]
    tiers = [
        Tier(name, spans, sum(m.cpu_seconds - before[id(m)] for m in members), max(m.memory for m in members))
        for name, members, spans in groups
    ]
    print(f"{len(bodies[0]) / per_request:.0f} bytes a span")
    return tiers, sent, time.monotonic() - begin


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--spans-per-second", type=int, default=3000)
    options.add_argument("--content", type=int, default=2000, help="bytes of content of each span")
    given = options.parse_args()
    os.nice(5)
    with tempfile.TemporaryDirectory() as folder, running_fleet(Path(folder), agents=1) as fleet:
        tiers, sent, stored = measure(fleet, given.seconds, given.spans_per_second, given.content)
    print(f"sent in {sent:.1f} s, stored after {stored:.1f} s")
    print("| Tier | Spans | CPU seconds | per million | spans/s of a core | MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(tier.row for tier in tiers))


if __name__ == "__main__":
    main()
