from __future__ import annotations

import atexit
import threading
import time

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from support.otlp import black_hole, closed_port


@pytest.fixture
def hold_up(exports):
    """A provider of the application's whose processor does not finish a flush until it is told to."""

    class Stuck(SpanProcessor):
        released = threading.Event()
        result = True
        flushes = 0

        def force_flush(self, timeout_millis=30_000):
            self.flushes += 1
            self.released.wait(60)
            return self.result

    stuck = Stuck()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(stuck)
    stuck.telemetry = exports(tracer_provider=provider)
    yield stuck
    stuck.released.set()
    provider.shutdown()


def test_a_flush_exports_what_is_waiting(exports, server):
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    assert telemetry.flush(10)
    assert ["s"] == [span.name for span in server.received.spans]


def test_a_flush_with_nothing_waiting_is_true(exports, server):
    assert exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint}).flush(10)


def test_a_flush_returns_in_time_though_the_provider_does_not(hold_up):
    began = time.monotonic()
    assert not hold_up.telemetry.flush(0.1)
    assert 2 > time.monotonic() - began


def test_a_flush_passes_on_what_a_provider_of_the_application_answers(hold_up):
    hold_up.result = False
    hold_up.released.set()
    assert not hold_up.telemetry.flush(10)


def test_a_flush_after_one_that_timed_out_works_again(hold_up):
    hold_up.telemetry.flush(0.01)
    hold_up.released.set()
    assert hold_up.telemetry.flush(10)


def test_a_flush_that_timed_out_before_its_turn_is_not_made_up_for(hold_up):
    for _ in range(5):
        hold_up.telemetry.flush(0.01)
    hold_up.released.set()
    assert hold_up.telemetry.flush(10)
    assert 2 == hold_up.flushes


def test_a_flush_to_a_black_hole_returns_in_time(exports):
    with black_hole() as endpoint:
        telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"})
        telemetry.tracer_provider.get_tracer("t").start_span("s").end()
        began = time.monotonic()
        assert not telemetry.flush(0.2)
        assert 1 > time.monotonic() - began


def test_a_loss_is_told_by_the_next_flush_only(exports, server):
    """Also a loss that happened in the background, between two flushes."""
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    server.faults.append(400)
    telemetry.tracer_provider.get_tracer("t").start_span("lost").end()
    telemetry.tracer_provider.force_flush()
    assert [False, True] == [telemetry.flush(10), telemetry.flush(10)]


def test_a_failing_metric_export_is_told_by_flush_and_logged_once(exports, server, caplog):
    telemetry = exports(
        {
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint,
        }
    )
    telemetry.meter_provider.get_meter("m").create_counter("c").add(1)
    server.faults.extend([400, 400])
    assert [False, False, True] == [telemetry.flush(10) for _ in range(3)]
    assert 1 == len(caplog.messages)


def test_a_shutdown_exports_what_is_waiting(exports, server):
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    telemetry.shutdown(10)
    assert ["s"] == [span.name for span in server.received.spans]


def test_a_second_shutdown_does_nothing(exports, server, caplog):
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    telemetry.shutdown(10)
    telemetry.shutdown(10)
    assert [] == caplog.messages


def test_a_flush_after_a_shutdown_does_nothing(exports, server, caplog):
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    telemetry.shutdown(10)
    assert telemetry.flush(10)
    assert [] == caplog.messages


def test_a_shutdown_leaves_providers_of_the_application_open(exports, hold_up):
    processor = hold_up.telemetry.tracer_provider
    exports.monkeypatch.setattr(processor, "shutdown", lambda: pytest.fail("shut down"))
    hold_up.telemetry.shutdown(1)
    exports.monkeypatch.undo()


def test_a_shutdown_to_a_black_hole_returns_in_time(exports, caplog):
    with black_hole() as endpoint:
        telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"})
        telemetry.tracer_provider.get_tracer("t").start_span("s").end()
        began = time.monotonic()
        telemetry.shutdown(0.2)
        assert 1 > time.monotonic() - began
    assert 1 == len(caplog.messages)


def test_recording_does_not_wait_for_a_collector_that_is_down(exports):
    """The queue overflows instead: 5000 spans against a queue of 2048."""
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": closed_port(), "OTEL_EXPORTER_OTLP_TIMEOUT": "1"})
    tracer = telemetry.tracer_provider.get_tracer("t")
    began = time.monotonic()
    for _ in range(5000):
        tracer.start_span("s").end()
    assert 5 > time.monotonic() - began
    telemetry.shutdown(0.1)


def test_the_threads_of_a_shut_down_telemetry_end(exports, server):
    before = set(threading.enumerate())
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    started = [thread for thread in threading.enumerate() if thread not in before]
    telemetry.shutdown(10)
    for thread in started:
        thread.join(5)
    assert not any(thread.is_alive() for thread in started)


def test_the_exit_waits_for_a_collector_that_is_slow_but_accepts(exports, server):
    """It answers each request within the patience, and all of them only after several times as long."""
    exports.monkeypatch.setattr("langspan.export.telemetry.EXIT_PATIENCE", 1.0)
    telemetry = exports(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"}
    )
    server.pace = 0.3
    for _ in range(8):
        telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    telemetry.finish()
    assert 8 == len(server.received.spans)


def test_the_exit_gives_up_on_a_collector_that_goes_silent(exports, server, caplog):
    exports.monkeypatch.setattr("langspan.export.telemetry.EXIT_PATIENCE", 0.2)
    telemetry = exports({"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint})
    server.gate.clear()
    telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    began = time.monotonic()
    telemetry.finish()
    server.gate.set()
    assert 2 > time.monotonic() - began
    (line,) = caplog.messages
    assert line.startswith(
        "langspan: the process exits: 1 of 1 spans are lost: 1 shut_down (no answer so far)"
    )


def test_the_exit_has_a_limit_also_for_a_collector_that_accepts(exports, server, caplog):
    exports.monkeypatch.setattr("langspan.export.telemetry.EXIT_PATIENCE", 0.3)
    exports.monkeypatch.setattr("langspan.export.telemetry.EXIT_LIMIT", 0.5)
    telemetry = exports(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"}
    )
    server.pace = 0.1
    for _ in range(50):
        telemetry.tracer_provider.get_tracer("t").start_span("s").end()
    telemetry.finish()
    assert 1 == len(caplog.messages)


def test_a_flush_without_a_thread_to_wait_on_fails_and_does_not_raise(hold_up, monkeypatch):
    """From Python 3.12 on no thread can be started while the interpreter exits."""

    def refuse(_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", refuse)
        assert not hold_up.telemetry.flush(1)


def test_there_is_one_exit_hook_for_all_that_is_built(exports):
    """The SDK's own hooks wait for a minute."""
    variables = {
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    exports(variables).shutdown(5)
    before = atexit._ncallbacks()
    exports(variables)
    assert 1 == atexit._ncallbacks() - before
