from __future__ import annotations

import logging
import threading

import pytest
from opentelemetry.sdk.trace.export import SpanExportResult

from langspan.export.guard import ExportGuard


class Exporter:
    """Logs as the stock exporters do: to the logger of its module."""

    def __init__(self, result=SpanExportResult.FAILURE, error=None):
        self.result, self.error = result, error

    def export(self):
        logging.getLogger(__name__).warning("Transient error, retrying")
        logging.getLogger(__name__).error("Failed to export")
        if self.error:
            raise self.error
        return self.result


# Modules imported by path have plain names here, and the guard looks at packages only.
Exporter.__module__ = __name__ = "some.exporter"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def guard(clock):
    guard = ExportGuard("spans", clock)
    guard.watch(Exporter())
    yield guard
    guard.close()


def test_a_success_counts_as_sent(guard):
    assert guard.attempt(Exporter(SpanExportResult.SUCCESS).export, 3)
    assert (3, 0) == (guard.sent, guard.lost)


def test_a_failure_counts_as_lost(guard):
    assert not guard.attempt(Exporter().export, 3)
    assert (0, 3) == (guard.sent, guard.lost)


def test_an_exception_counts_as_lost_and_stays_inside(guard):
    assert not guard.attempt(Exporter(error=OSError("disk full")).export, 3)
    assert (0, 3) == (guard.sent, guard.lost)


def test_an_exporter_without_a_result_is_taken_to_have_succeeded(guard):
    assert guard.attempt(lambda: None, 1)


def test_the_first_failure_is_logged_with_the_words_of_the_exporter(guard, caplog):
    guard.attempt(Exporter(error=OSError("disk full")).export, 3)
    assert [
        "langspan: 3 spans could not be exported: Transient error, retrying; OSError: disk full"
    ] == caplog.messages


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("me:s3cret@host:4317", "***@host:4317", id="gRPC"),
        pytest.param("http://me:s3cret@host", "http://***@host", id="URL"),
        pytest.param("http://me:s3c/r@et@host", "http://***@host", id="unusual password"),
    ],
)
def test_a_login_in_the_words_of_the_exporter_is_not_logged(guard, caplog, address, shown):
    guard.attempt(Exporter(error=OSError(f"no way to {address}, retrying")).export, 1)
    assert caplog.messages[0].endswith(f"OSError: no way to {shown}, retrying")


def test_a_success_logs_nothing(guard, caplog):
    guard.attempt(Exporter(SpanExportResult.SUCCESS).export, 3)
    assert [] == caplog.messages


def test_failures_within_a_minute_are_not_logged_again(guard, caplog):
    for _ in range(100):
        guard.attempt(Exporter().export, 1)
    assert 1 == len(caplog.messages)


def test_failures_of_a_minute_are_summed_up_in_the_next_line(guard, clock, caplog):
    for _ in range(3):
        guard.attempt(Exporter().export, 5)
    clock.now += 61
    guard.attempt(Exporter().export, 5)
    assert [5, 15] == [record.args[0] for record in caplog.records]


def test_what_was_not_said_is_said_at_the_end(guard, caplog):
    guard.attempt(Exporter().export, 1)
    guard.attempt(Exporter().export, 7)
    guard.close()
    assert [1, 7] == [record.args[0] for record in caplog.records]


def test_the_reason_is_kept_when_the_exporter_falls_silent(guard, clock, caplog):
    """The stock exporters drop repeated lines themselves."""
    guard.attempt(Exporter().export, 1)
    clock.now += 61
    guard.attempt(lambda: SpanExportResult.FAILURE, 1)
    assert caplog.messages[0] == caplog.messages[1]


def test_what_others_log_with_the_same_logger_is_left_alone(guard, caplog):
    """Another exporter of the same class, in the application's own provider, logs as before."""
    others = threading.Thread(target=Exporter().export)

    def export():
        others.start()
        others.join()
        return SpanExportResult.SUCCESS

    guard.attempt(export, 1)
    assert ["Transient error, retrying", "Failed to export"] == caplog.messages


def test_closing_leaves_the_loggers_as_they_were():
    logger = logging.getLogger("some.exporter")
    before = list(logger.filters)
    guard = ExportGuard("spans")
    guard.watch(Exporter())
    guard.close()
    assert before == logger.filters


def test_an_abandoned_guard_exports_nothing_more(guard):
    guard.abandon("the process exits")
    assert not guard.attempt(Exporter(SpanExportResult.SUCCESS).export, 2)
    assert (0, 2) == (guard.sent, guard.lost)


def test_an_attempt_that_fails_after_it_was_abandoned_is_not_told_again(guard, caplog):
    def export():
        guard.abandon("the process exits")
        return SpanExportResult.FAILURE

    assert not guard.attempt(export, 2)
    guard.close()
    assert 1 == len(caplog.messages)
    assert 2 == guard.lost
