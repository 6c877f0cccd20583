"""Sampling: what is left out is left out as a whole, and the bodies still see the right context."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

import langspan
from langspan.langchain.handler import RecordingHandler
from support.agents import ASK, agent
from support.graphs import START_STATE, anode, line, node
from support.models import ScriptedChat, ScriptedEmbeddings, ScriptedLLM, ScriptedRetriever, StreamingChat
from support.probe import LogWatch, Probe, settled
from support.recording import Recording, instrumented, open_runs
from support.steps import asteps, steps
from support.tools import adouble, double

TRACE = 0x0AF7651916CD43DD8448EB211C80319C
CALLER = 0xB7AD6B7169203331


def chain(probe: Probe) -> None:
    (steps(probe, "a", "b") | ScriptedChat(body=probe)).invoke("hi")


async def chain_async(probe: Probe) -> None:
    await (asteps(probe, "a", "b") | ScriptedChat(body=probe)).ainvoke("hi")


def model_stream(probe: Probe) -> None:
    probe.consume(StreamingChat(body=probe, answers=("a b",)).stream("hi"))


async def model_astream(probe: Probe) -> None:
    await probe.aconsume(StreamingChat(body=probe, answers=("a b",)).astream("hi"))


def completion(probe: Probe) -> None:
    ScriptedLLM(body=probe).invoke("hi")


async def retriever(probe: Probe) -> None:
    await ScriptedRetriever(body=probe).ainvoke("?")


def embeddings(probe: Probe) -> None:
    ScriptedEmbeddings(body=probe).embed_query("?")


async def embeddings_async(probe: Probe) -> None:
    await ScriptedEmbeddings(body=probe).aembed_query("?")


def tool(probe: Probe) -> None:
    double(probe).invoke({"number": 1})


def graph(probe: Probe) -> None:
    line(node(probe, "a"), node(probe, "b")).invoke(START_STATE)


async def graph_stream(probe: Probe) -> None:
    await probe.aconsume(line(anode(probe, "a"), anode(probe, "b")).astream(START_STATE))


async def agent_async(probe: Probe) -> None:
    await agent(probe, adouble(probe)).ainvoke(ASK)


def cancelled_halfway(probe: Probe) -> None:
    stream = StreamingChat(body=probe, answers=("a b",)).stream("hi")
    probe.first(stream)
    stream.close()


WAYS = pytest.mark.parametrize(
    "way",
    [
        chain,
        chain_async,
        model_stream,
        model_astream,
        completion,
        retriever,
        embeddings,
        embeddings_async,
        tool,
        graph,
        graph_stream,
        agent_async,
        cancelled_halfway,
    ],
    ids=lambda way: way.__name__,
)


class Without(Sampler):
    """Leaves out spans of one name, whatever becomes of their parents and children."""

    def __init__(self, name: str) -> None:
        self.name = name

    def should_sample(self, parent_context: Any, trace_id: int, name: str, *_: Any, **__: Any) -> Any:
        return SamplingResult(Decision.DROP if name == self.name else Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return f"Without({self.name})"


@contextmanager
def called_from_afar(*, sampled: bool) -> Iterator[None]:
    """A caller in another process is current, which is sampled or not."""
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    caller = NonRecordingSpan(SpanContext(TRACE, CALLER, is_remote=True, trace_flags=flags))
    token = otel.attach(trace.set_span_in_context(caller))
    try:
        yield
    finally:
        otel.detach(token)


def run(way: Any, recording: Recording) -> Probe:
    """Run one way; the caller's context is looked at, and nothing may be open afterwards."""
    probe = Probe(recording)
    probe.stand_here()

    async def arun() -> None:
        await way(probe)
        probe.look("after the call")
        probe.faults += await settled()

    with LogWatch().watching() as log, instrumented(recording) as handle:
        if inspect.iscoroutinefunction(way):
            asyncio.run(arun())
        else:
            way(probe)
        probe.look("after the call")
        probe.faults += log.lines
        if open_runs(handle) or probe.spans.open:
            probe.faults.append(f"left open: {open_runs(handle)} {probe.spans.open}")
    return probe


def told(probe: Probe) -> list[tuple[int, bool]]:
    """The trace that each body's requests would name, and whether as a sampled one."""
    parts = [header.split("-") for header in probe.headers]
    return [(int(trace_id, 16), bool(int(flags, 16) & TraceFlags.SAMPLED)) for _, trace_id, _, flags in parts]


