"""`record_evaluation`: a judgement is where the run is, at once, later and from elsewhere."""

from __future__ import annotations

import contextvars
import gc
import math
from typing import Any
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import tool
from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanLimits
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import format_span_id, format_trace_id

import langspan
from langspan import CallbackHandler
from langspan.recording.log_events import is_supported
from support.models import ScriptedChat, tool_call
from support.otlp_data import Log
from support.recording import Recording, instrumented
from support.telemetry import Telemetry

NEEDS_EVENTS = pytest.mark.skipif(not is_supported(), reason="events need a newer opentelemetry-api")
WAYS = ["instrument", "CallbackHandler"]


def judge(value: Any = None) -> Any:
    langspan.record_evaluation("relevance", score=1, label="pass")
    return value


def told(recording: Recording) -> dict[str, Any]:
    """The attributes of the one evaluation's span that are its own."""
    attributes = dict(recording.named("evaluate relevance").attributes or {})
    return {name.removeprefix("langspan.evaluation."): value for name, value in attributes.items()}


def events(telemetry: Telemetry) -> list[Log]:
    return [item for item in telemetry.items() if isinstance(item, Log)]


@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "batch"])
async def test_inside_a_run_that_run_is_judged(
    mode: str, recording: Recording, config: dict[str, Any]
) -> None:
    called = getattr(RunnableLambda(judge, name="step"), mode)(["hi"] if mode == "batch" else "hi", config)
    if mode == "ainvoke":
        await called
    elif mode == "stream":
        list(called)
    run_id = recording.named("step").attributes["langchain.run.id"]
    assert ["step", "step/evaluate relevance"] == recording.paths()
    assert {
        "name": "relevance",
        "score.value": 1.0,
        "score.label": "pass",
        "langchain.run.id": run_id,
    } == told(recording)


def test_a_tool_of_an_agent_judges_its_own_run(recording: Recording, config: dict[str, Any]) -> None:
    @tool
    def look() -> str:
        """Look."""
        return str(judge("seen"))

    agent = create_agent(ScriptedChat(answers=[tool_call("look"), "done"]), [look], name="looker")
    agent.invoke({"messages": [("human", "look")]}, config)
    assert "execute_tool look" == recording.parent("evaluate relevance")


def test_a_run_that_ended_is_judged_by_its_id(recording: Recording) -> None:
    run_id = uuid4()
    with instrumented(recording):
        RunnableLambda(str, name="step").invoke("hi", {"run_id": run_id})
        langspan.record_evaluation("relevance", score=0.5, run_id=str(run_id))
    assert ["step", "step/evaluate relevance"] == recording.paths()


@pytest.mark.parametrize("as_text", [False, True])
def test_a_run_of_another_process_is_judged_by_the_ids_of_its_span(
    *, as_text: bool, recording: Recording
) -> None:
    with recording.tracer.start_as_current_span("yesterday") as span:
        context = span.get_span_context()
    ids: Any = {"trace_id": context.trace_id, "span_id": context.span_id}
    if as_text:
        ids = {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}
    with instrumented(recording):
        langspan.record_evaluation("relevance", label="fail", **ids)
    assert ["yesterday", "yesterday/evaluate relevance"] == recording.paths()


def test_ids_count_before_the_current_run(recording: Recording) -> None:
    def later(_: str) -> None:
        langspan.record_evaluation("relevance", score=1, trace_id=1, span_id=2)

    with instrumented(recording):
        RunnableLambda(later, name="step").invoke("hi")
    span = recording.named("evaluate relevance")
    assert span.parent is not None
    assert (1, 2, True) == (span.parent.trace_id, span.parent.span_id, span.parent.is_remote)


def test_a_run_that_nobody_knows_is_recorded_by_its_id(recording: Recording) -> None:
    run_id = uuid4()
    with instrumented(recording):
        langspan.record_evaluation("relevance", score=1, run_id=run_id)
    assert (str(run_id), ["evaluate relevance"]) == (told(recording)["langchain.run.id"], recording.paths())


def test_it_hangs_below_the_run_and_not_below_a_span_of_the_users_own(traced: Recording) -> None:
    def body(_: str) -> None:
        with traced.tracer.start_as_current_span("own"):
            judge()

    RunnableLambda(body, name="step").invoke("hi")
    assert "step" == traced.parent("evaluate relevance")


@NEEDS_EVENTS
def test_where_events_are_recorded_it_is_the_event_of_the_conventions() -> None:
    telemetry = Telemetry()
    with telemetry.instrumented():
        RunnableLambda(judge, name="step").invoke("hi")
    (event,) = events(telemetry)
    span = telemetry.named("step")
    assert ("gen_ai.evaluation.result", ["step"]) == (event.event_name, telemetry.names())
    assert {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 1.0,
        "gen_ai.evaluation.score.label": "pass",
        "langchain.run.id": span.attributes["langchain.run.id"],
    } == event.attributes
    ids = format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)
    assert ids == (event.trace_id, event.span_id)


