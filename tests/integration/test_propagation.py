"""Traces that go on in another process: by a message, or because it was started inside one."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace
from opentelemetry.trace import format_span_id, format_trace_id

import langspan
from support.callback_ways import our_handler
from support.recording import Recording, instrumented

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = f"{PARENT[:-1]}0"
WAYS = ["instrument", "CallbackHandler"]


def message() -> dict[str, str]:
    """What goes along with a message that is sent here and now."""
    carrier: dict[str, str] = {}
    langspan.inject(carrier)
    return carrier


def ids(span: Any) -> str:
    flags = f"{span.context.trace_flags:02x}"  # newer SDKs mark ids as random, too
    return f"00-{format_trace_id(span.context.trace_id)}-{format_span_id(span.context.span_id)}-{flags}"


# -- messages


def test_inside_a_run_a_message_has_its_span(recording: Recording, config: dict[str, Any]) -> None:
    sent = RunnableLambda(lambda _: message(), name="send").invoke("x", config)
    assert {"traceparent": ids(recording.named("send"))} == sent


def test_a_span_of_the_users_own_inside_a_run_is_nearer(traced: Recording) -> None:
    def body(_: object) -> dict[str, str]:
        with traced.tracer.start_as_current_span("own"):
            return message()

    sent = RunnableLambda(body, name="send").invoke("x")
    assert ids(traced.named("own")) == sent["traceparent"]


def test_with_a_handler_alone_the_run_is_nearer_than_a_span_around_it(recording: Recording) -> None:
    with recording.tracer.start_as_current_span("around"):
        sent = RunnableLambda(lambda _: message(), name="send").invoke(
            "x", {"callbacks": [our_handler(recording)]}
        )
    assert ids(recording.named("send")) == sent["traceparent"]


def test_outside_of_runs_and_spans_nothing_is_added(traced: Recording) -> None:
    assert {} == message()


def test_what_is_received_is_continued(recording: Recording, config: dict[str, Any]) -> None:
    sent = RunnableLambda(lambda _: message(), name="send").invoke("x", config)
    with langspan.extract(sent):
        RunnableLambda(str, name="receive").invoke("x", config)
    RunnableLambda(str, name="later").invoke("x", config)
    assert ["later", "send", "send/receive"] == recording.paths()


def test_what_is_received_by_a_thread_stays_there(traced: Recording) -> None:
    received = threading.Event()
    done = threading.Event()

    def work() -> None:
        with langspan.extract({"traceparent": PARENT}):
            received.set()
            assert done.wait(10)
            RunnableLambda(str, name="worker").invoke("x")

    thread = threading.Thread(target=work)
    thread.start()
    assert received.wait(10)
    RunnableLambda(str, name="here").invoke("x")
    done.set()
    thread.join()
    parents = {span.name: span.parent for span in traced.spans}
    assert parents["here"] is None
    assert parents["worker"] is not None


@pytest.mark.parametrize(
    "carrier", [{}, {"traceparent": "nonsense"}, {"traceparent": PARENT.replace("b", "")}]
)
def test_what_is_no_trace_begins_one(traced: Recording, carrier: dict[str, str]) -> None:
    with langspan.extract(carrier):
        RunnableLambda(str, name="receive").invoke("x")
    assert traced.named("receive").parent is None


def test_when_the_work_fails_the_context_is_put_back(traced: Recording) -> None:
    with pytest.raises(ValueError, match="no"), langspan.extract({"traceparent": PARENT}):
        raise ValueError("no")
    assert not trace.get_current_span().get_span_context().is_valid


def test_conversation_and_user_go_along_where_both_sides_say_so() -> None:
    recording = Recording()
    with instrumented(recording, read_baggage=True):
        with langspan.context(conversation_id="c-1", user_id="u-1", baggage=True):
            sent = RunnableLambda(lambda _: message(), name="send").invoke("x")
        with langspan.extract(sent):
            FakeListChatModel(responses=["x"], name="receive").invoke("x")
    attributes = recording.named("chat").attributes or {}
    assert ("c-1", "u-1") == (attributes["gen_ai.conversation.id"], attributes["user.id"])


def test_without_that_they_stay(traced: Recording) -> None:
    with langspan.context(conversation_id="c-1", user_id="u-1"):
        sent = RunnableLambda(lambda _: message(), name="send").invoke("x")
    assert {"traceparent"} == sent.keys()


# -- processes


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_is_started_inside_a_trace_joins_it(
    monkeypatch: pytest.MonkeyPatch, recording: Recording, way: str
) -> None:
    monkeypatch.setenv("TRACEPARENT", PARENT)
    monkeypatch.setenv("TRACESTATE", "vendor=1")
    if way == "instrument":
        with instrumented(recording):
            (RunnableLambda(str, name="inner") | str).with_config(run_name="outer").invoke("x")
    else:
        config: Any = {"callbacks": [our_handler(recording)], "run_name": "outer"}
        (RunnableLambda(str, name="inner") | str).invoke("x", config)
    span = recording.named("outer")
    assert span.parent is not None
    assert PARENT == f"00-{format_trace_id(span.parent.trace_id)}-{format_span_id(span.parent.span_id)}-01"
    assert (True, {"vendor": "1"}) == (span.parent.is_remote, dict(span.parent.trace_state))
    assert "outer" == recording.parent("inner")


def test_so_do_its_threads(monkeypatch: pytest.MonkeyPatch, recording: Recording) -> None:
    monkeypatch.setenv("TRACEPARENT", PARENT)
    with instrumented(recording):
        thread = threading.Thread(target=lambda: RunnableLambda(str, name="worker").invoke("x"))
        thread.start()
        thread.join()
    assert recording.named("worker").parent is not None


def test_a_request_of_its_own_trace_stays_in_that(
    monkeypatch: pytest.MonkeyPatch, recording: Recording
) -> None:
    monkeypatch.setenv("TRACEPARENT", PARENT)
    with instrumented(recording), recording.tracer.start_as_current_span("request"):
        RunnableLambda(str, name="step").invoke("x")
    assert "request" == recording.parent("step")


def test_what_the_process_around_does_not_sample_is_not_recorded(
    monkeypatch: pytest.MonkeyPatch, recording: Recording
) -> None:
    monkeypatch.setenv("TRACEPARENT", UNSAMPLED)
    with instrumented(recording):
        (RunnableLambda(str) | str).invoke("x")
    assert [] == recording.names()


@pytest.mark.parametrize("value", ["", "nonsense", PARENT.replace("b", "")])
def test_a_variable_that_is_no_trace_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, recording: Recording, value: str
) -> None:
    monkeypatch.setenv("TRACEPARENT", value)
    with instrumented(recording):
        RunnableLambda(str, name="step").invoke("x")
    assert recording.named("step").parent is None


CHILD = """
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace
import langspan

handle = langspan.instrument()
print(RunnableLambda(lambda _: langspan.current_run().trace_id, name="child").invoke("x"), end="")
"""


def test_a_child_process_is_in_the_trace_of_its_parent(traced: Recording) -> None:
    """By the environment that the parent gives it, with what `inject` writes."""

    def body(_: object) -> str:
        environ = {"OTEL_TRACES_EXPORTER": "none", **{key.upper(): value for key, value in message().items()}}
        done = subprocess.run(
            [sys.executable, "-c", CHILD], env=environ, capture_output=True, encoding="utf-8", check=True
        )
        return done.stdout

    trace_id = RunnableLambda(body, name="parent").invoke("x")
    assert format_trace_id(traced.named("parent").context.trace_id) == trace_id
