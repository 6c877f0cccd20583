"""`CallbackHandler` without any patching: the tree is right by the ids of the runs."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from opentelemetry import trace

import langspan
from support.callback_ways import our_handler
from support.models import ScriptedChat, ScriptedLLM, ScriptedRetriever, StreamingChat, usage
from support.recording import Recording, current_span_id, instrumented
from support.small_graph import graph

MODES = ["invoke", "ainvoke", "stream", "astream", "batch", "abatch"]


@pytest.fixture
def handler(recording: Recording) -> langspan.CallbackHandler:
    return our_handler(recording)


async def _call(runnable: Any, mode: str, value: Any, config: Any) -> None:
    value = [value] if "batch" in mode else value
    result = getattr(runnable, mode)(value, config)
    if mode == "stream":
        list(result)
    elif mode == "astream":
        async for _ in result:
            pass
    elif mode[0] == "a":
        await result


@tool
def lookup(text: str) -> str:
    """Look something up."""
    return StreamingChat().invoke(text).text


def _chain() -> Any:
    steps = RunnableParallel(found=ScriptedRetriever(), looked=RunnableLambda(lookup.invoke, name="look"))
    prompt = ChatPromptTemplate.from_template("{text}") | StreamingChat() | StrOutputParser()
    return RunnableLambda(lambda text: {"text": text}, name="start") | prompt | steps


CHAIN = [
    "RunnableSequence",
    "RunnableSequence/ChatPromptTemplate",
    "RunnableSequence/RunnableParallel<found,looked>",
    "RunnableSequence/RunnableParallel<found,looked>/look",
    "RunnableSequence/RunnableParallel<found,looked>/look/execute_tool lookup",
    "RunnableSequence/RunnableParallel<found,looked>/look/execute_tool lookup/chat scripted-1",
    "RunnableSequence/RunnableParallel<found,looked>/retrieval ScriptedRetriever",
    "RunnableSequence/StrOutputParser",
    "RunnableSequence/chat scripted-1",
    "RunnableSequence/start",
]


@pytest.mark.parametrize("mode", MODES)
async def test_a_chain_is_the_right_tree(recording: Recording, handler: Any, mode: str) -> None:
    await _call(_chain(), mode, "hi", {"callbacks": [handler]})

    assert CHAIN == recording.paths()


@pytest.mark.parametrize("mode", MODES)
async def test_a_graph_is_the_right_tree(recording: Recording, handler: Any, mode: str) -> None:
    await _call(graph(), mode, {"text": "hi"}, {"callbacks": [handler], "run_name": "flow"})

    assert 2 == len(recording.paths())
    assert [None, recording.spans[0].name] == [recording.parent(span) for span in recording.spans]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cls", [ScriptedChat, StreamingChat, ScriptedLLM])
async def test_a_model_that_carries_it_is_one_span(
    recording: Recording, handler: Any, mode: str, cls: type
) -> None:
    await _call(cls(callbacks=[handler]), mode, "hi", None)

    assert 1 == len(recording.spans)


@pytest.mark.parametrize("mode", MODES)
async def test_the_root_joins_the_applications_span(recording: Recording, handler: Any, mode: str) -> None:
    with recording.tracer.start_as_current_span("request"):
        await _call(StreamingChat(), mode, "hi", {"callbacks": [handler]})

    assert "request" == recording.parent("chat scripted-1")


@pytest.mark.parametrize("mode", MODES)
async def test_nothing_becomes_current(recording: Recording, handler: Any, mode: str) -> None:
    seen: set[int] = set()

    def step(value: Any) -> Any:
        seen.add(current_span_id())
        return value

    await _call(RunnableLambda(step), mode, "hi", {"callbacks": [handler]})

    assert {0} == seen


def test_nothing_is_patched(recording: Recording, handler: Any) -> None:
    before = dict(vars(BaseChatModel))
    ScriptedChat().invoke("hi", {"callbacks": [handler]})

    assert before == dict(vars(BaseChatModel))


def test_without_a_provider_it_uses_the_global_one(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: recording.provider)
    ScriptedChat().invoke("hi", {"callbacks": [langspan.CallbackHandler()]})

    assert ["chat scripted-1"] == recording.names()


def test_tokens_and_usage_are_recorded(recording: Recording, handler: Any) -> None:
    answer = StreamingChat().invoke("hi").model_copy(update={"usage_metadata": usage(3, 4)})
    list(StreamingChat(answers=(answer,)).stream("hi", {"callbacks": [handler]}))
    attributes = recording.named("chat scripted-1").attributes or {}

    assert (3, 4, True) == (
        attributes["gen_ai.usage.input_tokens"],
        attributes["gen_ai.usage.output_tokens"],
        "gen_ai.response.time_to_first_chunk" in attributes,
    )


# -- copies


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_the_handler_itself(handler: Any, copied: Any) -> None:
    assert handler is copied(handler)


@pytest.mark.parametrize(
    "config",
    [
        lambda handler: {"callbacks": [handler]},
        lambda handler: {"callbacks": CallbackManager([handler], [handler])},
        lambda handler: {"callbacks": AsyncCallbackManager([handler], [handler])},
    ],
)
@pytest.mark.parametrize("patched", [False, True])
def test_a_deep_copied_config_makes_one_span_per_run(
    recording: Recording, handler: Any, config: Any, *, patched: bool
) -> None:
    elsewhere = Recording()
    chain = RunnableLambda(str, name="step") | ScriptedChat()
    if patched:
        with instrumented(elsewhere):
            chain.invoke("hi", copy.deepcopy(config(handler)))
    else:
        chain.invoke("hi", copy.deepcopy(config(handler)))

    assert [] == elsewhere.names()
    assert len(recording.names()) == len({span.name for span in recording.spans})


def test_a_deep_copied_model_keeps_the_handler(recording: Recording, handler: Any) -> None:
    copy.deepcopy(ScriptedChat(callbacks=[handler])).invoke("hi")

    assert ["chat scripted-1"] == recording.names()


def test_models_can_be_pickled_while_instrumented(traced: Recording) -> None:
    model = pickle.loads(pickle.dumps(StreamingChat(answers=("a b",))))

    assert "a b" == model.invoke("hi").text


# -- many at once


@pytest.fixture
def two() -> list[Recording]:
    return [Recording(), Recording()]


def _paths(runs: int) -> list[str]:
    return sorted(path for path in CHAIN for _ in range(runs))


@pytest.mark.parametrize("patched", [False, True])
def test_two_handlers_in_threads_record_their_own_runs_only(two: list[Recording], *, patched: bool) -> None:
    configs = [{"callbacks": [our_handler(each)]} for each in two]
    together = threading.Barrier(4)

    def work(number: int) -> None:
        together.wait()
        for _ in range(5):
            _chain().invoke("hi", configs[number % 2])

    def run() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))

    elsewhere = Recording()
    if patched:
        with instrumented(elsewhere):
            run()
    else:
        run()

    assert [_paths(10), _paths(10), []] == [two[0].paths(), two[1].paths(), elsewhere.paths()]


@pytest.mark.parametrize("patched", [False, True])
async def test_two_handlers_in_tasks_record_their_own_runs_only(
    two: list[Recording], *, patched: bool
) -> None:
    configs = [{"callbacks": [our_handler(each)]} for each in two]

    async def run() -> None:
        await asyncio.gather(*(_chain().ainvoke("hi", configs[number % 2]) for number in range(10)))

    elsewhere = Recording()
    if patched:
        with instrumented(elsewhere):
            await run()
    else:
        await run()

    assert [_paths(5), _paths(5), []] == [two[0].paths(), two[1].paths(), elsewhere.paths()]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("patched", [False, True])
async def test_two_handlers_on_one_run_record_it_once_each(
    two: list[Recording], mode: str, *, patched: bool
) -> None:
    config = {"callbacks": [our_handler(each) for each in two]}
    if patched:
        with instrumented(Recording()):
            await _call(_chain(), mode, "hi", config)
    else:
        await _call(_chain(), mode, "hi", config)

    assert [CHAIN, CHAIN] == [each.paths() for each in two]


@pytest.mark.parametrize("mode", MODES)
async def test_two_handlers_on_one_model_run_record_it_once_each(two: list[Recording], mode: str) -> None:
    config = {"callbacks": [our_handler(each) for each in two]}
    with instrumented(Recording()):
        await _call(StreamingChat(), mode, "hi", config)

    assert [["chat scripted-1"], ["chat scripted-1"]] == [each.paths() for each in two]


async def test_two_hundred_runs_at_once_stay_apart(recording: Recording, handler: Any) -> None:
    config = {"callbacks": [handler]}
    await asyncio.gather(*(_chain().ainvoke("hi", config) for _ in range(200)))

    assert (200, _paths(200)) == (len(recording.trace_ids()), recording.paths())


def test_two_hundred_runs_in_threads_stay_apart(recording: Recording, handler: Any) -> None:
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: _chain().invoke("hi", {"callbacks": [handler]}), range(200)))

    assert (200, _paths(200), 0) == (len(recording.trace_ids()), recording.paths(), len(handler.recorder))


async def test_a_subclass_hears_of_every_token_where_langchain_is_patched_too(recording: Recording) -> None:
    class Listening(langspan.CallbackHandler):
        heard = ""

        def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
            self.heard += token
            super().on_llm_new_token(token, **kwargs)

    listening = Listening(recording.provider)
    with instrumented(recording):
        said = [chunk.text async for chunk in StreamingChat().astream("hi", {"callbacks": [listening]})]
    assert "".join(said) == listening.heard != ""
