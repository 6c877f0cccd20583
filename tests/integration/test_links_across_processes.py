"""With `link_across_processes`, a graph that goes on in another process is linked to the one that stopped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.pregel import _loop, main
from langgraph.types import Command
from opentelemetry import context as otel
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

from langspan.recording.stored_contexts import TRACEPARENT_KEY, read, stored
from support.capabilities import GRAPH_CALLBACKS, STATE_PLANS
from support.graphs import START_STATE
from support.recording import Recording, instrumented

pytest.importorskip("langgraph.checkpoint.sqlite", reason="needs langgraph-checkpoint-sqlite")

from support.going_on import Phase, ask, first, invoked, last, line, stopped_before, two_questions_of_a_node

SCRIPT = Path(__file__).resolve().parents[1] / "support" / "going_on.py"
STATE_KEY = TRACEPARENT_KEY.replace("parent", "state")
LINKED = [
    *("invoked", "streamed", "left_at_the_interrupt", "saved_at_exit", "stopped_before", "stopped_after"),
    *("inside_another", "entry_point", "two_questions", "two_questions_of_a_node"),
    *("awaited", "streamed_async"),
    pytest.param("updated_meanwhile", marks=STATE_PLANS.mark),
]
UNLINKED = ["finished", "failed", "asked_anew", "jumped"]

Seen = dict[str, Any]


def carried_out(path: Path, phase: int, mode: str) -> Seen:
    """What a process of its own sees and records of every scenario."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANG"))}
    environ["PYTHONPATH"] = str(SCRIPT.parents[1])
    command = [sys.executable, str(SCRIPT), str(path), str(phase), mode]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert "" == done.stderr
    seen: Seen = json.loads(done.stdout)
    return seen


@pytest.fixture(scope="module")
def phases(tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    """Three phases, each in its own process, with the setting on."""
    path = tmp_path_factory.mktemp("linked") / "checkpoints.sqlite"
    return [carried_out(path, phase, "on") for phase in (1, 2, 3)]


@pytest.fixture(scope="module")
def untraced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, Seen, Seen]:
    """Two phases without langspan, and instead of the second a traced one."""
    path = tmp_path_factory.mktemp("untraced") / "checkpoints.sqlite"
    first_phase = carried_out(path, 1, "untraced")
    other = path.with_name("traced_later.sqlite")
    shutil.copy(path, other)
    return first_phase, carried_out(path, 2, "untraced"), carried_out(other, 2, "on")


@pytest.mark.parametrize("scenario", LINKED)
def test_what_goes_on_elsewhere_links_to_what_stopped(scenario: str, phases: list[Seen]) -> None:
    (stopped,), (resumed,) = (phase[scenario]["spans"] for phase in phases[:2])

    assert [] == stopped["links"]
    assert [stopped["ids"]] == resumed["links"]


@pytest.mark.parametrize("scenario", UNLINKED)
def test_what_does_not_resume_an_interrupt_takes_no_link(scenario: str, phases: list[Seen]) -> None:
    (span,) = phases[1][scenario]["spans"]

    assert [] == span["links"]


def test_a_second_resumption_links_to_the_second_run(phases: list[Seen]) -> None:
    (second,), (third,) = (phase["two_questions"]["spans"] for phase in phases[1:])

    assert [second["ids"]] == third["links"]


def test_a_run_that_stopped_again_before_a_checkpoint_leaves_the_link_to_who_wrote_it(
    phases: list[Seen],
) -> None:
    (writer,) = phases[0]["two_questions_of_a_node"]["spans"]
    (third,) = phases[2]["two_questions_of_a_node"]["spans"]

    assert [writer["ids"]] == third["links"]


def test_a_replay_links_to_the_run_that_wrote_the_checkpoint(phases: list[Seen]) -> None:
    (writer,), (replay,) = (phase["went_back"]["spans"] for phase in phases[:2])

    assert [writer["ids"]] == replay["links"]


@GRAPH_CALLBACKS.mark
def test_a_replay_elsewhere_is_no_resumption(phases: list[Seen]) -> None:
    (replay,) = phases[1]["went_back"]["spans"]

    assert ["langgraph.replay"] == replay["events"]


