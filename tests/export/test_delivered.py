"""Delivered means accepted: what becomes of spans in front of receivers of every kind.

In every row the ledger adds up, agrees with what the receiver has, and `flush` tells the truth.
"""

from __future__ import annotations

import asyncio
import http
import subprocess
import sys
import time
from types import SimpleNamespace

import grpc
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from langspan.export.backlog import Bounds
from langspan.export.batches import BatchQueue
from langspan.export.courier import PerProcess
from langspan.export.delivery import ExporterDelivery
from langspan.export.guard import ExportGuard
from langspan.export.ledger import Ledger
from support.otlp import Reply, black_hole, closed_port, receive

MIB = 1024 * 1024
HOLD = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    connection.recv(1)
    print("asked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["grpc", "http/protobuf"])
def protocol(request):
    return request.param


@pytest.fixture
def receiver(protocol):
    with receive(protocol) as server:
        yield server


@pytest.fixture
def export(exports, protocol):
    """Resolve providers that export to an endpoint, and record spans with them."""

    def export(endpoint, **variables):
        telemetry = exports(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
                "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
                **variables,
            }
        )
        tracer = telemetry.tracer_provider.get_tracer("t")

        def end(count, size=10):
            for number in range(count):
                tracer.start_span(f"s{number}", attributes={"prompt": "x" * size}).end()

        return SimpleNamespace(telemetry=telemetry, end=end, stats=lambda: telemetry.stats()[0])

    return export


def lost(stats):
    """Assert that the ledger adds up and nothing waits; return the losses."""
    assert stats.recorded == stats.sent + stats.lost_total + stats.waiting
    assert 0 == stats.waiting
    return dict(stats.lost)


# -- the table


def test_an_accepting_receiver_has_all(export, receiver):
    exported = export(receiver.endpoint)
    exported.end(10)
    assert exported.telemetry.flush(10)
    assert {} == lost(exported.stats())
    assert 10 == exported.stats().sent == len(receiver.received.spans)


def test_a_slow_receiver_has_all(export, receiver):
    exported = export(receiver.endpoint, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="4")
    receiver.pace = 0.1
    exported.end(10)
    assert exported.telemetry.flush(10)
    assert {} == lost(exported.stats())
    assert 10 == exported.stats().sent == len(receiver.received.spans)


def test_while_the_answer_is_out_spans_wait_and_flush_says_no(export, receiver):
    exported = export(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="30")
    receiver.gate.clear()
    exported.end(10)
    assert not exported.telemetry.flush(0.1)
    stats = exported.stats()
    assert (10, 0, 10, {}) == (stats.recorded, stats.sent, stats.waiting, stats.lost)
    receiver.gate.set()
    assert exported.telemetry.flush(10)
    assert 10 == exported.stats().sent


def test_at_a_dead_receiver_spans_are_unavailable(export):
    exported = export(closed_port())
    exported.end(10)
    assert not exported.telemetry.flush(10)
    assert {"unavailable": 10} == lost(exported.stats())


def test_at_a_silent_receiver_spans_are_unavailable(export):
    with black_hole() as endpoint:
        exported = export(endpoint)
        exported.end(10)
        assert not exported.telemetry.flush(10)
        assert {"unavailable": 10} == lost(exported.stats())


