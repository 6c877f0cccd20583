"""What the handle tells of this process besides the signals: evictions, contained errors, dropped values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError

import pytest
from opentelemetry.sdk.trace import TracerProvider

import langspan
from langspan._stats import SignalStats, Tally
from support.models import ScriptedChat, StreamingChat


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider
    langspan.uninstrument()
    provider.shutdown()


def test_a_value_that_redact_raises_for_is_counted(provider: TracerProvider) -> None:
    def redact(value: object, where: str) -> object:
        raise ValueError(where)

    handle = langspan.instrument(tracer_provider=provider, capture_content=True, redact=redact)
    assert 0 == handle.stats().values_dropped
    ScriptedChat().invoke("x")
    assert 1 <= handle.stats().values_dropped


def test_evicted_runs_are_counted(provider: TracerProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSPAN_MAX_OPEN_RUNS", "3")
    handle = langspan.instrument(tracer_provider=provider)
    streams = [StreamingChat(answers=("a b c",)).stream("x") for _ in range(5)]
    for stream in streams:
        next(stream)
    assert 2 == handle.stats().runs_evicted
    for stream in streams:
        stream.close()


def test_a_contained_error_is_counted_each_time(provider: TracerProvider) -> None:
    """It is logged once only."""
    handle = langspan.instrument(tracer_provider=provider)
    for _ in range(3):
        handle._handler.recorder.guard.report("a test", ValueError("no"))
    assert 3 == handle.stats().internal_errors


def test_of_a_provider_of_the_application_nothing_is_counted(provider: TracerProvider) -> None:
    handle = langspan.instrument(tracer_provider=provider)
    ScriptedChat().invoke("x")
    assert SignalStats() == handle.stats().spans


def test_the_record_cannot_be_changed(provider: TracerProvider) -> None:
    stats = langspan.instrument(tracer_provider=provider).stats()
    with pytest.raises(FrozenInstanceError):
        stats.spans = SignalStats()  # type: ignore[misc]
    with pytest.raises(TypeError):
        stats.spans.lost["refused"] = 1  # type: ignore[index]


def test_a_tally_of_another_process_starts_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    tally.add()
    with monkeypatch.context() as patch:
        patch.setattr("os.getpid", lambda: -1)
        inherited = tally.total
        tally.add()
        assert (0, 1) == (inherited, tally.total)
