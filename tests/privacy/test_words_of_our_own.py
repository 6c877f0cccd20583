"""What langspan itself says, in logs and of what never ends, holds no content either."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.runnables import RunnableLambda
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langspan._guard import Guard
from langspan.export import traces
from privacy.judge import sightings
from privacy.objects import leaky_error
from support.canary import canary, sighted
from support.telemetry import Telemetry


def test_an_internal_error_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """The text of an internal error may hold the application's data; at DEBUG the user asks for it."""
    with caplog.at_level(logging.INFO, "langspan"):
        Guard().report("somewhere", leaky_error())
    assert "ValueError" in caplog.text
    assert set() == sighted(caplog.text.encode())


def test_a_failing_hook_is_not_quoted(caplog: pytest.LogCaptureFixture) -> None:
    def hook(value: Any, where: str) -> Any:
        raise RuntimeError(f"{where}: {value}")

    telemetry = Telemetry()
    with caplog.at_level(logging.DEBUG), telemetry.instrumented(capture_content="both", redact=hook):
        RunnableLambda(lambda value: value).invoke(canary("input"))
    assert {} == sightings(telemetry)
    assert set() == sighted(caplog.text.encode())


@pytest.mark.parametrize("content", [None, "span"])
def test_a_run_that_never_ends_says_as_much_as_one_that_does(content: Any) -> None:
    telemetry = Telemetry()
    with telemetry.instrumented(capture_content=content):
        CallbackManager.configure().on_chain_start(None, {"x": canary("input")}, name="lost")
    assert ["incomplete"] == [span.attributes["langspan.outcome"] for span in telemetry.spans]
    assert ({"span: langchain.input": {"input"}} if content else {}) == sightings(telemetry)


@pytest.mark.parametrize(
    "error",
    [
        asyncio.CancelledError(canary("error")),
        GeneratorExit(canary("error")),
        KeyboardInterrupt(canary("error")),
        ExceptionGroup(canary("error"), [leaky_error()]),
        type("OddError", (Exception,), {"__str__": lambda _: canary("error")})(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_no_exception_of_any_kind_is_quoted(error: BaseException) -> None:
    """The name of its class is: it is what the conventions call the type of the error."""
    telemetry = Telemetry()
    with telemetry.instrumented():
        manager = CallbackManager.configure()
        manager.on_chain_start(None, {}, name="chain").on_chain_error(error)
    assert 1 == len(telemetry.spans)
    assert {} == sightings(telemetry)


def test_what_is_built_from_the_environment_does_not_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The headers and the endpoint of the exporter are no attributes of the resource; nor are arguments."""
    environ = {
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={canary('header')}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://user:{canary('password')}@127.0.0.1:9/{canary('path')}",
        "OTEL_TRACES_EXPORTER": "none",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["app", f"--token={canary('argument')}"])
    line = traces.build(environ, (), 1_000_000, None)
    memory = InMemorySpanExporter()
    line.provider.add_span_processor(SimpleSpanProcessor(memory))
    line.provider.get_tracer("test").start_span("span").end()
    line.close()
    assert set() == sighted(encode_spans(memory.get_finished_spans()).SerializeToString())