@pytest.mark.parametrize("phase", [0, 1])
def test_the_application_sees_the_same_results(
    phase: int, phases: list[Seen], untraced: tuple[Seen, Seen, Seen]
) -> None:
    expected, found = (
        {name: _without_ids(each["result"]) for name, each in seen[phase].items()}
        for seen in (untraced, phases)
    )

    assert expected == found


def _without_ids(text: str) -> str:
    """What a result says, but for the ids of its interrupts, which no two runs share."""
    return text.partition("id='")[0]


@pytest.mark.parametrize("phase", [0, 1])
def test_checkpoints_differ_by_the_key_only(
    phase: int, phases: list[Seen], untraced: tuple[Seen, Seen, Seen]
) -> None:
    expected, found = (
        {name: each["metadata"] for name, each in seen[phase].items()} for seen in (untraced, phases)
    )
    for metadata in (each for name in found for each in found[name]):
        metadata.pop(TRACEPARENT_KEY, None)

    assert expected == found


def test_a_checkpoint_of_an_untraced_process_takes_no_link(untraced: tuple[Seen, Seen, Seen]) -> None:
    spans = [span for seen in untraced[2].values() for span in seen["spans"]]

    assert [[]] * len(spans) == [span["links"] for span in spans]


def test_a_graph_imported_after_instrument_keeps_the_key() -> None:
    program = (
        "import langspan; langspan.instrument(link_across_processes=True);"
        "from langgraph.pregel._loop import PregelLoop; from langgraph.pregel.main import Pregel;"
        "assert hasattr(PregelLoop.tick, '__wrapped__') and hasattr(Pregel._defaults, '__wrapped__')"
    )
    environ = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
    subprocess.run([sys.executable, "-c", program], env=environ, timeout=60, check=True)


# -- in one process, which forgets all when it is instrumented again

THREAD: Any = {"configurable": {"thread_id": "1"}}


class Told(InMemorySaver):
    """A checkpointer whose metadata say what a test wants."""

    told: dict[str, Any] | None = None

    def get_tuple(self, config: Any) -> Any:
        found = super().get_tuple(config)
        if found is None or self.told is None:
            return found
        return found._replace(metadata={**found.metadata, **self.told})


def roots(recording: Recording) -> list[ReadableSpan]:
    return [span for span in recording.spans if span.parent is None]


def linked(span: ReadableSpan) -> list[SpanContext]:
    return [link.context for link in span.links]


def run(recording: Recording, scenario: Any, saver: Any, number: int, **settings: Any) -> None:
    with instrumented(recording, link_across_processes=True, **settings):
        scenario(Phase(number, "1", saver))


@pytest.mark.parametrize("scenario", [invoked, stopped_before])
def test_a_checkpointer_in_memory_will_do(recording: Recording, scenario: Any) -> None:
    saver = InMemorySaver()
    for number in (1, 2):
        run(recording, scenario, saver, number)

    stopped, resumed = roots(recording)
    assert [stopped.context.span_id] == [each.span_id for each in linked(resumed)]


@pytest.mark.parametrize(
    "value",
    [
        *("", "x", "00", "00-0-0-01", f"00-{0:032x}-{1:016x}-01", f"00-{1:032x}-{0:016x}-01"),
        *(f"ff-{1:032x}-{1:016x}-01", f"00-{1:032x}-{1:016x}-01-more", f"00-{1:032X}-{0xA:016X}-01"),
        *(f"{' ' * 5000}00-{1:032x}-{1:016x}-01", None, 7, ["00"], {"a": 1}, b"00"),
    ],
    ids=repr,
)
def test_what_is_no_traceparent_takes_no_link(recording: Recording, value: Any) -> None:
    saver = Told()
    run(recording, invoked, saver, 1)
    saver.told = {TRACEPARENT_KEY: value}
    run(recording, invoked, saver, 2)

    assert [] == linked(roots(recording)[1])


