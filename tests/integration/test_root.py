"""The root of a trace tells its story: tokens of all model calls below it, and what came in and went out."""

from __future__ import annotations

import json
from typing import Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph

import langspan
from support.models import ScriptedChat, usage
from support.recording import Recording, instrumented

READ, WRITTEN = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
ASKED, ANSWERED = "gen_ai.input.messages", "gen_ai.output.messages"


class Own(TypedDict, total=False):
    question: str
    answer: str


def model(read: int = 7, written: int = 3) -> ScriptedChat:
    return ScriptedChat(answers=[AIMessage("hello", usage_metadata=usage(read, written))])


def graph(state: Any, *nodes: Any) -> Any:
    builder = StateGraph(state)
    names = [f"n{number}" for number, _ in enumerate(nodes)]
    for name, node in zip(names, nodes, strict=True):
        builder.add_node(name, node)
    for source, target in zip([START, *names], names, strict=False):
        builder.add_edge(source, target)
    return builder.compile(name="desk")


def talk(chat: ScriptedChat) -> Any:
    return lambda state: {"messages": [chat.invoke(state["messages"])]}


def texts(span: Any, name: str) -> list[tuple[str, str]]:
    messages = json.loads(span.attributes[name])
    return [(message["role"], message["parts"][0]["content"]) for message in messages]


def root(recording: Recording) -> Any:
    (span,) = [span for span in recording.spans if span.parent is None]
    return span


def test_a_workflow_sums_up_all_model_calls_below_it(traced: Recording) -> None:
    graph(MessagesState, talk(model()), talk(model(20, 5))).invoke({"messages": [("user", "hi")]})

    assert (27, 8) == (root(traced).attributes[READ], root(traced).attributes[WRITTEN])


def test_a_workflow_counts_what_agents_below_it_called(traced: Recording) -> None:
    agent = create_agent(model(), name="lead")
    graph(MessagesState, agent, talk(model(20, 5))).invoke({"messages": [("user", "hi")]})

    assert (27, 7) == (root(traced).attributes[READ], traced.named("invoke_agent lead").attributes[READ])


def test_a_chain_at_the_root_sums_up_too(traced: Recording) -> None:
    (ChatPromptTemplate([("human", "{q}")]) | model() | StrOutputParser()).invoke({"q": "hi"})

    assert (7, 3) == (root(traced).attributes[READ], root(traced).attributes[WRITTEN])


def test_a_failing_root_sums_up_what_was_used(traced: Recording) -> None:
    def fail(_: Any) -> Any:
        raise ValueError

    with pytest.raises(ValueError):
        (model() | RunnableLambda(fail)).invoke("hi")

    assert 7 == root(traced).attributes[READ]


def test_below_the_root_chains_and_workflows_have_no_sums(traced: Recording) -> None:
    inner = graph(MessagesState, talk(model()))
    outer = graph(MessagesState, lambda state: inner.invoke(state))  # noqa: PLW0108 - a node may not take config
    outer.invoke({"messages": [("user", "hi")]})
    with_sums = [span.name for span in traced.spans if READ in span.attributes]

    assert ["invoke_workflow desk", "chat scripted-1"] == with_sums


@pytest.mark.parametrize(
    ("sums", "workflow", "agent"), [("all", 7, 7), ("agents", None, 7), ("none", None, None)]
)
@pytest.mark.parametrize("by_variable", [False, True])
def test_sums_can_be_turned_off(
    sums: Any,
    workflow: int | None,
    agent: int | None,
    by_variable: bool,
    recording: Recording,
    monkeypatch: Any,
) -> None:
    if by_variable:
        monkeypatch.setenv("LANGSPAN_USAGE_SUMS", sums)
    langspan.instrument(tracer_provider=recording.provider, usage_sums=None if by_variable else sums)
    graph(MessagesState, create_agent(model(), name="lead")).invoke({"messages": [("user", "hi")]})
    found = [
        recording.named(f"invoke_{name}").attributes.get(READ) for name in ("workflow desk", "agent lead")
    ]

    assert [workflow, agent] == found


def test_a_workflow_with_messages_shows_question_and_answer(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        graph(MessagesState, talk(model())).invoke({"messages": [("user", "hi")]})

    assert ([("user", "hi")], [("assistant", "hello")]) == (
        texts(root(recording), ASKED),
        texts(root(recording), ANSWERED),
    )


def test_a_workflow_with_a_state_of_its_own_shows_it_as_question_and_answer(recording: Recording) -> None:
    chat = model()
    with instrumented(recording, capture_content=True):
        graph(Own, lambda state: {"answer": chat.invoke(state["question"]).text}).invoke({"question": "hi"})

    assert [("user", '{"question":"hi"}')] == texts(root(recording), ASKED)
    assert [("assistant", '{"question":"hi","answer":"hello"}')] == texts(root(recording), ANSWERED)


@pytest.mark.parametrize(
    "value", ["hi", [HumanMessage("hi")], HumanMessage("hi")], ids=["text", "list", "message"]
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_chain_shows_question_and_answer(value: Any, stream: bool, recording: Recording) -> None:
    chain = (
        RunnableLambda(lambda value: value if isinstance(value, list | str) else [value])
        | model()
        | StrOutputParser()
    )
    with instrumented(recording, capture_content=True):
        list(chain.stream(value)) if stream else chain.invoke(value)

    assert ([("user", "hi")], [("assistant", "hello")]) == (
        texts(root(recording), ASKED),
        texts(root(recording), ANSWERED),
    )


def test_a_chain_that_calls_no_model_stays_plain(recording: Recording) -> None:
    with instrumented(recording, capture_content=True):
        (RunnableLambda(str) | StrOutputParser()).invoke("hi")

    assert [] == [name for span in recording.spans for name in span.attributes if name.startswith("gen_ai.")]


def test_a_long_question_stays_valid_json_within_the_limit(recording: Recording) -> None:
    with instrumented(recording, capture_content=True, max_content_bytes=1000):
        (RunnableLambda(lambda value: value["q"]) | model()).invoke({"q": '"\\ü' * 2000})

    assert 1000 >= len(root(recording).attributes[ASKED].encode())
    assert "user" == json.loads(root(recording).attributes[ASKED])[0]["role"]


def test_redact_sees_question_and_answer(recording: Recording) -> None:
    with instrumented(recording, capture_content=True, redact=lambda value, _where: "***"):
        (RunnableLambda(lambda value: value["q"]) | model() | StrOutputParser()).invoke({"q": "hi"})
    shown = json.dumps([dict(root(recording).attributes)])

    assert (False, False) == ("hi" in shown.replace("chi", ""), "hello" in shown)


def test_steps_nodes_prompts_and_parsers_have_no_attribute_of_the_conventions(recording: Recording) -> None:
    prompt = ChatPromptTemplate([("human", "Why {q}?")])
    chain = prompt | model() | StrOutputParser()
    with instrumented(recording, capture_content=True):
        graph(Own, lambda state: {"answer": chain.invoke({"q": state["question"]})}).invoke(
            {"question": "x"}, {"configurable": {"thread_id": "t"}}
        )
    plain = [span for span in recording.spans if "gen_ai.operation.name" not in span.attributes]

    assert {"node n0", "RunnableSequence", "ChatPromptTemplate", "StrOutputParser"} == {
        span.name for span in plain
    }
    assert [] == [name for span in plain for name in span.attributes if name.startswith("gen_ai.")]
    assert {"t"} == {span.attributes["langspan.conversation.id"] for span in plain}
    assert "x" == recording.named("ChatPromptTemplate").attributes["langchain.prompt.variable.q"]
