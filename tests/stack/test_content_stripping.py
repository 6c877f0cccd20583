"""The block of collector.yaml that is off until somebody removes its comment signs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from opentelemetry.trace import Status, StatusCode

from langspan.conventions import names
from support import catalogued
from support.backends import COLLECTOR_CONFIG, Backends, Collector, running_collector, wait_until
from support.handmade import HandMade, send

CANARY = "canary-of-the-strip-test"
CONTENT = (
    *catalogued.content_names(),
    # of other instrumentations
    names.GEN_AI_RETRIEVAL_DOCUMENTS,
    "exception.stacktrace",
    # older conventions and other dialects
    "gen_ai.prompt",
    "gen_ai.prompt.0.content",
    "gen_ai.completion.0.content",
    "input.value",
    "output.value",
    "llm.input_messages.0.message.content",
    "retrieval.documents.0.document.content",
)
KEPT = (
    names.GEN_AI_OPERATION_NAME,
    names.GEN_AI_REQUEST_MODEL,
    names.GEN_AI_USAGE_INPUT_TOKENS,
    names.GEN_AI_OUTPUT_TYPE,
    names.GEN_AI_PROMPT_NAME,
    names.GEN_AI_TOOL_NAME,
    names.GEN_AI_TOOL_CALL_ID,
    names.GEN_AI_CONVERSATION_ID,
    names.EXCEPTION_TYPE,
    names.ERROR_TYPE,
)


@contextmanager
def stripping_collector(folder: Path, jaeger_otlp: str) -> Iterator[Collector]:
    config = folder / "collector.yaml"
    config.write_text(COLLECTOR_CONFIG.read_text().replace("#: ", ""))
    with running_collector(folder, jaeger_otlp, config, {"OTELCOL_LOGS_VERBOSITY": "detailed"}) as collector:
        yield collector


def make_content() -> HandMade:
    made = HandMade()
    attributes = dict.fromkeys(CONTENT, CANARY) | dict.fromkeys(KEPT, "kept")
    span = made.tracer.start_span("chat m", attributes=attributes)
    span.add_event("exception", attributes)
    span.set_status(Status(StatusCode.ERROR, CANARY))
    span.end()
    return made


def test_without_stripping_content_passes(backends: Backends) -> None:
    made = make_content()
    send(made.spans, backends.collector)

    (stored,) = backends.jaeger.trace(made.trace_id)
    assert {*CONTENT, *KEPT} == set(stored.attributes)


def test_stripping_takes_content_out_of_spans_and_their_events(backends: Backends, tmp_path: Path) -> None:
    made = make_content()
    with stripping_collector(tmp_path, backends.jaeger.otlp) as collector:
        send(made.spans, collector)
        (stored,) = backends.jaeger.trace(made.trace_id)

    assert CANARY not in repr(stored)
    assert set(KEPT) == set(stored.attributes)
    assert [set(KEPT)] == [set(event.attributes) for event in stored.events]
    assert "ERROR" == stored.status


def test_stripping_takes_content_out_of_logs(tmp_path: Path) -> None:
    attributes = [{"key": key, "value": {"stringValue": CANARY}} for key in CONTENT]
    record = {"eventName": "gen_ai.choice", "body": {"stringValue": CANARY}, "attributes": attributes}
    kept = {"body": {"stringValue": "a log line of the application"}}
    message = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record, kept]}]}]}

    with stripping_collector(tmp_path, "127.0.0.1:9") as collector:
        answer = httpx.post(f"{collector.http}/v1/logs", json=message, trust_env=False)
        log = collector.log
        wait_until(lambda: "a log line" in log.read_text(), 10, lambda: f"no log record printed in {log}")

    assert 200 == answer.status_code
    assert "gen_ai.choice" in log.read_text()
    assert CANARY not in log.read_text()