@NEEDS_EVENTS
def test_the_event_has_the_names_of_the_published_conventions() -> None:
    published = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    telemetry = Telemetry()
    with telemetry.instrumented(capture_content="event"):
        langspan.record_evaluation("a", score=1, label="b", explanation="c", trace_id=1, span_id=2)
    (event,) = events(telemetry)
    names = ("NAME", "SCORE_VALUE", "SCORE_LABEL", "EXPLANATION")
    assert {getattr(published, f"GEN_AI_EVALUATION_{name}") for name in names} == set(event.attributes)


def test_without_instrumentation_the_global_providers_are_used(recording: Recording) -> None:
    trace.set_tracer_provider(recording.provider)
    langspan.record_evaluation("relevance", score=1, trace_id=1, span_id=2)
    assert ["evaluate relevance"] == recording.names()


def test_a_run_of_a_handler_alone_is_judged_by_its_id_where_it_was_recorded(recording: Recording) -> None:
    run_id, other = uuid4(), Recording()
    handler, _ = CallbackHandler(recording.provider), CallbackHandler(other.provider)
    RunnableLambda(str, name="step").invoke("hi", {"run_id": run_id, "callbacks": [handler]})
    langspan.record_evaluation("relevance", score=1, run_id=run_id)
    assert ("step", []) == (recording.parent("evaluate relevance"), other.names())


def test_a_run_of_a_handler_that_is_gone_is_not_known(recording: Recording) -> None:
    run_id = uuid4()
    config: RunnableConfig = {"run_id": run_id, "callbacks": [CallbackHandler(recording.provider)]}
    RunnableLambda(str, name="step").invoke("hi", config)
    del config
    gc.collect()
    langspan.record_evaluation("relevance", score=1, run_id=run_id)
    assert ["step"] == recording.names()


# -- nothing that the caller cannot help raises


def test_with_nothing_set_up_nothing_happens() -> None:
    langspan.record_evaluation("relevance", score=1)
    langspan.record_evaluation("relevance", score=1, trace_id=1, span_id=2)


def test_in_a_trace_that_is_sampled_out_nothing_is_recorded(recording: Recording) -> None:
    silent = Recording(sampler=ALWAYS_OFF)
    with instrumented(silent):
        inner = RunnableLambda(judge, name="inner")
        assert "hi" == (RunnableLambda(str) | inner).invoke("hi")
    assert [] == silent.names()


def test_where_tracing_is_disabled_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    langspan.instrument()
    assert "hi" == RunnableLambda(judge).invoke("hi")


def test_where_instrumentation_is_suppressed_nothing_happens(traced: Recording) -> None:
    run = otel.set_value("suppress_instrumentation", True)
    context = contextvars.copy_context()
    context.run(otel.attach, run)
    context.run(judge)
    assert [] == traced.names()


def test_a_provider_that_fails_raises_nothing(recording: Recording) -> None:
    class Broken:
        def get_tracer(self, *_: Any, **__: Any) -> Any:
            return self

        def start_span(self, *_: Any, **__: Any) -> Any:
            raise OSError("no")

    langspan.instrument(tracer_provider=Broken())  # type: ignore[arg-type] # on purpose
    langspan.record_evaluation("relevance", score=1, trace_id=1, span_id=2)


# -- arguments


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "name is not a text"),
        ({"name": 7}, "name is not a text"),
        ({"score": None}, "neither score nor label"),
        ({"score": "1"}, "score='1' is invalid; use a finite number"),
        ({"score": math.nan}, "score=nan is invalid"),
        ({"label": 1}, "label is of type int; pass a string"),
        ({"explanation": b"x"}, "explanation is of type bytes; pass a string"),
        ({"trace_id": None}, "trace_id is missing; trace_id and span_id go together"),
        ({"span_id": None}, "span_id is missing"),
        ({"trace_id": "seven"}, "trace_id is invalid; pass 32 hexadecimal digits"),
        ({"trace_id": 0}, "trace_id is invalid"),
        ({"trace_id": True}, "trace_id is invalid"),
        ({"span_id": 1 << 64}, "span_id is invalid; pass 16 hexadecimal digits"),
        ({"trace_id": None, "span_id": None, "run_id": "seven"}, "run_id is not the id of a run"),
        ({"trace_id": None, "span_id": None}, "no run is current here; pass run_id, or trace_id and span_id"),
    ],
)
def test_a_bad_argument_is_named_with_the_fix(given: dict[str, Any], said: str, traced: Recording) -> None:
    with pytest.raises(ValueError, match=said):
        langspan.record_evaluation(**{"name": "x", "score": 1, "trace_id": 1, "span_id": 2, **given})
    assert [] == traced.names()


def test_a_number_that_is_no_float_is_a_score(traced: Recording) -> None:
    langspan.record_evaluation("relevance", score=True, trace_id=1, span_id=2)
    assert 1.0 == told(traced)["score.value"]


def test_an_explanation_is_shortened_like_other_content() -> None:
    recording = Recording(span_limits=SpanLimits(max_span_attribute_length=300))
    with instrumented(recording, capture_content=True):
        langspan.record_evaluation("relevance", score=1, explanation="x" * 10_000, trace_id=1, span_id=2)
    assert 300 >= len(told(recording)["explanation"])
