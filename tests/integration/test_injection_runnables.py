"""However callbacks are given to a chain, tool, retriever, graph or agent: one tree, one span per run.

The user's own handlers hear what they hear without us, and the caller gets the same answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManager
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda, RunnableParallel
from langchain_core.tools import StructuredTool
from langgraph.graph import END, START, StateGraph

import langspan
from support.agents import is_edge
from support.callback_ways import ASYNC, CALL, Given, our_handler
from support.listeners import Listener
from support.models import ScriptedChat, ScriptedRetriever, StreamingChat, tool_call, work
from support.recording import Recording, instrumented

MODES = ("invoke", "stream", "batch")
ASYNC_MODES = ("ainvoke", "astream", "abatch")


class Subject(NamedTuple):
    """Something to run.

    Attributes:
        make: Builds it around a tracer for the work in its bodies.
        value: What to call it with.
        tree: Every place in the tree below the caller.
    """

    make: Callable[[Any], Any]
    value: Any
    tree: set[str]


class State(TypedDict):
    text: str


def _step(body: Any) -> Any:
    def step(value: Any) -> str:
        with work(body):
            return str(value)

    return RunnableLambda(step)


def _sequence(body: Any) -> Any:
    return ChatPromptTemplate.from_template("{text}") | StreamingChat(body=body) | StrOutputParser()


def _configured(body: Any) -> Any:
    """A step that hands its config on by itself, as was needed once."""

    def outer(value: Any, config: RunnableConfig) -> str:
        return str(ScriptedChat(body=body).invoke(value, config).text)

    return RunnableLambda(outer)


def _add(body: Any, **options: Any) -> Any:
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        with work(body):
            return a + b

    return StructuredTool.from_function(add, **options)


def _graph(body: Any) -> Any:
    def answer(state: State) -> State:
        return {"text": ScriptedChat(body=body).invoke(state["text"]).text}

    graph = StateGraph(State)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return graph.compile(name="flow")


class _Asking(ScriptedChat):
    """Asks for a tool first, and answers when it has the result."""

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        result = super()._generate(messages)
        answer = AIMessage("three") if isinstance(messages[-1], ToolMessage) else tool_call("add", a=1, b=2)
        return result.model_copy(update={"generations": [ChatGeneration(message=answer)]})

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        return self._generate(messages)


def _agent(body: Any) -> Any:
    return create_agent(_Asking(body=body), [_add(body)], name="math")


SUBJECTS = {
    "lambda": Subject(_step, "hi", {"step", "step/http"}),
    "sequence": Subject(
        _sequence,
        {"text": "hi"},
        {
            "RunnableSequence",
            "RunnableSequence/ChatPromptTemplate",
            "RunnableSequence/chat scripted-1",
            "RunnableSequence/chat scripted-1/http",
            "RunnableSequence/StrOutputParser",
        },
    ),
    "parallel": Subject(
        lambda body: RunnableParallel(left=_step(body), right=ScriptedRetriever(body=body)),
        "hi",
        {
            "RunnableParallel<left,right>",
            "RunnableParallel<left,right>/step",
            "RunnableParallel<left,right>/step/http",
            "RunnableParallel<left,right>/retrieval ScriptedRetriever",
            "RunnableParallel<left,right>/retrieval ScriptedRetriever/http",
        },
    ),
    "config handed on": Subject(
        _configured, "hi", {"outer", "outer/chat scripted-1", "outer/chat scripted-1/http"}
    ),
    "tool": Subject(_add, {"a": 1, "b": 2}, {"execute_tool add", "execute_tool add/http"}),
    "retriever": Subject(
        lambda body: ScriptedRetriever(body=body),
        "hi",
        {"retrieval ScriptedRetriever", "retrieval ScriptedRetriever/http"},
    ),
    "graph": Subject(
        _graph,
        {"text": "hi"},
        {
            "invoke_workflow flow",
            "invoke_workflow flow/node answer",
            "invoke_workflow flow/node answer/chat scripted-1",
            "invoke_workflow flow/node answer/chat scripted-1/http",
        },
    ),
    "agent": Subject(
        _agent,
        {"messages": [("user", "1 + 2?")]},
        {
            "invoke_agent math",
            "invoke_agent math/node model",
            "invoke_agent math/node model/chat scripted-1",
            "invoke_agent math/node model/chat scripted-1/http",
            "invoke_agent math/node tools",
            "invoke_agent math/node tools/execute_tool add",
            "invoke_agent math/node tools/execute_tool add/http",
        },
    ),
}


NAMES = list(SUBJECTS)


class Seen(NamedTuple):
    """What came of one call: the answer, what the user's handler was told, roots, and all places."""

    answer: Any
    told: Any
    roots: int
    places: frozenset[str]


