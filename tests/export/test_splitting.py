"""Exports of every size through the stock exporters to a real receiver with the usual limit of 4 MiB."""

from __future__ import annotations

import http
from collections import Counter

import grpc
import pytest
from opentelemetry import trace

from langspan.export.courier import PerProcess
from support.otlp import Reply, receive

MIB = 1024 * 1024


@pytest.fixture(params=["grpc", "http/protobuf"])
def receiver(request):
    with receive(request.param) as server:
        server.protocol = request.param
        yield server


@pytest.fixture
def tracer(exports, receiver):
    """A tracer that exports to the receiver, with batches of up to 512 spans."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }
    telemetry = exports(variables)
    yield telemetry.tracer_provider.get_tracer("t")
    telemetry.shutdown(10)


def test_spans_that_together_pass_the_limit_of_the_receiver_all_arrive(exports, tracer, receiver):
    for number in range(200):
        tracer.start_span(f"s{number}", attributes={"prompt": "x" * 100_000}).end()
    assert exports.resolved[0].flush(20)
    assert 200 == len({span.name for span in receiver.received.spans})


def test_no_request_is_larger_than_the_limit_that_is_set(exports, receiver):
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol,
        "LANGSPAN_EXPORT_MAX_BYTES": "50000",
    }
    telemetry = exports(variables)
    tracer = telemetry.tracer_provider.get_tracer("t")
    for number in range(100):
        tracer.start_span(f"s{number}", attributes={"prompt": "日本語" * 1000}).end()
    assert telemetry.flush(20)
    assert 100 == len(receiver.received.spans)
    assert 50_000 >= max(receiver.received.sizes)


def test_a_request_is_filled_before_the_next_is_begun(exports, tracer, receiver):
    """Splitting costs no more requests than the limit makes necessary."""
    for _ in range(100):
        tracer.start_span("s", attributes={"prompt": "x" * 100_000}).end()
    assert exports.resolved[0].flush(20)
    assert 3 == len(receiver.received.requests)


@pytest.mark.parametrize("protocol", ["http/protobuf"])
def test_a_span_too_large_for_the_receiver_takes_no_other_with_it(exports, server, protocol):
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    tracer = telemetry.tracer_provider.get_tracer("t")
    for name, length in (("before", 10), ("huge", 5 * MIB), ("after", 10)):
        tracer.start_span(name, attributes={"prompt": "x" * length}).end()
    assert not telemetry.flush(20)
    assert ["before", "after"] == [span.name for span in server.received.spans]


def test_a_batch_that_is_refused_takes_no_other_with_it(exports, tracer, receiver, caplog):
    """The first of three requests is refused for good; the other two arrive, and the loss is counted."""
    receiver.faults.append(
        grpc.StatusCode.INVALID_ARGUMENT if receiver.protocol == "grpc" else http.HTTPStatus.BAD_REQUEST
    )
    for _ in range(100):
        tracer.start_span("s", attributes={"prompt": "x" * 100_000}).end()
    assert not exports.resolved[0].flush(20)
    lost = caplog.records[0].args[0]
    assert 100 == lost + len(receiver.received.spans)
    assert 1 == len(caplog.messages)


def test_a_span_that_the_stock_encoder_refuses_takes_no_other_with_it(exports, tracer, receiver):
    """A file name that is not valid UTF-8 ends up in an error's text as lone surrogates."""
    tracer.start_span("before").end()
    broken = tracer.start_span("broken")
    broken.set_status(trace.Status(trace.StatusCode.ERROR, "no such file: \udcff"))
    broken.end()
    tracer.start_span("after").end()
    assert exports.resolved[0].flush(20)
    assert ["before", "broken", "after"] == [span.name for span in receiver.received.spans]


def test_a_refusal_that_passes_is_retried_by_the_stock_exporter(exports, tracer, receiver):
    """The wrapper does not get in the way of retries."""
    exports.monkeypatch.setattr("random.uniform", lambda *_: 0.01)
    receiver.faults.append(
        grpc.StatusCode.UNAVAILABLE if receiver.protocol == "grpc" else http.HTTPStatus.SERVICE_UNAVAILABLE
    )
    tracer.start_span("s").end()
    exports.resolved[0].flush(20)
    receiver.wait_for(lambda got: got.refused == 1)


