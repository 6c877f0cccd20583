"""Callbacks in any order: early, late, twice, for unknown runs. Every started span ends exactly once."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from opentelemetry import context as otel
from opentelemetry.context import Context

from langspan._guard import Guard
from langspan._settings import Settings
from langspan.langchain.graph_announcements import pop_announcement
from langspan.langchain.handler import RecordingHandler
from langspan.recording.build import build_recorder
from langspan.recording.run import Run
from support.recording import DetachWatch, Recording

MAX_OPEN = 6
MAX_AGE = 100
MAX_ENDED = 5
STARTS: dict[str, Any] = {
    "chain": {"input": "x"},
    "tool": "x",
    "retriever": "x",
    "llm": ["x"],
    "chat_model": [[HumanMessage("x")]],
}
ENDS = ("chain", "tool", "retriever", "llm")
ERRORS = (ValueError("no"), asyncio.CancelledError(), GeneratorExit(), KeyboardInterrupt())
ANSWER = LLMResult(generations=[[ChatGeneration(message=AIMessage("y"))]])


class Events(RuleBasedStateMachine):
    """Tells a handler of runs in any order, and keeps its own account of which are open."""

    run_ids = Bundle("run_ids")

    def __init__(self) -> None:
        super().__init__()
        self.recording = Recording()
        bounds = {"LANGSPAN_MAX_OPEN_RUNS": str(MAX_OPEN), "LANGSPAN_MAX_RUN_AGE": str(MAX_AGE)}
        settings = Settings.build(bounds)
        self.recorder = build_recorder(
            settings,
            Guard(raising=True),
            pop_announcement=pop_announcement,
            tracer_provider=self.recording.provider,
            meter_provider=None,
            logger_provider=None,
        )
        self.handler = RecordingHandler(self.recorder)
        self.now = 0.0
        self.recorder._runs._clock = lambda: self.now
        self.recorder._runs._max_ended = MAX_ENDED
        self.open: dict[UUID, tuple[Run, float]] = {}
        self.runs: list[Run] = []
        self.contexts: list[Context] = []
        self.watch = DetachWatch()
        logging.getLogger("opentelemetry").addHandler(self.watch)

    def teardown(self) -> None:
        """Close; late events, and runs that start even later, change nothing."""
        self.recorder.close()
        for run, _ in self.open.values():
            self._assert_evicted(run)
            self.handler.on_chain_end("y", run_id=run.run_id)
        self.handler.on_chain_start(None, "x", run_id=uuid4(), name="too late")
        logging.getLogger("opentelemetry").removeHandler(self.watch)
        assert 0 == len(self.recorder)
        visible = [run.span.get_span_context().span_id for run in self.runs if run.is_visible]
        on_time = [span for span in self.recording.spans if span.name != "too late"]
        assert sorted(visible) == sorted(span.context.span_id for span in on_time)
        # A span that is ended or written to after its end is told here.
        assert [] == [record.getMessage() for record in self.watch.records]
        assert {} == dict(otel.get_current())

    # -- starts

    @rule(target=run_ids)
    def know_of_a_run_that_never_starts(self) -> UUID:
        return uuid4()

    @rule(
        target=run_ids,
        kind=st.sampled_from(tuple(STARTS)),
        parent=st.none() | run_ids,
        around=st.none() | st.integers(0, 100),
        hidden=st.booleans(),
    )
    def start(self, kind: str, parent: UUID | None, around: int | None, hidden: bool) -> UUID:
        """A run starts; `around` it another one is current, open or not."""
        run_id = uuid4()
        context = contextvars.copy_context()
        if around is not None and self.runs:
            context.run(otel.attach, self.contexts[around % len(self.contexts)])
        context.run(self._start, kind, run_id, parent, hidden=hidden)
        return run_id

    @rule(kind=st.sampled_from(tuple(STARTS)), run_id=run_ids, parent=st.none() | run_ids)
    def start_again(self, kind: str, run_id: UUID, parent: UUID | None) -> None:
        former = self.open.pop(run_id, None)
        self._start(kind, run_id, parent)
        if former is not None:
            self._assert_evicted(former[0])

    def _start(self, kind: str, run_id: UUID, parent: UUID | None, *, hidden: bool = False) -> None:
        tell = getattr(self.handler, f"on_{kind}_start")
        tags = ["langsmith:hidden"] if hidden else []
        tell(
            {"name": "it"},
            STARTS[kind],
            run_id=run_id,
            parent_run_id=parent,
            name="it",
            tags=tags,
            metadata={},
        )
        run = self.recorder.run(run_id)
        assert run is not None
        self.runs.append(run)
        self.contexts.append(run.context)
        self.open[run_id] = (run, self.now)

    # -- ends

    @rule(kind=st.sampled_from(ENDS), run_id=run_ids, result=st.sampled_from((ANSWER, "y", None, [])))
    def end(self, kind: str, run_id: UUID, result: Any) -> None:
        getattr(self.handler, f"on_{kind}_end")(result, run_id=run_id)
        self.open.pop(run_id, None)

    @rule(kind=st.sampled_from(ENDS), run_id=run_ids, error=st.sampled_from(ERRORS))
    def fail(self, kind: str, run_id: UUID, error: BaseException) -> None:
        getattr(self.handler, f"on_{kind}_error")(error, run_id=run_id)
        self.open.pop(run_id, None)

    @rule(which=st.integers(0, 100), error=st.none() | st.sampled_from(ERRORS))
    def abandon(self, which: int, error: BaseException | None) -> None:
        """The call around a run is over, maybe long after the run's own end."""
        if self.runs:
            run = self.runs[which % len(self.runs)]
            was_open = run.is_open
            run.abandon(error)
            if was_open:
                self.open.pop(run.run_id, None)

    # -- what happens in between

    @rule(seconds=st.sampled_from((1.0, MAX_AGE / 2, MAX_AGE * 2)))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(run_id=run_ids)
    def stream(self, run_id: UUID) -> None:
        self.handler.on_llm_new_token("y", run_id=run_id)

    @rule(run_id=run_ids)
    def note(self, run_id: UUID) -> None:
        self.handler.on_custom_event("it", {"x": 1}, run_id=run_id)
        self.handler.on_text("x", run_id=run_id)

    @rule(run_id=run_ids)
    def interrupt_and_resume(self, run_id: UUID) -> None:
        event = SimpleNamespace(run_id=run_id, status="pending", checkpoint_id="c", interrupts=())
        self.handler.on_interrupt(event)
        self.handler.on_resume(event)

    # -- what always holds

    @invariant()
    def only_old_or_surplus_runs_are_evicted(self) -> None:
        surplus = len(self.open) - MAX_OPEN
        for run_id, (run, since) in list(self.open.items()):
            if self.recorder.run(run_id) is run:
                assert run.is_open
                continue
            surplus -= 1
            assert surplus >= 0 or self.now - since > MAX_AGE
            self._assert_evicted(run)
            del self.open[run_id]

    @invariant()
    def tables_are_bounded_and_ended_runs_are_not_held(self) -> None:
        assert len(self.open) == len(self.recorder) <= MAX_OPEN
        runs = self.recorder._runs
        assert len(runs._ended) + len(runs._ended_before) <= 2 * MAX_ENDED
        assert [] == [run for run in self.runs if run.is_open and run.run_id not in self.open]
        assert [] == [run for run in self.runs if not run.is_open and run.event is not None]

    def _assert_evicted(self, run: Run) -> None:
        assert not run.is_open
        if run.is_visible:
            assert "incomplete" == run.span.attributes["langspan.outcome"]  # type: ignore[attr-defined]


TestEvents = Events.TestCase


def test_a_run_that_starts_again_counts_as_young() -> None:
    """Its former self is ended; the next run that has to leave is the one that has been open longest."""
    events = Events()
    ids = [uuid4() for _ in range(MAX_OPEN)]
    for run_id in (*ids, ids[0], uuid4()):
        events._start("chain", run_id, None)
    evicted = [run_id for run_id in ids if events.recorder.run(run_id) is None]
    events.open.clear()
    events.teardown()
    assert [ids[1]] == evicted
