"""The handler of SIGTERM: when there is one, and when there is none. What it does: tests/processes."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from opentelemetry.sdk.trace import TracerProvider

import langspan
from langspan.export.sigterm import SigtermHandler

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
DEFAULT = signal.SIG_DFL


@pytest.fixture(autouse=True)
def default_handler(monkeypatch):
    """As in a new process; where coverage is measured, there is a handler."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    former = signal.signal(signal.SIGTERM, DEFAULT)
    yield
    langspan.uninstrument()
    signal.signal(signal.SIGTERM, former)


def in_place():
    return signal.getsignal(signal.SIGTERM)


def in_a_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(10)


def test_uninstrument_puts_the_default_back():
    langspan.instrument()
    assert isinstance(in_place(), SigtermHandler)
    langspan.uninstrument()
    assert DEFAULT is in_place()


@pytest.mark.parametrize("handler", [signal.SIG_IGN, print], ids=["ignored", "handled"])
def test_a_handler_that_is_there_stays(handler):
    signal.signal(signal.SIGTERM, handler)
    langspan.instrument()
    assert handler is in_place()
    langspan.uninstrument()
    assert handler is in_place()


def test_a_handler_that_replaced_ours_stays():
    langspan.instrument()
    signal.signal(signal.SIGTERM, print)
    langspan.uninstrument()
    assert print is in_place()


def test_a_provider_of_the_application_means_no_handler():
    langspan.instrument(tracer_provider=TracerProvider())
    assert DEFAULT is in_place()


def test_the_variable_turns_it_off(monkeypatch):
    monkeypatch.setenv("LANGSPAN_FLUSH_ON_SIGTERM", "False")
    langspan.instrument()
    assert DEFAULT is in_place()


def test_another_value_is_refused_before_anything_is_built(monkeypatch):
    monkeypatch.setenv("LANGSPAN_FLUSH_ON_SIGTERM", "0")
    with pytest.raises(ValueError, match="LANGSPAN_FLUSH_ON_SIGTERM='0' is invalid; use true or false"):
        langspan.instrument()
    assert DEFAULT is in_place()


def test_only_the_main_thread_can_install_it():
    in_a_thread(langspan.instrument)
    assert DEFAULT is in_place()


def test_one_that_another_thread_could_not_remove_is_replaced():
    langspan.instrument()
    left = in_place()
    in_a_thread(langspan.uninstrument)
    assert left is in_place()
    langspan.instrument()
    assert left is not in_place()
    langspan.uninstrument()
    assert DEFAULT is in_place()