def test_large_log_records_are_split_too(exports, server, write_log):
    telemetry = exports(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint,
            "OTEL_LOGS_EXPORTER": "otlp",
            "LANGSPAN_EXPORT_MAX_BYTES": "50000",
        }
    )
    for number in range(100):
        write_log(telemetry, f"{number} " + "x" * 3000)
    assert telemetry.flush(20)
    assert 100 == len({log.body for log in server.received.logs})
    assert 50_000 >= max(server.received.sizes)


TOO_LARGE = {
    "grpc": Reply(grpc.StatusCode.RESOURCE_EXHAUSTED, "grpc: received message larger than max (9 vs. 5)"),
    "http/protobuf": Reply(413),
}


@pytest.fixture
def build(exports, receiver):
    """Export metrics and log records to the receiver; they are shut down before it stops."""

    def build(**variables):
        return exports(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
                "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol,
                "OTEL_METRICS_EXPORTER": "otlp",
                "OTEL_LOGS_EXPORTER": "otlp",
                **variables,
            }
        )

    yield build
    for telemetry in exports.resolved:
        telemetry.shutdown(10)


@pytest.fixture
def telemetry(build):
    return build()


def count(telemetry, points, name="c"):
    counter = telemetry.meter_provider.get_meter("m").create_counter(name)
    for number in range(points):
        counter.add(1, {"n": f"{name} {number}"})


def counted(receiver):
    """Return how often each data point of ours arrived."""
    return Counter(
        point.attributes["n"]
        for metric in receiver.received.metrics
        for point in metric.points
        if metric.name in "ab"
    )


def test_log_records_that_are_too_large_together_all_arrive(telemetry, receiver, write_log):
    receiver.faults += [TOO_LARGE[receiver.protocol]] * 3
    for number in range(8):
        write_log(telemetry, str(number))
    assert telemetry.flush(20)
    assert 8 == len({log.body for log in receiver.received.logs})
    records = telemetry.stats()[2]
    assert (8, 8, 0) == (records.recorded, records.sent, records.lost_total)


def test_data_points_that_are_too_large_together_all_arrive_once(telemetry, receiver):
    receiver.faults += [TOO_LARGE[receiver.protocol]] * 3
    count(telemetry, 5, "a")
    count(telemetry, 4, "b")
    assert telemetry.flush(20)
    assert {1} == set(counted(receiver).values())
    assert 9 == len(counted(receiver))
    points = telemetry.stats()[1]
    assert (points.recorded, 0, 0) == (points.sent, points.lost_total, points.waiting)


def test_data_points_that_are_too_large_alone_are_lost_and_counted(telemetry, receiver):
    receiver.always = TOO_LARGE[receiver.protocol]
    count(telemetry, 3, "a")
    assert not telemetry.flush(20)
    points = telemetry.stats()[1]
    assert {"too_large": points.recorded} == points.lost
    assert (0, 0) == (points.sent, points.waiting)


def test_no_request_of_metrics_is_larger_than_the_limit_that_is_set(build, receiver):
    telemetry = build(LANGSPAN_EXPORT_MAX_BYTES="5000")
    count(telemetry, 500, "a")
    assert telemetry.flush(20)
    assert 500 == len(counted(receiver))
    assert 5_000 >= max(receiver.received.sizes)


class Exporter:
    """Counts how often it is closed."""

    def __init__(self):
        self.closed = 0

    def shutdown(self):
        self.closed += 1


def test_the_exporter_that_sends_is_closed_once():
    """Closing before anything was exported, too, must close what was made."""
    exporter = Exporter()
    PerProcess(lambda: exporter).close()
    assert 1 == exporter.closed


def test_a_forked_child_sends_through_an_exporter_of_its_own(monkeypatch):
    """And leaves the inherited one alone, which shares a connection with the parent."""
    exporters = PerProcess(Exporter)
    inherited = exporters.get()
    monkeypatch.setattr("os.getpid", lambda: -1)
    own = exporters.get()
    exporters.close()
    assert (True, 0, 1) == (own is not inherited, inherited.closed, own.closed)


def test_a_child_that_sent_nothing_leaves_the_inherited_exporter_open(monkeypatch):
    exporters = PerProcess(Exporter)
    inherited = exporters.get()
    monkeypatch.setattr("os.getpid", lambda: -1)
    exporters.close()
    assert 0 == inherited.closed
