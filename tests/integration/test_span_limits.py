"""The SDK's limits on attributes: nothing is cut into pieces, what matters stays, and nothing is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import settings as of_test
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from opentelemetry.sdk.trace import SpanLimits, TracerProvider

import langspan
from langspan._guard import Guard
from langspan.content.renderer import ContentRenderer
from langspan.context import private_names
from langspan.recording import build, limits
from langspan.recording.limits import Limits, limits_of
from support.recording import Recording
from values.scripted import Chat

LONG = "word " * 3_000
WIDE = "größe 日本 🙂 " * 1_000


@pytest.fixture(autouse=True)
def _nothing_logged(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.WARNING)
    yield
    if "failure" in request.node.name:
        return
    assert [] == [record.getMessage() for record in caplog.get_records("call")]


@contextmanager
def recording(given: SpanLimits | None = None, **options: Any) -> Iterator[Recording]:
    """An instrumented application whose content is captured."""
    made = Recording(**({} if given is None else {"span_limits": given}))
    instrumentor = langspan.LangSpanInstrumentor()
    settings = {"capture_content": True, "guard": Guard(raising=True), **options}
    instrumentor.instrument(tracer_provider=made.provider, **settings)
    try:
        yield made
    finally:
        langspan.uninstrument()


def chat(text: str = LONG) -> None:
    Chat(result=None).invoke(
        [SystemMessage(text), HumanMessage("first"), AIMessage(text), HumanMessage("and now? " + text)]
    )


def lengths(made: Recording) -> list[int]:
    """The length of every text on every span and event."""
    return [
        len(value)
        for span in made.spans
        for attributes in (span.attributes or {}, *(event.attributes or {} for event in span.events))
        for value in attributes.values()
        if isinstance(value, str)
    ]


def shown(made: Recording, span: str, name: str) -> Any:
    return json.loads((made.named(span).attributes or {})[name])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "variable", ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"]
)
def test_a_limit_of_the_environment_is_kept(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "4095")
    with recording() as made:
        chat()
    assert "and now?" in shown(made, "chat m", "gen_ai.input.messages")[-1]["parts"][0]["content"]
    assert 2_000 < max(lengths(made)) <= 4_095


@pytest.mark.parametrize("given", [{"max_span_attribute_length": 4_095}, {"max_attribute_length": 4_095}])
def test_a_limit_of_the_provider_is_kept(given: dict[str, int]) -> None:
    with recording(SpanLimits(**given)) as made:
        chat()
    assert "and now?" in shown(made, "chat m", "gen_ai.input.messages")[-1]["parts"][0]["content"]
    assert 2_000 < max(lengths(made)) <= 4_095


def test_the_smaller_limit_counts() -> None:
    with recording(SpanLimits(max_attribute_length=4_095), max_content_bytes=1_000) as made:
        chat()
    assert max(lengths(made)) <= 1_000


def test_bytes_and_characters_are_told_apart() -> None:
    with recording(SpanLimits(max_attribute_length=1_500), max_content_bytes=2_000) as made:
        chat(WIDE)
    text = (made.named("chat m").attributes or {})["gen_ai.input.messages"]
    assert isinstance(text, str)
    assert (True, True) == (len(text) <= 1_500, len(text.encode()) <= 2_000)


def test_wide_characters_use_up_a_limit_in_characters() -> None:
    with recording(SpanLimits(max_attribute_length=1_500)) as made:
        Chat().invoke(WIDE)
    assert 1_000 < max(lengths(made)) <= 1_500


@pytest.mark.parametrize("text", [LONG, WIDE], ids=["ascii", "wide"])
def test_the_newest_message_is_there_within_128_characters(text: str) -> None:
    with recording(SpanLimits(max_attribute_length=128)) as made:
        chat(text)
    newest = shown(made, "chat m", "gen_ai.input.messages")[-1]
    assert ("user", "and") == (newest["role"], newest["parts"][0]["content"][:3])
    assert max(lengths(made)) <= 128


def test_prompts_of_a_completion_model_are_json() -> None:
    with recording(SpanLimits(max_attribute_length=300)) as made:
        FakeListLLM(responses=[LONG]).invoke("and now? " + LONG)
    (span,) = made.spans
    assert ["user", "assistant"] == [
        shown(made, span.name, name)[-1]["role"]
        for name in ("gen_ai.input.messages", "gen_ai.output.messages")
    ]
    assert max(lengths(made)) <= 300


def test_arguments_and_results_of_tools_are_json() -> None:
    @tool
    def search(query: str) -> dict[str, Any]:
        """Search."""
        return {"found": [LONG] * 50, "count": 50}

    with recording(SpanLimits(max_attribute_length=300)) as made:
        search.invoke({"query": LONG})
    names = ("gen_ai.tool.call.arguments", "gen_ai.tool.call.result")
    assert [dict, dict] == [type(shown(made, "execute_tool search", name)) for name in names]
    assert max(lengths(made)) <= 300


class Finder(BaseRetriever):
    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(LONG, id=f"document-{number}", metadata={"score": 0.5}) for number in range(60)]


def test_documents_are_json() -> None:
    with recording(SpanLimits(max_attribute_length=300)) as made:
        Finder().invoke(LONG)
    names = ("gen_ai.retrieval.documents", "langspan.retrieval.document_texts")
    assert [list, list] == [type(shown(made, "retrieval Finder", name)) for name in names]
    assert max(lengths(made)) <= 300


def test_documents_are_json_where_content_is_off() -> None:
    with recording(SpanLimits(max_attribute_length=300), capture_content=False) as made:
        Finder().invoke(LONG)
    assert "document-0" == shown(made, "retrieval Finder", "gen_ai.retrieval.documents")[0]["id"]


def test_states_are_json() -> None:
    class State(MessagesState):
        notes: list[str]

    builder = StateGraph(State)
    builder.add_node("step", lambda state: {"notes": [LONG] * 20, "messages": [AIMessage(LONG)]})
    builder.add_edge(START, "step")
    builder.add_edge("step", END)
    with recording(SpanLimits(max_attribute_length=400)) as made:
        builder.compile().invoke({"messages": [HumanMessage("and now?")], "notes": [LONG]})
    json_texts = [
        json.loads(value)  # type: ignore[arg-type]
        for span in made.spans
        for name, value in (span.attributes or {}).items()
        if name in ("langchain.input", "langchain.output", "gen_ai.input.messages", "gen_ai.output.messages")
    ]
    assert 4 <= len(json_texts)
    assert max(lengths(made)) <= 400


def test_events_are_json() -> None:
    from langchain_core.callbacks import dispatch_custom_event

    with recording(SpanLimits(max_attribute_length=300)) as made:
        RunnableLambda(lambda value: dispatch_custom_event("progress", {"text": [LONG] * 9})).invoke("x")
    (event,) = [event for span in made.spans for event in span.events]
    assert dict is type(json.loads((event.attributes or {})["langchain.event.data"]))  # type: ignore[arg-type]


def test_tags_and_ids_are_cut_to_the_limit() -> None:
    with recording(SpanLimits(max_attribute_length=64)) as made:
        Chat().invoke("x", {"tags": ["t" * 100], "metadata": {"thread_id": "c" * 100}})
    attributes = made.named("chat m").attributes or {}
    assert (("t" * 64,), "c" * 64) == (attributes["langchain.tags"], attributes["gen_ai.conversation.id"])


# --- counts ---


def test_metadata_is_dropped_before_anything_else() -> None:
    with recording(SpanLimits(max_span_attributes=16)) as made:
        Chat().invoke("and now?", {"metadata": {f"key_{number}": "x" for number in range(40)}})
    attributes = made.named("chat m").attributes or {}
    wanted = {
        "gen_ai.operation.name",
        "gen_ai.request.model",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
    }
    assert (set(), 16) == (wanted - attributes.keys(), len(attributes))


def test_prompt_variables_are_dropped_before_the_prompt() -> None:
    keys = [f"v{number}" for number in range(200)]
    prompt = PromptTemplate.from_template(" ".join(f"{{{key}}}" for key in keys))
    with recording() as made:
        prompt.invoke(dict.fromkeys(keys, "x"))
    (span,) = made.spans
    attributes = span.attributes or {}
    assert (True, True, 128) == (
        "langchain.input" in attributes,
        "langchain.output" in attributes,
        len(attributes),
    )


def test_attributes_of_the_application_count_too() -> None:
    def add(span: Any, run: Any) -> None:
        span.set_attributes({f"app.own_{number}": number for number in range(6)})

    with recording(SpanLimits(max_span_attributes=14), on_start=add) as made:
        Chat().invoke("and now?", {"metadata": {f"key_{number}": "x" for number in range(20)}})
    attributes = made.named("chat m").attributes or {}
    assert {"app.own_0", "gen_ai.operation.name", "gen_ai.input.messages"} <= attributes.keys()


def test_a_very_small_count_leaves_what_a_model_call_is() -> None:
    with recording(SpanLimits(max_span_attributes=4)) as made:
        Chat().invoke("x", {"tags": ["a"], "metadata": {"thread_id": "c"}})
    attributes = made.named("chat m").attributes or {}
    assert (4, True) == (len(attributes), "gen_ai.operation.name" in attributes)


def test_the_exception_stays_when_there_are_too_many_events() -> None:
    from langchain_core.callbacks import dispatch_custom_event

    def fail(value: Any) -> None:
        for number in range(9):
            dispatch_custom_event("progress", number)
        raise ValueError("no")

    with recording(SpanLimits(max_events=2)) as made, pytest.raises(ValueError, match="no"):
        RunnableLambda(fail).invoke("x")
    (span,) = made.spans
    assert ["langchain.custom_event", "exception"] == [event.name for event in span.events]


# --- where the limits are found ---


def test_without_the_private_name_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "777")
    monkeypatch.setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "33")
    tracer = TracerProvider().get_tracer("x")
    del tracer._span_limits
    assert (None, Limits(777, 33)) == (private_names.span_limits(tracer), limits_of(tracer))


def test_a_limit_that_makes_no_sense_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "unlimited")
    assert Limits(attributes=128) == limits_of(object())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["limits_of", "Limits.fit", "_shortened", "_rank", "_from_environment"])
def test_a_failure_to_keep_a_limit_loses_no_span(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError

    *owners, last = name.split(".")
    module = build if name == "limits_of" else limits
    monkeypatch.setattr(getattr(module, owners[0]) if owners else module, last, fail)
    with recording(SpanLimits(max_attribute_length=300, max_span_attributes=4), guard=Guard()) as made:
        Chat().invoke("x", {"tags": ["t"]})
    assert ["chat m"] == made.names()


# --- any conversation under any limit ---

TEXT = st.text(max_size=30) | st.text(max_size=6).map(lambda text: text * 200)
CALL = st.fixed_dictionaries(
    {
        "name": st.text(max_size=8),
        "args": st.dictionaries(TEXT, TEXT, max_size=3),
        "id": st.text(min_size=1, max_size=8),
    }
)
MESSAGE = (
    st.builds(HumanMessage, TEXT)
    | st.builds(SystemMessage, TEXT)
    | st.builds(AIMessage, TEXT, tool_calls=st.lists(CALL, max_size=2))
    | st.builds(ToolMessage, TEXT, tool_call_id=st.text(max_size=8))
)


@of_test(deadline=None)
@for_any(
    st.lists(MESSAGE, min_size=1, max_size=6),
    st.integers(64, 2_000),
    st.sampled_from([64, 300, 16_384]),
    TEXT,
)
def test_any_conversation_is_json_within_any_limit(
    messages: list[Any], chars: int, size: int, text: str
) -> None:
    renderer = ContentRenderer(None, size, chars)
    conversation = renderer.conversation
    values = [conversation.input(messages), conversation.system(messages), conversation.prompts([text, text])]
    values += [renderer.render({"state": messages, "text": text}, "state"), renderer.render(text, "input")]
    for value in values:
        if value is not None:
            json.loads(value)
            assert (True, True) == (len(value) <= chars, len(value.encode()) <= size)
    plain = renderer.text(text, "query")
    assert plain is not None
    assert (True, True) == (len(plain) <= chars, len(plain.encode()) <= size)


@of_test(deadline=None)
@for_any(st.lists(MESSAGE, max_size=6), TEXT, st.integers(64, 2_000))
def test_the_newest_message_is_shown_within_any_limit(messages: list[Any], text: str, chars: int) -> None:
    shown = ContentRenderer(None, 16_384, chars).conversation.input([*messages, HumanMessage(text)])
    assert shown is not None
    assert "user" == json.loads(shown)[-1]["role"]