def test_a_killed_receiver_takes_only_what_it_was_asked_for(export):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as process:
        exported = export(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        exported.end(10)
        assert not exported.telemetry.flush(0.01)
        assert "asked\n" == process.stdout.readline()
        process.kill()
        assert not exported.telemetry.flush(10)
    assert {"unavailable": 10} == lost(exported.stats())


def test_a_receiver_that_restarts_within_the_timeout_has_all(export, protocol):
    with receive(protocol) as first:
        exported = export(first.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="20")
        exported.end(1)
        assert exported.telemetry.flush(10)
    exported.end(9)
    assert not exported.telemetry.flush(0.2), "nobody listens"
    with receive(protocol, port=int(first.endpoint.rpartition(":")[2])) as second:
        assert exported.telemetry.flush(20)
        assert (1, 9) == (len(first.received.spans), len(second.received.spans))
        assert {} == lost(exported.stats())


def test_a_refusing_receiver_is_asked_once(export, receiver, protocol, caplog):
    receiver.always = grpc.StatusCode.INVALID_ARGUMENT if protocol == "grpc" else 400
    exported = export(receiver.endpoint)
    exported.end(10)
    assert not exported.telemetry.flush(10)
    assert {"refused": 10} == lost(exported.stats())
    assert 1 == receiver.received.refused
    assert 1 == len(caplog.messages)


def test_a_partly_accepting_receiver_is_believed(export, receiver, caplog):
    receiver.always = Reply(rejected=3, text="quota exceeded for tenant")
    exported = export(receiver.endpoint)
    exported.end(10)
    assert not exported.telemetry.flush(10)
    assert {"rejected": 3} == lost(exported.stats())
    assert 7 == exported.stats().sent
    assert "3 rejected (the receiver says: quota exceeded for tenant)" in caplog.text


def test_a_receiver_that_rejects_more_than_it_was_sent_rejects_all(export, receiver):
    receiver.always = Reply(rejected=1000)
    exported = export(receiver.endpoint)
    exported.end(10)
    assert not exported.telemetry.flush(10)
    assert {"rejected": 10} == lost(exported.stats())


def test_a_warning_of_a_receiver_that_accepts_all_is_logged_and_is_no_loss(export, receiver, caplog):
    receiver.always = Reply(text="this path is deprecated")
    exported = export(receiver.endpoint)
    exported.end(10)
    assert exported.telemetry.flush(10)
    assert {} == lost(exported.stats())
    assert ["langspan: all spans were accepted, but the receiver says: this path is deprecated"] == (
        caplog.messages
    )


@pytest.mark.parametrize("protocol", ["http/protobuf"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_loss_and_is_not_followed(export, server, status, caplog):
    with receive() as other:
        server.always = Reply(status, headers={"Location": f"{other.endpoint}/v1/traces?key=s3cret"})
        exported = export(server.endpoint)
        exported.end(10)
        assert not exported.telemetry.flush(10)
        assert {"redirected": 10} == lost(exported.stats())
        assert [] == other.received.requests
        assert f"a redirect ({status}) to {other.endpoint}, which is not followed" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("protocol", ["http/protobuf"])
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_status_of_success_is_one(export, server, status):
    server.always = Reply(status)
    exported = export(server.endpoint)
    exported.end(10)
    assert exported.telemetry.flush(10)
    assert {} == lost(exported.stats())


PAGES = {
    "user interface": "\n<!doctype html>\n<html lang='en'><title>Jaeger</title></html>",
    "login": "<HTML><body>Sign in</body></HTML>",
}


@pytest.mark.parametrize("protocol", ["http/protobuf"])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_web_page_has_taken_nothing(export, server, page, caplog):
    server.always = Reply(200, page, headers={"Content-Type": "text/html"})
    exported = export(server.endpoint)
    exported.end(10)
    assert not exported.telemetry.flush(10)
    assert {"refused": 10} == lost(exported.stats())
    assert "a web page answers: this is not the address of a collector" in caplog.text


@pytest.mark.parametrize("protocol", ["http/protobuf"])
@pytest.mark.parametrize("body", ["", "OK", "{}", "<ok/>"])
def test_a_simple_receiver_may_say_what_it_likes(export, server, body):
    server.always = Reply(200, body, headers={"Content-Type": "text/html; charset=utf-8"})
    exported = export(server.endpoint)
    exported.end(10)
    assert exported.telemetry.flush(10)
    assert {} == lost(exported.stats())


# -- again


def overload(protocol, seconds):
    """The answer of a receiver that names a time for the next attempt."""
    if protocol != "grpc":
        return Reply(http.HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(seconds)})
    from google.rpc import error_details_pb2

    info = error_details_pb2.RetryInfo()
    info.retry_delay.seconds = seconds
    trailers = {"google.rpc.retryinfo-bin": info.SerializeToString()}
    return Reply(grpc.StatusCode.RESOURCE_EXHAUSTED, "overloaded", trailers)


def test_an_overloaded_receiver_is_asked_again_when_it_says(export, receiver, protocol):
    """At once here, where the exporter by itself would wait a second, which is all its time."""
    receiver.faults.extend([overload(protocol, 0)] * 3)
    exported = export(receiver.endpoint)
    exported.end(10)
    assert exported.telemetry.flush(10)
    assert {} == lost(exported.stats())
    assert 3 == receiver.received.refused


def test_a_receiver_that_asks_for_more_time_than_there_is_is_not_waited_for(export, receiver, protocol):
    receiver.always = overload(protocol, 3600)
    exported = export(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="30")
    exported.end(10)
    began = time.monotonic()
    assert not exported.telemetry.flush(20)
    assert 10 > time.monotonic() - began
    assert {"unavailable": 10} == lost(exported.stats())
    assert 1 == receiver.received.refused


# -- too large


def test_a_request_that_is_too_large_for_the_receiver_is_split(export, protocol):
    """200 spans of 5 kB each to a receiver that takes a tenth of our usual requests."""
    with receive(protocol, max_bytes=300_000) as receiver:
        exported = export(receiver.endpoint)
        exported.end(200, 5000)
        assert exported.telemetry.flush(20)
        assert {} == lost(exported.stats())
        assert 200 == len(receiver.received.spans)


def test_a_span_that_is_too_large_for_the_receiver_is_lost_at_once_and_alone(export, protocol):
    """Between others, in one request with them."""
    with receive(protocol, max_bytes=300_000) as receiver:
        exported = export(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="30")
        exported.end(20)
        exported.end(1, 400_000)
        exported.end(20)
        began = time.monotonic()
        assert not exported.telemetry.flush(20)
        assert 10 > time.monotonic() - began
        assert {"too_large": 1} == lost(exported.stats())
        assert 40 == len(receiver.received.spans)


def test_after_a_split_requests_are_smaller_from_the_start(export, protocol):
    with receive(protocol, max_bytes=300_000) as receiver:
        exported = export(receiver.endpoint)
        exported.end(200, 5000)
        assert exported.telemetry.flush(20)
        requests = len(receiver.received.requests)
        exported.end(200, 5000)
        assert exported.telemetry.flush(20)
        assert 400 == len(receiver.received.spans)
        assert 200 / 5 > len(receiver.received.requests) - requests
        assert 300_000 >= max(receiver.received.sizes)


# -- the queue


def test_what_the_queue_cannot_hold_is_lost_counted_and_told(export, receiver, caplog):
    exported = export(
        receiver.endpoint,
        OTEL_BSP_MAX_QUEUE_SIZE="20",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10",
        OTEL_EXPORTER_OTLP_TIMEOUT="30",
    )
    receiver.gate.clear()
    exported.end(200)
    receiver.gate.set()
    assert not exported.telemetry.flush(10)
    losses = lost(exported.stats())
    assert {"queue_full"} == set(losses)
    assert 200 == losses["queue_full"] + len(receiver.received.spans)
    assert 170 <= losses["queue_full"] <= 180, "20 wait, and up to 10 are on the way"
    assert "queue_full (the queue of 20 spans is full)" in caplog.text


def test_the_queue_is_bounded_in_bytes(export, receiver):
    exported = export(receiver.endpoint, LANGSPAN_QUEUE_MAX_BYTES="100000", OTEL_EXPORTER_OTLP_TIMEOUT="30")
    receiver.gate.clear()
    exported.end(100, 10_000)
    assert not exported.telemetry.flush(0.2)
    stats = exported.stats()
    assert 9 == stats.waiting
    assert {"queue_full": 91} == stats.lost
    receiver.gate.set()
    assert exported.telemetry.flush(10)
    assert 9 == len(receiver.received.spans)


def test_spans_that_end_after_the_shutdown_are_counted(export, receiver):
    exported = export(receiver.endpoint)
    exported.end(3)
    exported.telemetry.shutdown(10)
    exported.end(2)
    stats = exported.stats()
    assert (5, 3, {"already_shutdown": 2}) == (stats.recorded, stats.sent, lost(stats))


def test_what_a_shutdown_does_not_wait_for_is_counted(export, receiver):
    exported = export(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="30")
    receiver.gate.clear()
    exported.end(3)
    exported.telemetry.shutdown(0.1)
    assert {"shut_down": 3} == lost(exported.stats())
    receiver.gate.set()


# -- without blocking


def test_aflush_lets_the_event_loop_run(export, receiver):
    """What it waits for comes from the loop itself."""
    exported = export(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="30")

    async def main():
        receiver.gate.clear()
        exported.end(10)
        flushing = asyncio.create_task(exported.telemetry.aflush(10))
        await asyncio.sleep(0)
        receiver.gate.set()
        return await flushing

    assert asyncio.run(main())
    assert 10 == exported.stats().sent


def test_aflush_returns_in_time(export, receiver):
    exported = export(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="30")
    receiver.gate.clear()
    exported.end(10)
    began = time.monotonic()
    assert not asyncio.run(exported.telemetry.aflush(0.1))
    assert 5 > time.monotonic() - began


def test_aflush_tells_of_losses(export):
    exported = export(closed_port())
    exported.end(10)
    assert not asyncio.run(exported.telemetry.aflush(10))


def test_two_flushes_at_once_both_tell_of_a_loss(export, receiver, protocol):
    receiver.always = grpc.StatusCode.INVALID_ARGUMENT if protocol == "grpc" else 400
    exported = export(receiver.endpoint)
    exported.end(10)

    async def main():
        return await asyncio.gather(*(exported.telemetry.aflush(10) for _ in range(2)))

    assert [False, False] == asyncio.run(main())


# -- other signals


def test_log_records_are_accounted_for(export, receiver, write_log):
    exported = export(receiver.endpoint, OTEL_LOGS_EXPORTER="otlp")
    receiver.always = Reply(rejected=1, text="quota")
    for number in range(3):
        write_log(exported.telemetry, str(number))
    assert not exported.telemetry.flush(10)
    records = exported.telemetry.stats()[2]
    assert (3, 2, {"rejected": 1}) == (records.recorded, records.sent, lost(records))


def test_metric_data_points_are_accounted_for(export, receiver):
    exported = export(receiver.endpoint, OTEL_METRICS_EXPORTER="otlp")
    counter = exported.telemetry.meter_provider.get_meter("m").create_counter("c")
    for number in range(3):
        counter.add(1, {"n": number})
    receiver.faults.append(Reply(rejected=1, text="quota"))
    assert not exported.telemetry.flush(10)
    points = exported.telemetry.stats()[1]
    assert {"rejected": 1} == lost(points)
    assert points.recorded - 1 == points.sent >= 2


# -- exporters of another version


def test_an_exporter_of_an_unknown_version_sends_by_itself(export, receiver, monkeypatch, caplog):
    monkeypatch.setattr("langspan.export.links.connect", lambda *_, **__: None)
    exported = export(receiver.endpoint)
    exported.end(10)
    assert exported.telemetry.flush(10)
    assert {} == lost(exported.stats())
    assert 10 == len(receiver.received.spans)
    assert 1 == len([text for text in caplog.messages if "is unknown; it sends by itself" in text])


class Failing(SpanExporter):
    """An exporter of the application's own, which takes the first batch only."""

    def __init__(self):
        self.batches = 0

    def export(self, spans):
        self.batches += 1
        if self.batches > 1:
            raise OSError("disk full")
        return SpanExportResult.SUCCESS


def test_an_exporter_of_another_kind_is_accounted_for(caplog):
    delivery = ExporterDelivery(PerProcess(Failing), ExportGuard(), None, MIB)
    queue = BatchQueue("test", delivery, Ledger("spans"), Bounds(items=10, bytes=MIB, batch=2, delay=5.0))
    for _ in range(2):
        for _ in range(2):
            queue.put(ReadableSpan("s"))
        queue.flush(10)
    stats = queue.stats()
    queue.close()
    assert (4, 2, {"failed": 2}) == (stats.recorded, stats.sent, lost(stats))
    assert "2 failed (OSError: disk full)" in caplog.text
