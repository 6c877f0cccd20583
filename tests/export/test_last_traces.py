"""The traces that ended last, kept in memory."""

from __future__ import annotations

import threading

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from langspan.export import last_traces
from langspan.export.last_traces import keep_last_of


@pytest.fixture
def provider():
    made = TracerProvider(shutdown_on_exit=False)
    yield made
    made.shutdown()


def names(keeper):
    return [span.name for span in keeper.newest()]


def record(tracer, *path):
    """End a trace whose spans are each below the one before."""
    if path:
        with tracer.start_as_current_span(path[0]):
            record(tracer, *path[1:])


def test_the_trace_that_ended_last_is_kept_whole(provider):
    keeper, tracer = keep_last_of(provider, 2), provider.get_tracer("t")
    record(tracer, "first", "below")
    record(tracer, "second", "below")
    assert ["below", "second"] == names(keeper)


def test_a_trace_that_is_still_open_does_not_count(provider):
    keeper, tracer = keep_last_of(provider, 2), provider.get_tracer("t")
    record(tracer, "first")
    with tracer.start_as_current_span("open"):
        record(tracer, "below")
        assert ["first"] == names(keeper)


def test_before_any_trace_has_ended_there_is_none(provider):
    assert [] == names(keep_last_of(provider, 1))


def test_what_ends_after_the_root_belongs_to_its_trace(provider):
    keeper, tracer = keep_last_of(provider, 1), provider.get_tracer("t")
    with tracer.start_as_current_span("root"):
        late = tracer.start_span("late")
    late.end()
    assert ["root", "late"] == names(keeper)


def test_a_part_of_another_processes_trace_is_one(provider):
    keeper = keep_last_of(provider, 1)
    parent = NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1)))
    provider.get_tracer("t").start_span("here", context=trace.set_span_in_context(parent)).end()
    assert ["here"] == names(keeper)


def test_no_more_traces_are_kept_than_asked_for(provider):
    keeper, tracer = keep_last_of(provider, 2), provider.get_tracer("t")
    for number in range(5):
        record(tracer, str(number))
    assert (["4"], 2) == (names(keeper), keeper._spans)


@pytest.mark.parametrize(("bound", "value"), [("MAX_SPANS", 10), ("MAX_BYTES", 10 * 2048)])
def test_the_oldest_spans_go_first_when_there_are_too_many(provider, monkeypatch, bound, value):
    monkeypatch.setattr(last_traces, bound, value)
    keeper, tracer = keep_last_of(provider, 100), provider.get_tracer("t")
    for number in range(30):
        tracer.start_span(str(number), attributes={"text": "x" * 1024}).end()
    assert (["29"], 10) == (names(keeper), keeper._spans)


def test_one_trace_alone_is_bounded_too(provider, monkeypatch):
    monkeypatch.setattr(last_traces, "MAX_SPANS", 10)
    keeper, tracer = keep_last_of(provider, 1), provider.get_tracer("t")
    with tracer.start_as_current_span("root"):
        for number in range(30):
            tracer.start_span(str(number)).end()
    assert [*map(str, range(21, 30)), "root"] == names(keeper)


def test_a_second_time_the_same_keeper_goes_on(provider):
    keeper = keep_last_of(provider, 1)
    assert (keeper, 5) == (keep_last_of(provider, 5), keeper.count)


def test_a_stopped_one_forgets_and_takes_no_more(provider):
    keeper, tracer = keep_last_of(provider, 1), provider.get_tracer("t")
    record(tracer, "before")
    keeper.stop()
    record(tracer, "after")
    assert ([], 0) == (names(keeper), keeper._spans)


def test_nothing_is_lost_between_threads(provider):
    keeper, tracer = keep_last_of(provider, 1000), provider.get_tracer("t")

    def work():
        for _ in range(200):
            record(tracer, "root", "below")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    keeper.newest()
    assert (800, 1600) == (len(keeper._traces), keeper._spans)


def test_a_provider_that_takes_no_processors_is_named():
    with pytest.raises(ValueError, match="keep_last_traces=3 needs a tracer provider of OpenTelemetry's SDK"):
        keep_last_of(trace.ProxyTracerProvider(), 3)
