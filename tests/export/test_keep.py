"""Which traces are kept: whole ones, decided when they are complete, each span accounted for."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, Status, StatusCode, TraceFlags

from langspan import Keep, KeepSpanProcessor
from support.otlp import Server, closed_port

NEVER = 10**9
LOW, HIGH = 1, (1 << 64) - 1
"""Trace ids: the lower half of a small one is below any ratio, that of a large one above."""


class Kept:
    """A provider whose traces are kept or not, and what came of them."""

    def __init__(self, keep: Keep, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.processor = KeepSpanProcessor(keep, SimpleSpanProcessor(self.exporter))
        self.provider = TracerProvider(shutdown_on_exit=False, **options)
        self.provider.add_span_processor(self.processor)
        self.tracer = self.provider.get_tracer("application")

    @property
    def names(self) -> list[str]:
        return sorted(span.name for span in self.exporter.get_finished_spans())

    def counts(self) -> tuple[int, int]:
        """How many spans are held, and how many were left out."""
        stats = self.processor.stats()
        assert stats.recorded == stats.waiting + stats.left_out
        return stats.waiting, stats.left_out

    @contextmanager
    def root(self, name: str = "root", **options: Any) -> Iterator[Span]:
        with self.tracer.start_as_current_span(name, **options) as span:
            yield span

    def tree(self, **facts: Any) -> None:
        """A trace of three spans; the innermost has the facts."""
        with (
            self.root(),
            self.tracer.start_as_current_span("child"),
            self.tracer.start_as_current_span("leaf") as leaf,
        ):
            leaf.set_attributes(facts)


def fail(span: Span) -> None:
    span.set_status(Status(StatusCode.ERROR, "no"))


def charge(span: Span, operation: str, amount: Any) -> None:
    span.set_attributes({"gen_ai.operation.name": operation, "langspan.cost.amount": amount})


def spend(span: Span, operation: str, tokens: int) -> None:
    span.set_attributes({"gen_ai.operation.name": operation, "gen_ai.usage.input_tokens": tokens})


def remote(trace_id: int) -> trace.Context:
    context = SpanContext(trace_id, 7, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(context))


WHOLE = ["child", "leaf", "root"]
REASONS: dict[str, tuple[Keep, Callable[[Span], None]]] = {
    "an error": (Keep(errors=True), fail),
    "an outcome": (
        Keep(outcomes={"interrupted"}),
        lambda leaf: leaf.set_attribute("langspan.outcome", "interrupted"),
    ),
    "tokens": (Keep(more_tokens_than=10), lambda leaf: spend(leaf, "chat", 11)),
    "tokens of embeddings": (Keep(more_tokens_than=10), lambda leaf: spend(leaf, "embeddings", 11)),
    "a cost": (Keep(dearer_than=0.5), lambda leaf: charge(leaf, "chat", 0.6)),
    "an evaluation": (
        Keep(evaluated=True),
        lambda leaf: leaf.set_attribute("langspan.evaluation.name", "relevance"),
    ),
}
NO_REASONS: dict[str, tuple[Keep, Callable[[Span], None]]] = {
    "another outcome": (
        Keep(outcomes={"interrupted"}),
        lambda leaf: leaf.set_attribute("langspan.outcome", "cancelled"),
    ),
    "as many tokens": (Keep(more_tokens_than=11), lambda leaf: spend(leaf, "chat", 11)),
    "an agent's sum": (Keep(more_tokens_than=10), lambda leaf: spend(leaf, "invoke_agent", 11)),
    "tokens that are no number": (
        Keep(more_tokens_than=0),
        lambda leaf: leaf.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "9"}),
    ),
    "just as dear": (Keep(dearer_than=0.5), lambda leaf: charge(leaf, "chat", 0.5)),
    "what an agent's calls cost together": (
        Keep(dearer_than=0.5),
        lambda leaf: charge(leaf, "invoke_agent", 0.6),
    ),
    "a cost that is no number": (Keep(dearer_than=0), lambda leaf: charge(leaf, "chat", "much")),
    "an error that nobody asked for": (Keep(evaluated=True), fail),
}


def traced(keep: Keep, act: Callable[[Span], None]) -> Kept:
    kept = Kept(keep)
    with (
        kept.root(),
        kept.tracer.start_as_current_span("child"),
        kept.tracer.start_as_current_span("leaf") as leaf,
    ):
        act(leaf)
    return kept


@pytest.mark.parametrize("reason", REASONS)
def test_one_span_with_a_reason_keeps_the_whole_trace(reason: str) -> None:
    kept = traced(*REASONS[reason])
    assert (WHOLE, (0, 0)) == (kept.names, kept.counts())


@pytest.mark.parametrize("reason", NO_REASONS)
def test_without_a_reason_the_whole_trace_is_left_out_and_counted(reason: str) -> None:
    kept = traced(*NO_REASONS[reason])
    assert ([], (0, 3)) == (kept.names, kept.counts())


def test_tokens_of_a_trace_add_up() -> None:
    kept = Kept(Keep(more_tokens_than=10))
    with kept.root():
        for _ in range(2):
            with kept.tracer.start_as_current_span("call") as call:
                spend(call, "chat", 6)
    assert ["call", "call", "root"] == kept.names


@pytest.mark.parametrize(("calls", "names"), [(3, []), (4, ["call"] * 4 + ["root"])])
def test_costs_of_a_trace_add_up_exactly(calls: int, names: list[str]) -> None:
    kept = Kept(Keep(dearer_than=0.3))
    with kept.root():
        for _ in range(calls):
            with kept.tracer.start_as_current_span("call") as call:
                charge(call, "chat", 0.1)
    assert names == kept.names


@pytest.mark.parametrize(("seconds", "names"), [(10.0, []), (10.1, ["root"])])
def test_a_trace_is_slow_if_its_root_is(seconds: float, names: list[str]) -> None:
    kept = Kept(Keep(slower_than=10))
    kept.tracer.start_span("root", start_time=0).end(int(seconds * 1e9))
    assert names == kept.names


def test_a_slow_child_alone_does_not_make_a_trace_slow() -> None:
    """It outlives its root, as one that streams does; whoever waited for the root did not wait for it."""
    kept = Kept(Keep(slower_than=10))
    root = kept.tracer.start_span("root", start_time=0)
    child = kept.tracer.start_span("child", trace.set_span_in_context(root), start_time=0)
    root.end(10**9)
    assert [] == kept.names
    child.end(20 * 10**9)
    assert [] == kept.names


def test_nothing_goes_on_while_a_span_of_the_trace_is_open() -> None:
    kept = Kept(Keep(errors=True))
    with kept.root(), kept.tracer.start_as_current_span("child") as child:
        fail(child)
        child.end()
        assert ([], (1, 0)) == (kept.names, kept.counts())
    assert ["child", "root"] == kept.names


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_span_that_ends_later_goes_the_way_of_its_trace(is_kept: bool) -> None:
    kept = Kept(Keep(errors=True))
    with kept.root() as root:
        if is_kept:
            fail(root)
        context = trace.set_span_in_context(root)
    kept.tracer.start_span("late", context).end()
    assert (["late", "root"] if is_kept else [], (0, 0 if is_kept else 2)) == (kept.names, kept.counts())


def test_traces_do_not_keep_each_other() -> None:
    kept = Kept(Keep(errors=True))
    one, other = kept.tracer.start_span("one"), kept.tracer.start_span("other")
    fail(one)
    one.end()
    other.end()
    assert ["one"] == kept.names


# -- the share of the others


@pytest.mark.parametrize(("trace_id", "names"), [(LOW, ["part"]), (HIGH, [])])
def test_the_id_decides_of_what_has_no_reason(trace_id: int, names: list[str]) -> None:
    kept = Kept(Keep(ratio=0.5, remote="judge"))
    kept.tracer.start_span("part", remote(trace_id)).end()
    assert names == kept.names


@given(trace_id=st.integers(1, (1 << 128) - 1), ratio=st.floats(0.0, 1.0, exclude_min=True))
def test_the_share_is_that_of_the_sampler_of_opentelemetry(trace_id: int, ratio: float) -> None:
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    kept = Kept(Keep(ratio=ratio, remote="judge"))
    kept.tracer.start_span("part", remote(trace_id)).end()
    sampled = TraceIdRatioBased(ratio).should_sample(None, trace_id, "part").decision.is_sampled()
    assert sampled == bool(kept.names)


# -- other processes


@pytest.mark.parametrize(("way", "names"), [("keep", ["part"]), ("judge", [])])
def test_what_began_elsewhere_stays_whole_or_is_judged_as_asked(way: Any, names: list[str]) -> None:
    kept = Kept(Keep(errors=True, remote=way))
    kept.tracer.start_span("part", remote(HIGH)).end()
    assert names == kept.names


def test_what_another_process_does_not_sample_is_neither_held_nor_counted() -> None:
    kept = Kept(Keep(errors=True))
    context = SpanContext(LOW, 7, is_remote=True)
    kept.tracer.start_span("part", trace.set_span_in_context(NonRecordingSpan(context))).end()
    assert ([], (0, 0)) == (kept.names, kept.counts())


def test_what_is_sampled_out_is_not_held() -> None:
    kept = Kept(Keep(ratio=1.0), sampler=ALWAYS_OFF)
    kept.tree()
    assert ([], (0, 0)) == (kept.names, kept.counts())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_holds_nothing_of_its_parents() -> None:
    kept = Kept(Keep(errors=True))
    with kept.root(), kept.tracer.start_as_current_span("child"):
        pass
    with kept.root():
        kept.tracer.start_span("child").end()
        child = os.fork()
        if not child:
            os._exit(0 if kept.counts() == (0, 0) else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


# -- bounds


def test_beyond_its_bound_the_oldest_trace_is_decided_by_what_is_known() -> None:
    kept = Kept(Keep(errors=True, max_spans=2))
    failing, fine = kept.tracer.start_span("failing"), kept.tracer.start_span("fine")
    for parent, name in ((failing, "a"), (fine, "b")):
        child = kept.tracer.start_span(name, trace.set_span_in_context(parent))
        if parent is failing:
            fail(child)
        child.end()
    assert ([], (2, 0)) == (kept.names, kept.counts())
    kept.tracer.start_span("c", trace.set_span_in_context(fine)).end()
    assert (["a"], (2, 0)) == (kept.names, kept.counts())
    failing.end()
    fine.end()
    assert (["a", "failing"], (0, 3)) == (kept.names, kept.counts())


def test_long_texts_count_for_the_bound_in_bytes() -> None:
    kept = Kept(Keep(ratio=1.0, max_bytes=50_000))
    with kept.root():
        kept.tracer.start_span("small", attributes={"text": "x"}).end()
        assert [] == kept.names
        kept.tracer.start_span("large", attributes={"text": "x" * 60_000}).end()
        assert ["large", "small"] == kept.names


def test_a_trace_that_takes_too_long_is_decided_when_the_next_thing_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("langspan.export.trace_keeper.time.monotonic", lambda: now[0])
    kept = Kept(Keep(ratio=1.0, max_age=60))
    with kept.root(), kept.tracer.start_as_current_span("child"):
        kept.tracer.start_span("leaf").end()
        now[0] = 61.0
        kept.tracer.start_span("other", trace.Context())
        assert ["leaf"] == kept.names


def test_decisions_are_forgotten_in_time() -> None:
    kept = Kept(Keep(errors=True))
    for _ in range(10_100):
        kept.tracer.start_span("root").end()
    assert 10_000 == len(kept.processor._decided)
    assert 0 == len(kept.processor._traces)


# -- the end


def test_a_shutdown_decides_what_is_open() -> None:
    kept = Kept(Keep(errors=True))
    with kept.root(), kept.tracer.start_as_current_span("child") as child:
        fail(child)
        child.end()
        kept.provider.shutdown()
        assert ["child"] == kept.names


def test_a_flush_is_not_true_while_a_trace_is_not_decided() -> None:
    kept = Kept(Keep(errors=True))
    with kept.root():
        assert kept.provider.force_flush()
        kept.tracer.start_span("child").end()
        assert not kept.provider.force_flush()
    assert kept.provider.force_flush()


# -- threads and finalizers


def test_many_threads_lose_nothing() -> None:
    kept = Kept(Keep(errors=True))

    def work() -> None:
        for number in range(200):
            with kept.root("failing" if number % 2 else "fine") as root:
                kept.tracer.start_span("child").end()
                if number % 2:
                    fail(root)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"failing": 800, "child": 800} == {name: kept.names.count(name) for name in set(kept.names)}
    assert (0, 1600) == kept.counts()


def test_a_span_that_ends_while_another_is_passed_on_is_not_lost() -> None:
    """As in a finalizer that runs in the middle of it."""
    ended: list[str] = []

    class Interrupted(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span.name)
            if span.name == "root":
                tracer.start_span("inside", trace.Context()).end()

    provider = TracerProvider(shutdown_on_exit=False)
    processor = KeepSpanProcessor(Keep(ratio=1.0), Interrupted())
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("application")
    tracer.start_span("root").end()
    assert ["root", "inside"] == ended


def test_a_trace_that_is_gone_is_not_kept_in_memory() -> None:
    kept = Kept(Keep(errors=True))
    kept.tree()
    gc.collect()
    held = [each for each in gc.get_objects() if isinstance(each, ReadableSpan) and each.name == "leaf"]
    assert [] == [span for span in held if span.resource is kept.provider.resource]


# -- as a setting


@pytest.fixture
def variables(server: Server) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint, "LANGSPAN_KEEP": "errors"}


def test_the_provider_that_is_built_sends_what_is_kept_and_counts_the_rest(
    exports: Any, server: Server, variables: dict[str, str]
) -> None:
    telemetry = exports(variables)
    tracer = telemetry.tracer_provider.get_tracer("t")
    failing = tracer.start_span("failing")
    fail(failing)
    failing.end()
    tracer.start_span("fine").end()
    assert telemetry.flush(10)
    spans, *_ = telemetry.stats()
    assert ["failing"] == [span.name for span in server.received.spans]
    assert (2, 1, 0, 1, 0) == (spans.recorded, spans.sent, spans.waiting, spans.left_out, spans.lost_total)


def test_a_trace_of_more_spans_than_the_queue_usually_holds_is_sent_whole(
    exports: Any, server: Server, variables: dict[str, str]
) -> None:
    telemetry = exports(variables)
    tracer = telemetry.tracer_provider.get_tracer("t")
    with tracer.start_as_current_span("root") as root:
        for _ in range(5000):
            tracer.start_span("child").end()
        fail(root)
    assert telemetry.flush(30)
    assert 5001 == telemetry.stats()[0].sent


def test_at_the_end_of_the_process_what_is_open_is_decided(
    exports: Any, server: Server, variables: dict[str, str]
) -> None:
    telemetry = exports(variables)
    tracer = telemetry.tracer_provider.get_tracer("t")
    with tracer.start_as_current_span("root"):
        child = tracer.start_span("child")
        fail(child)
        child.end()
        telemetry.finish()
        assert ["child"] == [span.name for span in server.received.spans]


def test_losses_and_what_is_left_out_add_up(exports: Any) -> None:
    telemetry = exports(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": closed_port(),
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            "LANGSPAN_KEEP": "errors",
        }
    )
    tracer = telemetry.tracer_provider.get_tracer("t")
    for name in ("failing", "fine"):
        span = tracer.start_span(name)
        if name == "failing":
            fail(span)
        span.end()
    assert not telemetry.flush(20)
    spans, *_ = telemetry.stats()
    assert spans.recorded == spans.sent + spans.waiting + spans.left_out + spans.lost_total == 2
    assert 1 == spans.left_out


def test_a_provider_of_the_application_is_refused_with_the_way_out(exports: Any) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    with pytest.raises(ValueError, match=r"keep applies .* langspan\.KeepSpanProcessor"):
        exports({"LANGSPAN_KEEP": "errors"}, tracer_provider=provider)


def test_where_opentelemetry_is_disabled_there_is_nothing_to_refuse(exports: Any) -> None:
    exports({"LANGSPAN_KEEP": "errors", "OTEL_SDK_DISABLED": "true"})


def test_the_same_setting_again_is_accepted(exports: Any, variables: dict[str, str]) -> None:
    first = exports(variables)
    assert first.tracer_provider is exports().tracer_provider