def _gist(answer: Any) -> Any:
    """An answer without what differs from one run to the next; parallel steps stream in no fixed order."""
    if isinstance(answer, list):
        return sorted((_gist(item) for item in answer), key=repr)
    if isinstance(answer, dict):
        return {key: _gist(value) for key, value in answer.items()}
    text = getattr(answer, "text", answer)
    return str(getattr(answer, "page_content", text))


def _seen(recording: Recording, given: Given, answer: Any, user: Listener) -> Seen:
    above = "/".join(("request", *given.under)) + "/"
    around = {above.rsplit("/", keep + 1)[0] for keep in range(len(given.under) + 1)}
    paths = [path for path in recording.paths() if path not in around and not is_edge(path)]
    recording.clear()
    places = frozenset(path.removeprefix(above) for path in paths)
    return Seen(
        _gist(answer), user.stories, sum("/" not in path.removeprefix(above) for path in paths), places
    )


def _begin(subject: Subject, given: Given, mode: str, body: Any) -> Any:
    runnable = subject.make(body)
    callee = runnable if given.bound is None else runnable.with_config(given.bound)
    return getattr(callee, mode)([subject.value] * 2 if "batch" in mode else subject.value, given.config)


def _call(
    subject: Subject, way: str, mode: str, recording: Recording, ours: Iterable[Any] = ()
) -> tuple[Given, Seen]:
    user = Listener()
    with recording.tracer.start_as_current_span("request"), CALL[way](user, [*ours]) as given:
        answer = _begin(subject, given, mode, recording.tracer)
        answer = list(answer) if mode == "stream" else answer
    return given, _seen(recording, given, answer, user)


async def _acall(
    subject: Subject, way: str, mode: str, recording: Recording, ours: Iterable[Any] = ()
) -> tuple[Given, Seen]:
    user = Listener()
    with recording.tracer.start_as_current_span("request"):
        async with AsyncExitStack() as stack:
            given = (
                await stack.enter_async_context(ASYNC[way](user, [*ours]))
                if way in ASYNC
                else stack.enter_context(CALL[way](user, [*ours]))
            )
            answer = _begin(subject, given, mode, recording.tracer)
            answer = await answer if inspect.isawaitable(answer) else [item async for item in answer]
    return given, _seen(recording, given, answer, user)


def _expected(subject: Subject, mode: str, untraced: Seen) -> Seen:
    """The untraced call's answer and story, and the subject's tree once per call."""
    return untraced._replace(roots=2 if "batch" in mode else 1, places=frozenset(subject.tree))


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_one_tree_and_the_users_handler_hears_all(recording: Recording, name: str) -> None:
    subject = SUBJECTS[name]
    cases = [(way, mode) for way in CALL for mode in MODES]
    untraced = {case: _call(subject, *case, recording) for case in cases}
    with instrumented(recording):
        traced = {case: _call(subject, *case, recording, [our_handler(recording)])[1] for case in cases}

    assert {case: _expected(subject, case[1], seen) for case, (_, seen) in untraced.items()} == traced


@pytest.mark.parametrize("name", NAMES)
async def test_an_asynchronous_call_is_one_tree_and_the_users_handler_hears_all(
    recording: Recording, name: str
) -> None:
    subject = SUBJECTS[name]
    cases = [(way, mode) for way in [*CALL, *ASYNC] for mode in ASYNC_MODES]
    untraced = {case: await _acall(subject, *case, recording) for case in cases}
    with instrumented(recording):
        traced = {
            case: (await _acall(subject, *case, recording, [our_handler(recording)]))[1] for case in cases
        }

    assert {case: _expected(subject, case[1], seen) for case, (_, seen) in untraced.items()} == traced


@pytest.mark.parametrize("given", [lambda user: [user], lambda user: CallbackManager([user])])
def test_a_tool_with_callbacks_of_its_own_is_one_span(traced: Recording, given: Any) -> None:
    user = Listener()
    _add(None, callbacks=given(user)).invoke({"a": 1, "b": 2})

    assert (["execute_tool add"], ["on_tool_start", "on_tool_end"]) == (traced.names(), user.events)


def test_a_tool_that_is_run_with_callbacks_is_one_span(traced: Recording) -> None:
    """The oldest way there is."""
    user = Listener()
    _add(None).run({"a": 1, "b": 2}, callbacks=[user])

    assert (["execute_tool add"], ["on_tool_start", "on_tool_end"]) == (traced.names(), user.events)


def test_our_handler_in_a_tool_of_its_own_takes_the_place_of_the_global_one(traced: Recording) -> None:
    elsewhere = Recording()
    handler = langspan.CallbackHandler(elsewhere.provider)
    _add(None, callbacks=[handler]).invoke({"a": 1, "b": 2})

    assert (["execute_tool add"], []) == (elsewhere.names(), traced.names())
