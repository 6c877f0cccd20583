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


@pytest.fixture
def guard():
    guard = ExportGuard()
    guard.watch(Exporter())
    yield guard
    guard.close()


def test_a_success_says_nothing(guard, caplog):
    assert guard.attempt(Exporter(SpanExportResult.SUCCESS).export) is None
    assert [] == caplog.messages


def test_an_exporter_without_a_result_is_taken_to_have_succeeded(guard):
    assert guard.attempt(lambda: None) is None


def test_a_failure_says_what_the_exporter_said(guard):
    assert "Transient error, retrying; Failed to export" == guard.attempt(Exporter().export)


def test_an_exception_stays_inside_and_is_told(guard):
    told = guard.attempt(Exporter(error=OSError("disk full")).export)
    assert "Transient error, retrying; OSError: disk full" == told


def test_an_attempt_logs_nothing_itself(guard, caplog):
    guard.attempt(Exporter().export)
    assert [] == caplog.messages


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        pytest.param("me:s3cret@host:4317", "***@host:4317", id="gRPC"),
        pytest.param("http://me:s3cret@host", "http://***@host", id="URL"),
        pytest.param("http://me:s3c/r@et@host", "http://***@host", id="unusual password"),
        pytest.param("http://host/v1?key=s3cret", "http://host/v1?***", id="query"),
    ],
)
def test_a_secret_in_the_words_of_the_exporter_is_not_told(guard, address, shown):
    told = guard.attempt(Exporter(error=OSError(f"no way to {address} , retrying")).export)
    assert told.endswith(f"OSError: no way to {shown} , retrying")


def test_what_the_exporter_says_meanwhile_is_known(guard):
    """For whoever gives up waiting for it."""

    def export():
        logging.getLogger(__name__).warning("retrying")
        heard.append(guard.latest)

    heard = []
    guard.attempt(export)
    assert ["retrying"] == heard


def test_what_others_log_with_the_same_logger_is_left_alone(guard, caplog):
    """Another exporter of the same class, in the application's own provider, logs as before."""
    others = threading.Thread(target=Exporter().export)

    def export():
        others.start()
        others.join()
        return SpanExportResult.SUCCESS

    guard.attempt(export)
    assert ["Transient error, retrying", "Failed to export"] == caplog.messages


def test_closing_leaves_the_loggers_as_they_were():
    logger = logging.getLogger("some.exporter")
    before = list(logger.filters)
    guard = ExportGuard()
    guard.watch(Exporter())
    guard.close()
    assert before == logger.filters