@WAYS
def test_a_sampler_that_is_off_leaves_everything_out(way: Any) -> None:
    recording = Recording(sampler=ALWAYS_OFF)
    probe = run(way, recording)

    assert [] == probe.faults
    assert [] == recording.spans
    assert {False} == {sampled for _, sampled in told(probe)}
    assert 1 == len({trace_id for trace_id, _ in told(probe)}), "the bodies of one run are in one trace"


@WAYS
def test_below_an_unsampled_caller_everything_is_left_out(way: Any) -> None:
    recording = Recording()
    with called_from_afar(sampled=False):
        probe = run(way, recording)

    assert [] == probe.faults
    assert [] == recording.spans
    assert {(TRACE, False)} == set(told(probe))


@WAYS
def test_below_a_sampled_caller_the_run_joins_its_trace(way: Any) -> None:
    recording = Recording()
    with called_from_afar(sampled=True):
        probe = run(way, recording)

    assert [] == probe.faults
    assert {TRACE} == recording.trace_ids()
    assert {(TRACE, True)} == set(told(probe))
    assert {CALLER} == {
        span.parent.span_id for span in recording.spans if span.parent is None or span.parent.is_remote
    }


@WAYS
def test_below_an_unsampled_span_of_the_application_everything_is_left_out(way: Any) -> None:
    recording = Recording(sampler=ParentBased(Without("application")))
    with recording.tracer.start_as_current_span("application") as outer:
        probe = run(way, recording)
        assert trace.get_current_span() is outer

    assert [] == probe.faults
    assert [] == recording.spans
    assert {(outer.get_span_context().trace_id, False)} == set(told(probe))


def test_a_sampler_may_leave_out_one_run_and_keep_what_is_below() -> None:
    recording = Recording(sampler=Without("RunnableSequence"))
    probe = run(chain, recording)

    assert [] == probe.faults
    assert ["a", "a/http", "b", "b/http", "chat scripted-1", "chat scripted-1/http"] == sorted(
        path.removeprefix("<missing>/") for path in recording.paths()
    )
    assert 1 == len(recording.trace_ids())


def test_a_sampler_may_leave_out_one_run_inside_and_its_body_is_its_own() -> None:
    recording = Recording(sampler=Without("a"))
    probe = run(chain, recording)

    assert [] == probe.faults
    (sequence,) = [span for span in recording.spans if span.name == "RunnableSequence"]
    assert [False, True, True] == [sampled for _, sampled in told(probe)]
    assert f"{sequence.context.span_id:016x}" != probe.headers[0].split("-")[2]


def test_a_sampler_for_roots_only_decides_for_the_whole_tree() -> None:
    recording = Recording(sampler=ParentBased(ALWAYS_ON))
    run(chain, recording)

    assert 7 == len(recording.spans)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the runs that LangChain tells our handler of."""
    names: list[str] = []
    for event in ("on_chain_start", "on_chat_model_start"):
        tell = getattr(RecordingHandler, event)

        def noting(self: Any, *args: Any, _tell: Any = tell, **kwargs: Any) -> None:
            names.append(kwargs["name"])
            _tell(self, *args, **kwargs)

        monkeypatch.setattr(RecordingHandler, event, noting)
    return names


@pytest.mark.parametrize("way", [chain, chain_async], ids=lambda way: way.__name__)
def test_below_a_run_that_was_left_out_langchain_tells_us_nothing(way: Any, events: list[str]) -> None:
    """What is told costs time even where nothing is made of it."""
    assert [] == run(way, Recording(sampler=ALWAYS_OFF)).faults
    assert ["RunnableSequence"] == events


def test_a_trace_after_one_that_was_left_out_is_decided_anew() -> None:
    recording = Recording(sampler=ParentBased(Without("out")))
    with instrumented(recording):
        for name in ("out", "in", "out", "in"):
            (RunnableLambda(lambda text: text) | ScriptedChat()).with_config(run_name=name).invoke("hi")
    assert ["in"] * 2 == [span.name for span in recording.spans if span.parent is None]
    assert 2 * 3 == len(recording.spans)


def test_a_handler_of_the_callers_leaves_a_trace_out_for_the_global_one_too() -> None:
    """A handler that is passed takes the place of the global one, in the whole trace."""
    recording = Recording()
    theirs = langspan.CallbackHandler(TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False))
    with instrumented(recording):
        (RunnableLambda(lambda text: text) | ScriptedChat()).invoke("hi", {"callbacks": [theirs]})
    assert [] == recording.spans
