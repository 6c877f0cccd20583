"""`langspan.last_trace()`: the trace of a run that has just ended, as an object that displays itself."""

from __future__ import annotations

import html
import re

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import langspan
from support.canary import canary, sighted


@pytest.fixture
def provider():
    made = TracerProvider(shutdown_on_exit=False)
    yield made
    langspan.uninstrument()
    made.shutdown()


def answer(text):
    trace.get_tracer("app").start_span("of the application").end()
    return text


def run(text="hello"):
    RunnableLambda(answer).with_config(run_name="answer").invoke(text)


def test_the_trace_of_the_last_run_is_there_with_all_its_spans(provider):
    langspan.instrument(tracer_provider=provider, keep_last_traces=3)
    with provider.get_tracer("app").start_as_current_span("request"):
        run()
    found = langspan.last_trace()
    assert {"answer", "request"} <= {span.name for span in found.spans}
    assert re.fullmatch(r"[0-9a-f]{32}", found.trace_id)
    assert repr(found).startswith(f"<trace {found.trace_id}: 2 spans, 0 errors, ")


def test_it_displays_itself_in_a_frame(provider):
    langspan.instrument(tracer_provider=provider, keep_last_traces=3)
    run()
    found = langspan.last_trace()
    shown = found._repr_html_()
    (document,) = re.findall('srcdoc="(.*?)"', shown, re.DOTALL)
    assert found.to_html() == html.unescape(document)
    assert '"name":"answer"' in found.to_html()


def test_before_a_run_has_ended_there_is_none(provider):
    langspan.instrument(tracer_provider=provider, keep_last_traces=3)
    assert langspan.last_trace() is None


@pytest.mark.parametrize("number", [None, 0])
def test_where_none_are_kept_it_says_what_to_set(provider, number):
    langspan.instrument(tracer_provider=provider, keep_last_traces=number)
    run()
    with pytest.raises(
        RuntimeError, match=r"after uninstrument\(\), langspan.instrument\(keep_last_traces=10\)"
    ):
        langspan.last_trace()


def test_without_tracing_it_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"call langspan.instrument\(keep_last_traces=10\)"):
        langspan.last_trace()


def test_unless_it_is_asked_for_nothing_is_added_to_a_provider(provider):
    langspan.instrument(tracer_provider=provider)
    assert () == provider._active_span_processor._span_processors


def test_the_variable_says_it_too(provider, monkeypatch):
    monkeypatch.setenv("LANGSPAN_KEEP_LAST_TRACES", "2")
    langspan.instrument(tracer_provider=provider)
    run()
    assert ["answer"] == [span.name for span in langspan.last_trace().spans]


@pytest.mark.parametrize("value", [-1, "many", True])
def test_a_bad_number_is_refused(provider, value):
    with pytest.raises(ValueError, match=r"keep_last_traces=.* is invalid; use a whole number of at least 0"):
        langspan.instrument(tracer_provider=provider, keep_last_traces=value)


def test_after_a_new_start_former_traces_are_forgotten(provider):
    for _ in range(2):
        langspan.instrument(tracer_provider=provider, keep_last_traces=3)
        assert langspan.last_trace() is None
        run()
        langspan.uninstrument()


@pytest.mark.parametrize(("capture", "seen"), [(None, set()), (True, {"input"})])
def test_the_page_has_the_content_that_was_recorded_and_no_other(provider, capture, seen):
    langspan.instrument(tracer_provider=provider, keep_last_traces=1, capture_content=capture)
    run(canary("input"))
    assert seen == sighted(langspan.last_trace().to_html().encode())
