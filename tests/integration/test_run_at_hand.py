"""`current_run`, `find` and `trace_url`: which run the code is in, and where its trace is."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Span, format_span_id, format_trace_id

import langspan
from langspan import RunInfo
from support.callback_ways import our_handler
from support.models import ScriptedChat, tool_call
from support.recording import Recording, instrumented
from support.small_graph import graph

WAYS = ["instrument", "CallbackHandler"]
JAEGER = "http://localhost:16686/trace/"


class Found:
    """What `current_run` said inside runs."""

    def __init__(self) -> None:
        self.runs: list[RunInfo | None] = []

    def look(self, value: Any = None) -> Any:
        self.runs.append(langspan.current_run())
        return value

    @property
    def one(self) -> RunInfo:
        (run,) = self.runs
        assert run is not None
        return run


@pytest.fixture
def found() -> Found:
    return Found()


def _is_of(info: RunInfo, recording: Recording, name: str) -> bool:
    span = recording.named(name)
    ids = format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)
    return (*ids, str(info.run_id)) == (info.trace_id, info.span_id, span.attributes["langchain.run.id"])


def test_there_is_none_outside(recording: Recording, config: dict[str, Any], found: Found) -> None:
    found.look()
    ScriptedChat().invoke("hi", config)
    found.look()
    assert [None, None] == found.runs


@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "batch"])
async def test_a_chain_knows_its_run(
    mode: str, recording: Recording, config: dict[str, Any], found: Found
) -> None:
    step = RunnableLambda(found.look, name="step")
    called = getattr(step, mode)(["hi"] if mode == "batch" else "hi", config)
    if mode == "ainvoke":
        await called
    elif mode == "stream":
        list(called)
    assert ("chain", "step", True) == (found.one.kind, found.one.name, _is_of(found.one, recording, "step"))


async def test_each_of_many_tasks_knows_its_own(recording: Recording, config: dict[str, Any]) -> None:
    async def look(number: int) -> tuple[int, Any]:
        await asyncio.sleep(0)
        return number, langspan.current_run()

    step, ids = RunnableLambda(look, name="step"), [uuid4() for _ in range(20)]
    answers = await asyncio.gather(*(step.ainvoke(n, {**config, "run_id": ids[n]}) for n in range(20)))
    assert ids == [run.run_id for _, run in answers]


def test_a_tool_of_an_agent_knows_its_run_and_its_agent(
    recording: Recording, config: dict[str, Any], found: Found
) -> None:
    @tool
    def look() -> str:
        """Look."""
        return str(found.look("seen"))

    agent = create_agent(ScriptedChat(answers=[tool_call("look"), "done"]), [look], name="looker")
    agent.invoke({"messages": [("human", "look")]}, {**config, "configurable": {"thread_id": "t"}})
    # Older versions of LangChain do not tell a handler alone which agent it is.
    told = (recording.named("execute_tool look").attributes or {}).get("gen_ai.agent.name")
    assert ("execute_tool", "look", told) == (found.one.kind, found.one.name, found.one.agent)
    assert "looker" == told or (told is None and config)
    assert _is_of(found.one, recording, "execute_tool look")


def test_a_model_knows_its_run_where_it_is_current(traced: Recording, found: Found) -> None:
    class Looking(ScriptedChat):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            found.look()
            return super()._generate(*args, **kwargs)

    RunnableLambda(Looking().invoke, name="around").invoke("hi")
    assert ("chat", "Looking", True) == (
        found.one.kind,
        found.one.name,
        _is_of(found.one, traced, "chat scripted-1"),
    )


def test_the_conversation_is_told(recording: Recording, config: dict[str, Any], found: Found) -> None:
    with langspan.context(conversation_id="c"):
        RunnableLambda(found.look).invoke("hi", config)
    assert "c" == found.one.conversation


def test_a_handler_of_a_call_is_asked_where_langchain_is_patched_too(
    recording: Recording, found: Found
) -> None:
    mine = Recording()
    with instrumented(recording):
        RunnableLambda(found.look, name="step").invoke("hi", {"callbacks": [our_handler(mine)]})
    assert (True, []) == (_is_of(found.one, mine, "step"), recording.names())


def test_a_thread_without_the_context_is_in_no_run(traced: Recording, found: Found) -> None:
    def body(text: str) -> None:
        thread = threading.Thread(target=found.look)
        thread.start()
        thread.join()

    RunnableLambda(body).invoke("hi")
    assert [None] == found.runs


def test_in_a_trace_that_is_sampled_out_there_is_none(found: Found) -> None:
    with instrumented(Recording(sampler=ALWAYS_OFF)):
        RunnableLambda(found.look).invoke("hi")
    assert [None] == found.runs


def test_a_run_is_told_as_hooks_are_told_of_it(recording: Recording, found: Found) -> None:
    told: list[RunInfo] = []
    with instrumented(recording, on_start=lambda _, info: told.append(info)):
        RunnableLambda(found.look).invoke("hi", {"tags": ["t"], "metadata": {"a": 1}})
    assert told == found.runs


# -- find


@pytest.mark.parametrize("as_text", [False, True])
def test_a_run_that_ended_is_found(*, as_text: bool, recording: Recording) -> None:
    run_id = uuid4()
    with instrumented(recording) as handle:
        RunnableLambda(str, name="step").invoke("hi", {"run_id": run_id})
        found = handle.find(str(run_id) if as_text else run_id)
    assert recording.named("step").context == found


def test_a_run_that_is_open_is_found(recording: Recording) -> None:
    run_id = uuid4()
    with instrumented(recording) as handle:
        found = RunnableLambda(lambda _: handle.find(run_id), name="step").invoke("hi", {"run_id": run_id})
    assert recording.named("step").context == found


def test_a_handler_finds_its_runs(recording: Recording) -> None:
    handler, run_id = our_handler(recording), uuid4()
    graph().invoke({"text": "hi"}, {"callbacks": [handler], "run_id": run_id})
    (root,) = [span for span in recording.spans if span.parent is None]
    assert root.context == handler.find(run_id)


def test_a_run_that_is_not_known_is_not_found(recording: Recording) -> None:
    with instrumented(recording) as handle:
        assert handle.find(uuid4()) is None


def test_what_is_no_id_of_a_run_is_refused(recording: Recording) -> None:
    with instrumented(recording) as handle, pytest.raises(ValueError, match="pass a UUID or its text"):
        handle.find("seven")


# -- addresses


def test_inside_a_run_the_address_is_that_of_its_trace(recording: Recording, config: dict[str, Any]) -> None:
    address = RunnableLambda(lambda _: langspan.trace_url(), name="step").invoke("hi", config)
    assert f"{JAEGER}{format_trace_id(recording.named('step').context.trace_id)}" == address


def test_inside_a_span_of_ones_own_it_is_that_of_the_span(recording: Recording) -> None:
    with recording.tracer.start_as_current_span("own") as span:
        address = langspan.trace_url()
    assert langspan.trace_url(span) == address == langspan.trace_url(span.get_span_context())


def test_anything_that_names_a_trace_will_do(recording: Recording, found: Found) -> None:
    spans: list[Span] = []
    run_id = UUID(int=7)
    with instrumented(recording, on_start=lambda span, _: spans.append(span)):
        RunnableLambda(found.look).invoke("hi", {"run_id": run_id})
        trace_id = found.one.trace_id
        given = [found.one, run_id, str(run_id), spans[0], trace_id, trace_id.upper(), int(trace_id, 16)]
        addresses = [langspan.trace_url(each) for each in given]
    assert [f"{JAEGER}{trace_id}"] * len(given) == addresses


def test_without_a_run_there_is_no_address(recording: Recording) -> None:
    assert [None, None] == [langspan.trace_url(), langspan.trace_url(uuid4())]
    with instrumented(recording):
        assert langspan.trace_url(uuid4()) is None


def test_a_run_that_ended_has_an_address_while_its_handler_alone_is_kept(recording: Recording) -> None:
    handler, run_id = langspan.CallbackHandler(recording.provider), uuid4()
    RunnableLambda(str, name="step").invoke("hi", {"run_id": run_id, "callbacks": [handler]})
    trace_id = recording.named("step").context.trace_id
    assert f"{JAEGER}{format_trace_id(trace_id)}" == langspan.trace_url(run_id)


def test_the_template_is_filled_in_and_other_braces_stay(
    traced: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSPAN_TRACE_URL", 'https://t.example/?q={"a":{x}}&t={trace_id}&s={span_id}')
    address = RunnableLambda(lambda _: langspan.trace_url(), name="step").invoke("hi")
    context = traced.named("step").context
    ids = f"t={format_trace_id(context.trace_id)}&s={format_span_id(context.span_id)}"
    assert f'https://t.example/?q={{"a":{{x}}}}&{ids}' == address


def test_a_template_without_a_place_for_the_id_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSPAN_TRACE_URL", "https://me:secret@t.example/")
    with pytest.raises(ValueError, match=r"LANGSPAN_TRACE_URL .* write \{trace_id\}") as raised:
        langspan.trace_url(1)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("of", ["seven", 0, -1, 1 << 128, True, 1.5, b"x", ""])
def test_what_names_no_trace_is_refused(of: Any) -> None:
    with pytest.raises(ValueError, match="pass a run, a run's id, a span"):
        langspan.trace_url(of)
