from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from langspan.export import Telemetry, resolve
from support.otlp import Server, receive


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "LANGSPAN_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[Server]:
    with receive() as server:
        yield server


class Exports:
    """Resolves providers with variables set in the process too, where the stock exporters read theirs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.resolved: list[Telemetry] = []

    def __call__(self, variables: dict[str, str] | None = None, **arguments: Any) -> Telemetry:
        for name, value in (variables or {}).items():
            self.monkeypatch.setenv(name, value)
        self.resolved.append(resolve(environ=os.environ, **arguments))
        return self.resolved[-1]


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch, server: Server) -> Iterator[Exports]:
    """Resolve providers; they are shut down, and their threads have ended, before the server stops."""
    before = set(threading.enumerate())
    exports = Exports(monkeypatch)
    yield exports
    for telemetry in exports.resolved:
        telemetry.shutdown(10)
    for thread in set(threading.enumerate()) - before:
        thread.join(
            10
        )  # a thread that lives on would disturb later tests, for it logs and draws random numbers


@pytest.fixture
def write_log() -> Callable[[Telemetry, str], None]:
    """Write a log record with the SDK's handler, for the classes of log records differ between versions."""

    def write(telemetry: Telemetry, text: str) -> None:
        from opentelemetry.sdk._logs import LoggingHandler

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            handler = LoggingHandler(logger_provider=telemetry.logger_provider)
        handler.emit(logging.LogRecord("name", logging.INFO, "path", 1, text, None, None))

    return write
