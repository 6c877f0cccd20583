"""Whatever the shipped collector has accepted is in the shipped Jaeger in the end, whichever is killed."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from support.backends import Backends, Collector, free_ports, running_collector, running_jaeger
from support.handmade import HandMade, send
from support.sending_apps import SteadyApp

APP = Path(__file__).with_name("steady_app.py")
REQUESTS = 50
"""So many of the application pass while something is down, and before it is."""
SPANS_OF_A_REQUEST = 2


@pytest.fixture
def backends(tmp_path: Path) -> Iterator[Backends]:
    """A pair that may be killed."""
    with running_jaeger(tmp_path) as jaeger, running_collector(tmp_path, jaeger.otlp) as collector:
        yield Backends(collector, jaeger)


def kill_the_collector(backends: Backends, load: Callable[[], None]) -> None:
    backends.collector.service.kill()
    load()
    backends.collector.service.start()


def kill_jaeger(backends: Backends, load: Callable[[], None]) -> None:
    backends.jaeger.service.kill()
    load()
    backends.jaeger.service.start()


def kill_the_collector_while_jaeger_is_away(backends: Backends, load: Callable[[], None]) -> None:
    """The only copy is in the collector's files."""
    backends.jaeger.service.kill()
    load()
    kill_the_collector(backends, load)
    load()
    backends.jaeger.service.start()


def test_nothing_that_was_accepted_is_lost_when_collector_and_jaeger_are_killed(backends: Backends) -> None:
    with SteadyApp(APP, backends.collector) as app:
        for kill in (kill_the_collector, kill_jaeger, kill_the_collector_while_jaeger_is_away):
            app.wait_for_requests(REQUESTS)
            kill(backends, lambda: app.wait_for_requests(REQUESTS))
        told = app.end()

    assert {} == told["lost"]
    assert told["recorded"] == told["sent"] == SPANS_OF_A_REQUEST * len(app.traces)
    stored = {
        span.span_id
        for trace_id in app.traces
        for span in backends.jaeger.trace(trace_id, spans=SPANS_OF_A_REQUEST)
    }
    assert told["sent"] == len(stored)


def test_traces_are_there_after_both_were_started_again(backends: Backends) -> None:
    made = HandMade()
    made.tracer.start_span("old").end()
    assert SpanExportResult.SUCCESS is send(made.spans, backends.collector)
    assert backends.jaeger.trace(made.trace_id)

    for service in (backends.collector.service, backends.jaeger.service):
        service.stop()
        service.start()

    assert ["old"] == [span.name for span in backends.jaeger.trace(made.trace_id)]


def everything_too_long() -> HandMade:
    """A span where whatever may be a text of any length is one."""
    made = HandMade()
    span = made.tracer.start_span("n" * 100_000, attributes={"plain": 'ä"' * 1_000_000, "k" * 100_000: "v"})
    for name in ("gen_ai.input.messages", "gen_ai.output.messages"):
        message = {"role": "user", "parts": [{"type": "text", "content": '"ä<\n' * 100_000}]}
        span.set_attribute(name, json.dumps([message], ensure_ascii=False))
    for name in ("gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.tool.definitions"):
        span.set_attribute(name, json.dumps({"text": "<" * 100_000}))
    span.set_attribute("gen_ai.system_instructions", json.dumps([{"type": "text", "content": "x" * 99_999}]))
    span.set_attribute("gen_ai.retrieval.documents", json.dumps([{"id": "x" * 99_999}]))
    span.set_attribute("gen_ai.usage.input_tokens", 7)
    span.add_event("e" * 100_000, {"exception.stacktrace": "x" * 100_000})
    span.record_exception(ValueError("m" * 100_000))
    span.end()
    return made


def test_a_value_that_the_store_cannot_index_is_cut_and_what_was_json_stays_json(backends: Backends) -> None:
    made = everything_too_long()

    assert SpanExportResult.SUCCESS is send(made.spans, backends.collector)

    (stored,) = backends.jaeger.trace(made.trace_id)
    attributes: dict[str, Any] = dict(stored.attributes)
    assert 55_000 >= len(attributes["plain"].encode()) > 54_990
    texts = {name: value for name, value in attributes.items() if name.startswith("gen_ai.")}
    assert 7 == texts.pop("gen_ai.usage.input_tokens")
    assert 7 == len(texts)
    excerpts = [json.loads(value) for value in texts.values()]
    assert {True} == {len(json.dumps(excerpt)) > 8_000 for excerpt in excerpts}
    assert ["user"] == [message["role"] for message in json.loads(texts["gen_ai.input.messages"])]


@pytest.mark.parametrize("value", [["x" * 1000] * 100, b"x" * 60_000, list(range(50_000))])
def test_a_long_value_that_is_no_text_is_stored_as_a_text_that_is_cut(backends: Backends, value: Any) -> None:
    made = HandMade()
    with made.tracer.start_as_current_span("parent"):
        span = made.tracer.start_span("long", attributes={"long": value})
        span.add_event("happened", {"long": value})
        span.end()

    assert SpanExportResult.SUCCESS is send(made.spans, backends.collector)

    (stored,) = (s for s in backends.jaeger.trace(made.trace_id, spans=2) if s.name == "long")
    assert 55_000 == len(stored.attributes["long"]) == len(stored.events[0].attributes["long"])


def test_a_value_below_the_limit_is_not_touched(backends: Backends) -> None:
    made = HandMade()
    value = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "x" * 54_000}]}])
    made.tracer.start_span("whole", attributes={"gen_ai.input.messages": value}).end()

    assert SpanExportResult.SUCCESS is send(made.spans, backends.collector)

    assert value == backends.jaeger.trace(made.trace_id)[0].attributes["gen_ai.input.messages"]


def test_what_waits_for_jaeger_survives_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """Its own too: nobody else may read the prompts in it."""
    (port,) = free_ports(1)
    folder = tmp_path / "deep" / "queue"
    made = HandMade()
    made.tracer.start_span("patient").end()
    env = {"OTELCOL_QUEUE_DIR": str(folder)}
    with running_collector(tmp_path, f"127.0.0.1:{port}", env=env) as collector:
        assert SpanExportResult.SUCCESS is send(made.spans, collector)

    assert [] == [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077]
    with (
        running_jaeger(tmp_path, otlp_port=port) as jaeger,
        running_collector(tmp_path, jaeger.otlp, env=env),
    ):
        assert ["patient"] == [span.name for span in jaeger.trace(made.trace_id)]


def answer(spans: Sequence[ReadableSpan], collector: Collector) -> int:
    """Send `spans` once; return the status of the answer."""
    headers = {"content-type": "application/x-protobuf"}
    body = encode_spans(spans).SerializeToString()
    request = urllib.request.Request(f"{collector.http}/v1/traces", body, headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=5
        ) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_full_queue_makes_the_sender_try_again(tmp_path: Path) -> None:
    """503 is what senders try again; nothing is accepted that has no place."""
    made = HandMade()
    made.tracer.start_span("large", attributes={"text": "x" * 50_000}).end()
    (nobody,) = free_ports(1)
    env = {"OTELCOL_QUEUE_BYTES": "3500000"}
    with running_collector(tmp_path, f"127.0.0.1:{nobody}", env=env) as collector:
        answers = [answer(made.spans, collector) for _ in range(80)]

    assert {200, 503} == {*answers}
    assert 60 <= answers.count(200) <= 70