def test_the_trace_state_goes_with_it(recording: Recording) -> None:
    outside = SpanContext(
        5, 7, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")])
    )
    saver = InMemorySaver()
    with instrumented(recording, link_across_processes=True):
        graph = line(first, ask, last, checkpointer=saver)
        token = otel.attach(set_span_in_context(NonRecordingSpan(outside)))
        try:
            graph.invoke(START_STATE, THREAD)
        finally:
            otel.detach(token)
    told = graph.get_state(THREAD).metadata
    run(recording, invoked, saver, 2)

    (context,) = linked(roots(recording)[0])
    assert "a=b" == told[STATE_KEY]
    assert {"a": "b"} == dict(context.trace_state)


def test_nothing_else_is_kept(recording: Recording) -> None:
    saver = InMemorySaver()
    run(recording, invoked, saver, 1, capture_content=True)

    added = [set(each.metadata) - {"source", "step", "parents"} for each in saver.list(THREAD)]
    assert [{TRACEPARENT_KEY}] * 3 == added


def test_what_is_not_sampled_leaves_no_key() -> None:
    saver = InMemorySaver()
    run(Recording(sampler=ALWAYS_OFF), invoked, saver, 1)

    assert [] == [each for each in saver.list(THREAD) if TRACEPARENT_KEY in each.metadata]


@pytest.fixture
def without_setting(recording: Recording) -> Iterator[Recording]:
    with instrumented(recording):
        yield recording


def test_without_the_setting_no_key_is_written(without_setting: Recording) -> None:
    saver = InMemorySaver()
    invoked(Phase(1, "1", saver))

    assert 3 == len(list(saver.list(THREAD)))
    assert [] == [each for each in saver.list(THREAD) if TRACEPARENT_KEY in each.metadata]


def test_without_the_setting_nothing_is_patched(without_setting: Recording) -> None:
    functions = [getattr(_loop.PregelLoop, name) for name in ("_put_checkpoint", "_first", "tick")]
    functions.append(getattr(main, "create_checkpoint_plan_for_update_state_api", invoked))

    assert [] == [function for function in functions if hasattr(function, "__wrapped__")]


def test_without_the_setting_a_key_is_not_read(recording: Recording) -> None:
    saver = InMemorySaver()
    run(recording, invoked, saver, 1)
    with instrumented(recording):
        invoked(Phase(2, "1", saver))

    assert [] == linked(roots(recording)[1])


def test_the_variable_turns_it_on(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSPAN_LINK_ACROSS_PROCESSES", "true")
    saver = InMemorySaver()
    with instrumented(recording):
        invoked(Phase(1, "1", saver))

    assert 3 == len([each for each in saver.list(THREAD) if TRACEPARENT_KEY in each.metadata])


def test_what_was_resumed_elsewhere_meanwhile_is_not_linked_to_again(recording: Recording) -> None:
    """This process knows of a stop that another one has resumed, and the checkpoint of a later one."""
    saver = Told()
    elsewhere = SpanContext(5, 7, is_remote=True, trace_flags=TraceFlags(1))
    with instrumented(recording, link_across_processes=True):
        graph = line(ask, last, checkpointer=saver)
        graph.invoke(START_STATE, THREAD)
        # As another process would: it resumes, and stops at a checkpoint of its own.
        graph.update_state(THREAD, {"seen": ["elsewhere"]}, as_node="__start__")
        saver.told = stored(elsewhere)
        graph.invoke(Command(resume="yes"), THREAD)

    (context,) = linked(roots(recording)[-1])
    assert (5, 7) == (context.trace_id, context.span_id)


def test_two_questions_of_a_node_in_one_process_are_linked_as_without_the_setting(
    recording: Recording,
) -> None:
    saver = InMemorySaver()
    with instrumented(recording, link_across_processes=True):
        for number in (1, 2, 3):
            two_questions_of_a_node(Phase(number, "1", saver))

    ids = [span.context.span_id for span in roots(recording)]
    assert [[], *([each] for each in ids[:2])] == [
        [each.span_id for each in linked(span)] for span in roots(recording)
    ]


def test_what_is_stored_is_read_again() -> None:
    context = SpanContext(
        5, 7, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")])
    )

    assert context == read(stored(context))


def test_an_invalid_context_is_not_stored() -> None:
    assert {} == stored(SpanContext(0, 0, is_remote=False, trace_flags=TraceFlags(1)))
