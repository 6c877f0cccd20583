"""Decision models, and whatever else LangChain reports as a chain that is none."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from opentelemetry.trace import SpanKind

from support.models import ScriptedChat
from support.otlp_data import Metric
from support.recording import Recording, instrumented
from support.telemetry import Telemetry
from support.typed_runs import QUESTION, Typed

decisions = pytest.importorskip("langchain_core.decisions", reason="needs langchain-core >= 1.8")


class Judge(decisions.BaseDecisionModel):  # type: ignore[name-defined, misc] # a newer LangChain has it
    """Answers by script."""

    model: str = "judge-1"
    fails: bool = False
    usage: Any = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}

    @property
    def _provider(self) -> str:
        return "openai"

    def _classify(self, state: Any, questions: Any) -> Any:
        if self.fails:
            raise TimeoutError("too slow")
        return decisions.ClassifierResponse(
            model="judge-1-2026", answers={}, usage=self.usage, request_id="req-1"
        )


def ask(model: Any, way: str = "invoke", config: Any = None) -> Any:
    if way == "invoke":
        return model.invoke(QUESTION, config)
    return asyncio.run(model.ainvoke(QUESTION, config))


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_decision_model_is_a_model_call(traced: Recording, way: str) -> None:
    ask(Judge(), way)
    (span,) = traced.spans
    assert ("classify judge-1", SpanKind.CLIENT) == (span.name, span.kind)
    attributes = dict(span.attributes or {})
    del attributes["langchain.run.id"]
    assert {
        "gen_ai.operation.name": "classify",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "judge-1",
        "gen_ai.response.model": "judge-1-2026",
        "gen_ai.response.id": "req-1",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 2,
        "langchain.run.name": "Judge",
    } == attributes


def test_without_usage_there_are_no_counts(traced: Recording) -> None:
    ask(Judge(usage=None))
    (span,) = traced.spans
    assert not [name for name in span.attributes or {} if "usage" in name]


def test_one_that_fails_is_an_error_with_its_type(traced: Recording) -> None:
    with pytest.raises(TimeoutError):
        ask(Judge(fails=True))
    assert "TimeoutError" == (traced.named("classify judge-1").attributes or {})["error.type"]


def test_its_tokens_count_for_the_root(traced: Recording) -> None:
    (RunnableLambda(lambda _: QUESTION) | Judge()).with_config(run_name="routed").invoke("x")
    attributes = traced.named("routed").attributes or {}
    assert (7, 2) == (attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"])


def test_what_is_asked_and_answered_is_content() -> None:
    recording = Recording()
    with instrumented(recording, capture_content=True):
        ask(Judge())
    attributes = recording.named("classify judge-1").attributes or {}
    asked, said = (str(attributes[f"gen_ai.{way}.messages"]) for way in ("input", "output"))
    assert ("user", "assistant") == (json.loads(asked)[0]["role"], json.loads(said)[0]["role"])
    assert "Is this spam?" in asked
    assert "judge-1-2026" in said


def test_it_feeds_the_metrics_of_model_calls() -> None:
    telemetry = Telemetry()
    with telemetry.instrumented():
        ask(Judge())
    assert {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"} <= {
        item.name for item in telemetry.items() if isinstance(item, Metric)
    }


@pytest.mark.parametrize(
    ("run_type", "name", "operation"),
    [
        ("llm", "generate_content", "generate_content"),
        ("retriever", "retrieval Typed", "retrieval"),
        ("tool", "execute_tool Typed", "execute_tool"),
        ("prompt", "Typed", None),
        ("parser", "Typed", None),
        ("anything", "Typed", None),
    ],
)
def test_the_type_of_a_run_is_honoured(
    traced: Recording, run_type: str, name: str, operation: str | None
) -> None:
    Typed(run_type, "x").invoke("x")
    (span,) = traced.spans
    assert (name, operation) == (span.name, (span.attributes or {}).get("gen_ai.operation.name"))


def test_a_message_that_such_a_model_returns_is_read(traced: Recording) -> None:
    message = AIMessage(
        "x",
        usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        response_metadata={"model_name": "m-1", "finish_reason": "stop"},
    )
    Typed("llm", message).invoke("x", {"metadata": {"ls_model_name": "m", "ls_provider": "acme"}})
    attributes = traced.named("generate_content m").attributes or {}
    assert ("m-1", 3, 4, ("stop",)) == (
        attributes["gen_ai.response.model"],
        attributes["gen_ai.usage.input_tokens"],
        attributes["gen_ai.usage.output_tokens"],
        attributes["gen_ai.response.finish_reasons"],
    )


@pytest.mark.parametrize("result", [None, 1, [], {"usage": {"input_tokens": "many"}}, object()])
@pytest.mark.parametrize("given", [None, QUESTION, {"questions": 1}])
def test_any_data_will_do(traced: Recording, given: Any, result: Any) -> None:
    Typed("llm", result).invoke(given)
    assert 1 == len(traced.spans)


def test_a_model_router_counts_its_decision_for_the_agent(traced: Recording) -> None:
    middleware = pytest.importorskip("langchain.agents.middleware.model_router")
    assert middleware  # the application below is that of its documentation
    from langchain.agents import create_agent

    class Deciding(middleware.AgentMiddleware):  # type: ignore[name-defined, misc]
        def before_model(self, state: Any, runtime: Any) -> None:
            ask(Judge())

    create_agent(ScriptedChat(answers=["done"]), middleware=[Deciding()], name="clerk").invoke(
        {"messages": [("user", "x")]}
    )
    attributes = traced.named("invoke_agent clerk").attributes or {}
    assert 7 == attributes["gen_ai.usage.input_tokens"]
