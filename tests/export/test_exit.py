"""Processes that end: nothing is lost when the collector answers, nothing hangs when it does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import grpc
import pytest

from support.otlp import black_hole, closed_port, receive

RECORD = """
import atexit, os, sys, time
from langspan.export import resolve

telemetry = resolve(environ=os.environ)
tracer = telemetry.tracer_provider.get_tracer("t")
for number in range(int(sys.argv[1])):
    tracer.start_span(f"s{number}").end()
telemetry.meter_provider.get_meter("m").create_counter("c").add(1)
print(time.monotonic())
"""
COUNT = """
import os, sys
from langspan.export import resolve

telemetry = resolve(environ=os.environ)
tracer = telemetry.tracer_provider.get_tracer("t")
for number in range(7):
    tracer.start_span("parent").end()
child = os.fork()
if child:
    os.waitpid(child, 0)
    assert telemetry.flush(10)
else:
    before = telemetry.stats()[0]
    for number in range(3):
        tracer.start_span("child").end()
    assert telemetry.flush(10)
    print(before.recorded, before.waiting, end=" ")
spans = telemetry.stats()[0]
print(spans.recorded, spans.sent, spans.lost_total, spans.waiting)
"""
FORK = """
import os, sys
from langspan.export import resolve

telemetry = resolve(environ=os.environ)
tracer = telemetry.tracer_provider.get_tracer("t")
tracer.start_span("parent before").end()
assert telemetry.flush(10)
child = os.fork()
if child:
    os.waitpid(child, 0)
    tracer.start_span("parent after").end()
else:
    tracer.start_span("child").end()
    assert telemetry.flush(10) if sys.argv[1] == "flushes" else True
"""
# How the line that says that nobody answers ends.
WAY_OUT = "Without a collector, OTEL_TRACES_EXPORTER=langspan_file writes spans to a file"


class Ended:
    """A script that has run: what it wrote, and the seconds from its last line to its end."""

    def __init__(self, script, *arguments, endpoint, **variables):
        environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **variables}
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        self.code, self.output, self.errors = done.returncode, done.stdout, done.stderr.splitlines()
        last = (done.stdout.split() or ["nan"])[-1]
        self.seconds = time.monotonic() - float(last)


@pytest.fixture(params=["grpc", "http/protobuf"])
def protocol(request):
    return request.param


def test_a_script_that_ends_after_its_last_span_exports_all(protocol):
    with receive(protocol) as server:
        ended = Ended(RECORD, "100", endpoint=server.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
        names = [span.name for span in server.received.spans]
    assert [f"s{number}" for number in range(100)] == names
    assert (0, []) == (ended.code, ended.errors)


def test_metrics_are_collected_a_last_time_at_exit():
    with receive() as server:
        Ended(RECORD, "1", endpoint=server.endpoint, OTEL_METRICS_EXPORTER="otlp")
        names = [metric.name for metric in server.received.metrics]
    assert ["c"] == [name for name in names if not name.startswith("otel.sdk.")]


@pytest.mark.parametrize("signals", ["traces", "all"])
def test_a_collector_that_refuses_connections_does_not_hold_up_the_exit(protocol, signals):
    also = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_LOGS_EXPORTER": "otlp"} if signals == "all" else {}
    ended = Ended(RECORD, "100", endpoint=closed_port(), OTEL_EXPORTER_OTLP_PROTOCOL=protocol, **also)
    assert 5 > ended.seconds
    assert 0 == ended.code


def test_a_collector_that_never_answers_does_not_hold_up_the_exit(protocol):
    with black_hole() as endpoint:
        ended = Ended(RECORD, "100", endpoint=endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    assert 5 > ended.seconds
    assert 0 == ended.code
    assert [True] == [line.endswith(WAY_OUT) for line in ended.errors]


def test_a_collector_that_is_down_costs_a_few_log_lines(protocol):
    """2000 spans in batches of 50: the stock exporters would log each batch and each attempt."""
    ended = Ended(
        RECORD,
        "2000",
        endpoint=closed_port(),
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE="50",
    )
    assert 1 <= len(ended.errors) <= 3
    assert "refused" in ended.errors[0] or "UNAVAILABLE" in ended.errors[0]
    assert ended.errors[0].endswith(WAY_OUT)


def test_losses_are_told_once_at_exit_with_their_number(protocol):
    """The last line, after the one that told of the first loss."""
    fault = grpc.StatusCode.INVALID_ARGUMENT if protocol == "grpc" else 400
    with receive(protocol) as server:
        server.always = fault
        ended = Ended(RECORD, "100", endpoint=server.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    assert [100] == [int(line.split()[1]) for line in ended.errors if "could not be exported" in line]
    assert ended.errors[-1].startswith("langspan: the process exits: 100 of 100 spans are lost: 100 refused")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_has_a_queue_and_a_ledger_of_its_own(protocol):
    """The parent's spans still wait when it forks; each process counts its own."""
    with receive(protocol) as server:
        ended = Ended(COUNT, endpoint=server.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
        names = sorted(span.name for span in server.received.spans)
    assert ["0 0 3 3 0 0", "7 7 0 0"] == ended.output.splitlines(), ended.errors
    assert ["child"] * 3 + ["parent"] * 7 == names


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("child", ["flushes", "exits"])
def test_a_forked_child_exports_its_own_spans(protocol, child):
    """Once each: the child has a thread and a connection of its own."""
    with receive(protocol) as server:
        ended = Ended(FORK, child, endpoint=server.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
        names = sorted(span.name for span in server.received.spans)
    assert ["child", "parent after", "parent before"] == names
    assert 0 == ended.code, ended.errors
