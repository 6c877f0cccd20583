"""Spans say in other words besides what they say, on the way out and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import langspan
from support.interpreters import ask
from support.models import ScriptedChat
from support.otlp import receive
from support.small_graph import graph
from support.telemetry import Telemetry

USAGE = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
PROGRAM = """
import json, sys
import langspan
from support.small_graph import graph
handle = langspan.instrument({settings})
graph().invoke({{"text": "hi"}}, {{"configurable": {{"thread_id": "t-1"}}}})
assert handle.flush(10)
print(json.dumps([name for name in sys.modules if name.startswith("langspan.dialects")]))
"""


def _environment(server: Any) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint, "PYTHONPATH": str(Path(__file__).parents[1])}


def _model() -> Any:
    return ScriptedChat(answers=[AIMessage("hello", usage_metadata=USAGE)])


def _exported(dialect: Any, run: Any, **settings: Any) -> list[Any]:
    """What a provider of the application's own exports, with the processor around its own."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(langspan.DialectSpanProcessor(dialect, SimpleSpanProcessor(exporter)))
    langspan.instrument(tracer_provider=provider, **settings)
    try:
        run(provider)
    finally:
        langspan.uninstrument()
    return list(exporter.get_finished_spans())


def test_the_provider_that_is_built_speaks_it() -> None:
    with receive() as server:
        modules = ask(PROGRAM.format(settings="dialect='openinference'"), _environment(server))
        spans = server.received.spans
    assert modules
    assert {"CHAIN"} == {span.attributes["openinference.span.kind"] for span in spans}
    assert {"t-1"} == {span.attributes["session.id"] for span in spans}


def test_a_variable_names_several() -> None:
    with receive() as server:
        environ = {"LANGSPAN_DIALECT": "langfuse,openinference", **_environment(server)}
        ask(PROGRAM.format(settings=""), environ)
        spans = server.received.spans
    assert {("CHAIN", "chain", "t-1")} == {
        tuple(
            span.attributes[name]
            for name in ("openinference.span.kind", "langfuse.observation.type", "langfuse.session.id")
        )
        for span in spans
    }


def test_without_one_nothing_of_it_is_imported_or_said() -> None:
    with receive() as server:
        modules = ask(PROGRAM.format(settings=""), _environment(server))
        spans = server.received.spans
    assert [] == modules
    said = {name for span in spans for name in span.attributes}
    assert "langchain.run.id" in said
    assert set() == {name for name in said if name.startswith(("openinference", "langfuse", "session"))}


def test_sums_are_left_out_so_that_a_reader_that_adds_up_counts_each_token_once() -> None:
    spans = _exported("openinference", lambda _: (_model() | str).invoke("hi"))
    counted = {span.name: span.attributes.get("gen_ai.usage.input_tokens") for span in spans}
    assert [7] == [tokens for tokens in counted.values() if tokens is not None]
    assert [7] == [t for span in spans if (t := span.attributes.get("llm.token_count.prompt")) is not None]


def test_content_is_said_where_it_is_on_only() -> None:
    off = _exported("openinference", lambda _: graph().invoke({"text": "hi"}))
    on = _exported("openinference", lambda _: graph().invoke({"text": "hi"}), capture_content=True)
    assert [] == [name for span in off for name in span.attributes if name.startswith(("input.", "output."))]
    assert [{"text": "hi"}] == [
        json.loads(span.attributes["input.value"]) for span in on if span.parent is None
    ]


def test_everything_else_of_a_span_is_as_it_was() -> None:
    plain = Telemetry()
    with plain.instrumented():
        graph().invoke({"text": "hi"})
    spans = _exported("langfuse", lambda _: graph().invoke({"text": "hi"}))
    by_id = {span.context.span_id: span for span in spans}
    (root,) = [span for span in spans if span.parent is None]
    assert sorted(span.name for span in spans) == sorted(path.rpartition("/")[2] for path in plain.paths())
    assert all(span.parent.span_id in by_id for span in spans if span is not root)
    assert all(span.start_time <= span.end_time for span in spans)
    assert {"langspan"} == {span.instrumentation_scope.name for span in spans}


def test_spans_of_others_are_handed_on_as_they_are() -> None:
    def run(provider: TracerProvider) -> None:
        provider.get_tracer("mine").start_span("mine", attributes={"gen_ai.usage.input_tokens": 1}).end()

    (span,) = _exported(["openinference", "langfuse"], run)
    assert {"gen_ai.usage.input_tokens": 1} == dict(span.attributes)


def test_a_dialect_that_fails_costs_no_span(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def fail(_: Any) -> Any:
        raise KeyError

    monkeypatch.setattr("langspan.dialects.processor.DIALECTS", {"langfuse": fail})
    spans = _exported("langfuse", lambda _: (_model() | str).invoke("hi"))
    assert (3, 1) == (len(spans), caplog.text.count("without its dialect"))


def test_a_provider_that_is_there_does_not_get_one_added() -> None:
    with pytest.raises(ValueError, match=r"DialectSpanProcessor\(\['openinference'\]"):
        langspan.instrument(tracer_provider=TracerProvider(), dialect="openinference")


def test_a_bad_value_is_refused() -> None:
    with pytest.raises(ValueError, match="dialect='phoenix' is invalid"):
        langspan.instrument(dialect="phoenix")


def test_flush_and_shutdown_go_on() -> None:
    exporter = InMemorySpanExporter()
    processor = langspan.DialectSpanProcessor("langfuse", SimpleSpanProcessor(exporter))
    assert processor.force_flush(100)
    processor.shutdown()
    assert exporter._stopped
