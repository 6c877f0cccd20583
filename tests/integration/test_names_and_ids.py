"""The names and ids that the application chose: agents, graphs, runs, conversations, users."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.tools import tool
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState, StateGraph
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import langspan
from support.models import ScriptedChat, ScriptedLLM, ScriptedRetriever, StreamingChat, tool_call
from support.recording import Recording, instrumented

RUN_NAME = "langchain.run.name"
IDS = {"configurable": {"thread_id": "t-1", "user_id": "u-1"}}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def conversation(span: Any) -> str | None:
    attributes = span.attributes
    return attributes.get("gen_ai.conversation.id") or attributes.get("langspan.conversation.id")


def graph(**options: Any) -> Any:
    builder = StateGraph(MessagesState)
    builder.add_node("ask", lambda state: {"messages": [ScriptedChat().invoke(state["messages"])]})
    builder.add_edge(START, "ask")
    return builder.compile(**options)


def agent(**options: Any) -> Any:
    answers = [tool_call("add", a=1, b=2), AIMessage("3")]
    return create_agent(ScriptedChat(answers=answers), [add], **options)


QUESTION = {"messages": [("user", "1 and 2?")]}


# -- names


def test_an_agent_keeps_its_name_whatever_its_run_is_called(recording: Recording) -> None:
    reader = InMemoryMetricReader()
    langspan.instrument(tracer_provider=recording.provider, meter_provider=MeterProvider([reader]))
    for number in range(3):
        agent(name="lead").invoke(QUESTION, {"run_name": f"ticket-{number}"})
    runs = [span for span in recording.spans if span.name == "invoke_agent lead"]
    tools = [span for span in recording.spans if span.name == "execute_tool add"]
    points = [
        point
        for resource in reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == "gen_ai.invoke_agent.duration"
        for point in metric.data.data_points
    ]

    assert ["ticket-0", "ticket-1", "ticket-2"] == [span.attributes[RUN_NAME] for span in runs]
    assert {"lead"} == {span.attributes["gen_ai.agent.name"] for span in [*runs, *tools]}
    assert 1 == len(points)


@pytest.mark.parametrize("config", [{"run_name": "ticket-7"}, {}])
def test_a_graph_keeps_its_name(traced: Recording, config: dict[str, Any]) -> None:
    graph(name="desk").invoke(QUESTION, config)
    root = traced.named("invoke_workflow desk")

    assert ("desk", config.get("run_name")) == (
        root.attributes["gen_ai.workflow.name"],
        root.attributes.get(RUN_NAME),
    )


def test_a_graph_that_nobody_named_does_not_take_its_runs_name(traced: Recording) -> None:
    graph().invoke(QUESTION, {"run_name": "ticket-7"})
    root = traced.named("invoke_workflow")

    assert (None, "ticket-7") == (root.attributes.get("gen_ai.workflow.name"), root.attributes[RUN_NAME])


def test_a_graph_without_any_name_has_none(traced: Recording) -> None:
    graph().invoke(QUESTION)

    assert RUN_NAME not in traced.named("invoke_workflow").attributes


def test_a_nested_graph_keeps_its_name(traced: Recording) -> None:
    builder = StateGraph(MessagesState)
    inner = graph(name="inner")
    builder.add_node("call", lambda state: inner.invoke(state, {"run_name": "ticket-7"}))
    builder.add_edge(START, "call")
    builder.compile(name="outer").invoke(QUESTION)

    assert "ticket-7" == traced.named("invoke_workflow inner").attributes[RUN_NAME]


def test_an_entry_point_is_named_after_its_function_and_its_tasks_are_nodes(traced: Recording) -> None:
    @task
    def double(number: int) -> int:
        return 2 * number

    @entrypoint()
    def flow(number: int) -> int:
        return double(number).result()

    flow.invoke(1, {"run_name": "ticket-7"})

    assert "invoke_workflow flow/node flow/node double" in traced.paths()


@pytest.mark.parametrize(
    ("thing", "span"),
    [
        (ScriptedChat(), "chat scripted-1"),
        (StreamingChat(), "chat scripted-1"),
        (ScriptedLLM(), "text_completion scripted-llm"),
        (ScriptedRetriever(), "retrieval ScriptedRetriever"),
    ],
    ids=["chat", "streaming chat", "completion", "retriever"],
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_runs_name_is_told_beside_the_name_of_what_runs(
    thing: Any, span: str, asynchronous: bool, traced: Recording
) -> None:
    config = {"run_name": "ticket-7"}
    if asynchronous:
        asyncio.run(thing.ainvoke("hi", config))
    else:
        thing.invoke("hi", config)

    assert "ticket-7" == traced.named(span).attributes[RUN_NAME]


def test_a_tools_run_name_is_told_beside_its_name(traced: Recording) -> None:
    add.invoke({"a": 1, "b": 2}, {"run_name": "ticket-7"})

    assert "ticket-7" == traced.named("execute_tool add").attributes[RUN_NAME]


@pytest.mark.parametrize("nested", [False, True])
def test_a_retriever_has_one_name_wherever_it_runs(nested: bool, traced: Recording) -> None:
    retriever = ScriptedRetriever()
    (RunnableLambda(lambda text: text) | retriever if nested else retriever).invoke("hi")
    span = traced.named("retrieval ScriptedRetriever")

    assert "ScriptedRetriever" == span.attributes["langchain.retriever.name"]


def test_a_run_without_a_name_is_called_by_the_end_of_its_path(recording: Recording) -> None:
    handler = langspan.CallbackHandler(recording.provider)
    run_id = uuid4()
    handler.on_chain_start({"id": ["langchain", "chains", "LLMChain"]}, {}, run_id=run_id)
    handler.on_chain_end({}, run_id=run_id)

    assert ["LLMChain"] == recording.names()


# -- ids


def test_every_span_has_the_id_of_its_run(traced: Recording) -> None:
    run_id = uuid4()
    agent(name="lead").invoke(QUESTION, {"run_id": run_id})
    ids = [span.attributes["langchain.run.id"] for span in traced.spans]

    assert (len(ids), str(run_id)) == (
        len(set(ids)),
        traced.named("invoke_agent lead").attributes["langchain.run.id"],
    )


THINGS = {
    "chat": ScriptedChat(),
    "streaming chat": StreamingChat(),
    "completion": ScriptedLLM(),
    "retriever": ScriptedRetriever(),
    "chain": RunnableLambda(lambda text: text) | ScriptedChat(),
    "chain of a prompt": ChatPromptTemplate([("human", "{q}")]) | ScriptedChat(),
    "parallel chains": RunnableLambda(lambda text: text) | {"a": ScriptedChat(), "b": ScriptedLLM()},
    "bound chat": ScriptedChat().bind(stop=["x"]),
    "chat with its config": ScriptedChat().with_config(
        {"configurable": {"thread_id": "t-1", "user_id": "u-1"}}
    ),
}
INPUTS = {"chain of a prompt": {"q": "hi"}}
WAYS = ["invoke", "ainvoke", "stream", "astream"]


async def called(thing: Any, way: str, value: Any, config: Any) -> None:
    if way == "invoke":
        thing.invoke(value, config)
    elif way == "ainvoke":
        await thing.ainvoke(value, config)
    elif way == "stream":
        list(thing.stream(value, config))
    else:
        async for _ in thing.astream(value, config):
            pass


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", THINGS)
async def test_ids_in_a_config_reach_every_span(name: str, way: str, traced: Recording) -> None:
    config = None if "its config" in name else IDS
    await called(THINGS[name], way, INPUTS.get(name, "hi"), config)

    assert {("t-1", "u-1")} == {(conversation(span), span.attributes.get("user.id")) for span in traced.spans}


@pytest.mark.parametrize("way", WAYS)
async def test_ids_in_a_config_reach_every_span_of_a_graph(way: str, traced: Recording) -> None:
    await called(graph(name="desk"), way, QUESTION, IDS)

    assert {("t-1", "u-1")} == {(conversation(span), span.attributes.get("user.id")) for span in traced.spans}


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
async def test_a_session_of_a_message_history_is_a_conversation(way: str, traced: Recording) -> None:
    talk = RunnableWithMessageHistory(ScriptedChat(), lambda session_id: InMemoryChatMessageHistory())
    await called(talk, way, "hi", {"configurable": {"session_id": "s-1"}})

    assert {"s-1"} == {conversation(span) for span in traced.spans}


BATCHED = {
    **THINGS,
    "sequence in a sequence": RunnableLambda(lambda text: text)
    | (RunnableLambda(lambda text: text) | ScriptedChat()).with_config(run_name="inner"),
    "fallbacks": ScriptedChat(fails_with=ValueError("no")).with_fallbacks([ScriptedChat()]),
    "sequence with fallbacks": (RunnableLambda(lambda text: text) | ScriptedChat()).with_fallbacks(
        [ScriptedChat()]
    ),
    "retries": (RunnableLambda(lambda text: text) | ScriptedChat()).with_retry(),
    "bound sequence": (RunnableLambda(lambda text: text) | ScriptedChat()).with_config(tags=["x"]),
    "parallel": RunnableParallel(a=ScriptedChat(), b=RunnableLambda(lambda text: text) | ScriptedLLM()),
}
BATCHES = ["batch", "abatch", "batch_as_completed", "abatch_as_completed"]


async def batched(thing: Any, way: str, values: Any, config: Any, **options: Any) -> Any:
    if way == "batch":
        return thing.batch(values, config, **options)
    if way == "abatch":
        return await thing.abatch(values, config, **options)
    if way == "batch_as_completed":
        return list(thing.batch_as_completed(values, config, **options))
    return [each async for each in thing.abatch_as_completed(values, config, **options)]


@pytest.mark.parametrize("exceptions", [False, True], ids=["raised", "returned"])
@pytest.mark.parametrize("way", BATCHES)
@pytest.mark.parametrize("name", BATCHED)
async def test_ids_in_the_config_of_a_batch_reach_every_span(
    name: str, way: str, exceptions: bool, traced: Recording
) -> None:
    config = None if "its config" in name else IDS
    await batched(BATCHED[name], way, [INPUTS.get(name, "hi")] * 3, config, return_exceptions=exceptions)

    assert {("t-1", "u-1")} == {(conversation(span), span.attributes.get("user.id")) for span in traced.spans}


def ids_of(number: int) -> Any:
    return {"configurable": {"thread_id": f"t-{number}", "user_id": f"u-{number}"}}


@pytest.mark.parametrize("way", BATCHES)
@pytest.mark.parametrize(
    "name", [name for name in BATCHED if name not in ("completion", "chat with its config")]
)
async def test_each_input_of_a_batch_has_the_ids_of_its_own_config(
    name: str, way: str, traced: Recording
) -> None:
    await batched(BATCHED[name], way, [INPUTS.get(name, "hi")] * 3, [ids_of(number) for number in range(3)])

    found: dict[int, set[Any]] = {}
    for span in traced.spans:
        ids = conversation(span), span.attributes.get("user.id")
        found.setdefault(span.context.trace_id, set()).add(ids)
    assert [{(f"t-{number}", f"u-{number}")} for number in range(3)] == sorted(found.values(), key=str)


async def test_a_completion_model_that_serves_several_conversations_at_once_guesses_none(
    traced: Recording,
) -> None:
    ScriptedLLM().batch(["a", "b"], [ids_of(1), ids_of(2)])

    # An old langchain-core tells them in the metadata.
    assert [conversation(span) for span in traced.spans] in ([None, None], ["t-1", "t-2"])


@pytest.mark.parametrize("way", ["batch", "abatch"])
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
async def test_each_session_of_a_batch_of_message_histories_is_a_conversation(
    way: str, traced: Recording
) -> None:
    chain = RunnableLambda(lambda messages: messages) | ScriptedChat()
    talk = RunnableWithMessageHistory(chain, lambda session_id: InMemoryChatMessageHistory())
    await batched(talk, way, ["a", "b"], [{"configurable": {"session_id": name}} for name in "ab"])

    assert {"a", "b"} == {conversation(span) for span in traced.spans}


def test_a_failed_input_of_a_batch_keeps_its_ids(traced: Recording) -> None:
    def odd(number: int) -> int:
        if number % 2 == 0:
            raise ValueError(number)
        return number

    chain = RunnableLambda(odd) | RunnableLambda(lambda number: number)
    chain.batch([0, 1, 2], [ids_of(number) for number in range(3)], return_exceptions=True)

    roots = [span for span in traced.spans if span.parent is None]
    assert ["t-0", "t-1", "t-2"] == [conversation(span) for span in roots]


def test_metadata_wins_over_the_config_of_a_batch(traced: Recording) -> None:
    config = {**IDS, "metadata": {"thread_id": "mine"}}
    (RunnableLambda(lambda text: text) | ScriptedChat()).batch(["a", "b"], config)

    assert {"mine"} == {conversation(span) for span in traced.spans}


def test_what_a_batch_names_does_not_outlive_it(traced: Recording) -> None:
    chain = RunnableLambda(lambda text: text) | ScriptedChat()
    chain.batch(["a"], IDS)
    chain.batch(["b"])

    assert {"t-1"} == {conversation(span) for span in traced.spans[:3]}
    assert {None} == {conversation(span) for span in traced.spans[3:]}


def test_explicit_metadata_wins_over_the_config(traced: Recording) -> None:
    metadata = {"thread_id": "mine", "user_id": "me"}
    (RunnableLambda(lambda text: text) | ScriptedChat()).invoke("hi", {**IDS, "metadata": metadata})

    assert {("mine", "me")} == {(conversation(span), span.attributes["user.id"]) for span in traced.spans}


def test_a_conversation_does_not_outlive_its_call(traced: Recording) -> None:
    ScriptedChat().invoke("hi", IDS)
    ScriptedChat().invoke("hi")

    assert ["t-1", None] == [conversation(span) for span in traced.spans]


def test_a_config_without_ids_changes_nothing(traced: Recording) -> None:
    ScriptedChat().invoke("hi", {"configurable": {"model": "x"}})

    assert [None] == [conversation(span) for span in traced.spans]


# -- the application's own facts, without content


def test_named_metadata_is_recorded_with_content_off(recording: Recording) -> None:
    langspan.instrument(tracer_provider=recording.provider, metadata_keys=["order_id", "missing"])
    ScriptedChat().invoke("hi", {"metadata": {"order_id": 7, "secret": "x"}})
    (span,) = recording.spans
    own = {name: value for name, value in span.attributes.items() if name.startswith("langchain.metadata.")}

    assert {"langchain.metadata.order_id": "7"} == own


def test_the_keys_may_come_from_the_environment(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGSPAN_METADATA_KEYS", "order_id, plan")
    handler = langspan.CallbackHandler(recording.provider)
    ScriptedChat().invoke("hi", {"callbacks": [handler], "metadata": {"plan": "free"}})
    (span,) = recording.spans

    assert "free" == span.attributes["langchain.metadata.plan"]


def test_redact_sees_ids_tags_and_named_metadata_each_with_its_own_where(recording: Recording) -> None:
    seen = set()

    def redact(value: Any, where: str) -> Any:
        seen.add((where, value))
        return "***"

    langspan.instrument(tracer_provider=recording.provider, redact=redact, metadata_keys=["mail"])
    ScriptedChat().invoke("hi", {**IDS, "tags": ["ann@example.com"], "metadata": {"mail": "bob@example.com"}})
    (span,) = recording.spans
    shown = [
        span.attributes[name]
        for name in ("gen_ai.conversation.id", "user.id", "langchain.tags", "langchain.metadata.mail")
    ]

    assert ["***", "***", ("***",), "***"] == shown
    assert {
        ("conversation_id", "t-1"),
        ("user_id", "u-1"),
        ("tag", "ann@example.com"),
        ("metadata", "bob@example.com"),
    } == seen


def test_ids_that_redact_fails_on_are_left_out(recording: Recording) -> None:
    def fail(_value: Any, _where: str) -> Any:
        raise ValueError

    with instrumented(recording, redact=fail):
        ScriptedChat().invoke("hi", {**IDS, "tags": ["mine"]})
    (span,) = recording.spans

    assert set() == {"gen_ai.conversation.id", "user.id", "langchain.tags"} & span.attributes.keys()


# -- one call of the application is one trace


def test_genai_only_keeps_the_chain_that_holds_a_trace_together(recording: Recording) -> None:
    prompt = ChatPromptTemplate([("human", "{q}")])
    chain = prompt | ScriptedChat() | (lambda answer: {"q": answer.text}) | prompt | ScriptedChat()
    with instrumented(recording, spans="genai"):
        chain.invoke({"q": "hi"})

    assert [
        "RunnableSequence",
        "RunnableSequence/chat scripted-1",
        "RunnableSequence/chat scripted-1",
    ] == recording.paths()


def test_genai_only_needs_no_chain_below_a_span_of_the_applications(recording: Recording) -> None:
    with instrumented(recording, spans="genai"), recording.tracer.start_as_current_span("request"):
        (RunnableLambda(str) | ScriptedChat()).invoke("hi")

    assert ["request", "request/chat scripted-1"] == recording.paths()
