"""`langspan.context`: what a block gives is on every run that starts inside, and on no other."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableGenerator, RunnableLambda
from langchain_core.tools import tool
from opentelemetry import context as otel
from opentelemetry import propagate

import langspan
from support.models import ScriptedChat, StreamingChat, tool_call
from support.recording import Recording, instrumented
from support.small_graph import graph


def conversations(recording: Recording) -> set[Any]:
    return {
        span.attributes.get("gen_ai.conversation.id", span.attributes.get("langspan.conversation.id"))
        for span in recording.spans
    }


def values(recording: Recording, name: str) -> set[Any]:
    return {span.attributes.get(name) for span in recording.spans}


def _chain() -> Any:
    return (
        RunnableLambda(lambda text: text, name="start") | StreamingChat() | RunnableLambda(lambda m: m.text)
    )


@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "astream", "batch", "abatch"])
async def test_every_run_of_a_chain_carries_it(
    mode: str, recording: Recording, config: dict[str, Any]
) -> None:
    value = ["hi", "ho"] if "batch" in mode else "hi"
    with langspan.context(conversation_id="c", user_id=7, session_id=UUID(int=1), tags=["beta"]):
        called = getattr(_chain(), mode)(value, config)
        if mode == "stream":
            list(called)
        elif mode == "astream":
            [chunk async for chunk in called]
        elif mode[0] == "a":
            await called
    assert {"c"} == conversations(recording)
    assert ({"7"}, {str(UUID(int=1))}) == (values(recording, "user.id"), values(recording, "session.id"))
    assert {("beta",)} == values(recording, "langchain.tags")


@pytest.mark.parametrize("mode", ["invoke", "ainvoke"])
async def test_every_run_of_a_graph_carries_it(
    mode: str, recording: Recording, config: dict[str, Any]
) -> None:
    with langspan.context(conversation_id="c", user_id="u"):
        called = getattr(graph(), mode)({"text": "hi"}, config)
        if mode == "ainvoke":
            await called
    assert ({"c"}, {"u"}) == (conversations(recording), values(recording, "user.id"))


def test_every_run_of_an_agent_carries_it(recording: Recording, config: dict[str, Any]) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    model = ScriptedChat(answers=[tool_call("add", a=1, b=2), AIMessage("3")])
    with langspan.context(conversation_id="c", tags=["beta"]):
        create_agent(model, [add], name="adder").invoke({"messages": [("human", "1+2?")]}, config)
    assert "execute_tool add" in recording.names()
    assert ({"c"}, True) == (
        conversations(recording),
        all("beta" in span.attributes["langchain.tags"] for span in recording.spans),
    )


def test_what_starts_outside_carries_nothing(recording: Recording, config: dict[str, Any]) -> None:
    ScriptedChat().invoke("hi", config)
    with langspan.context(conversation_id="c", user_id="u", session_id="s", tags=["t"]):
        pass
    ScriptedChat().invoke("hi", config)
    names = ("gen_ai.conversation.id", "user.id", "session.id", "langchain.tags")
    assert {None} == set().union(*(values(recording, name) for name in names))


@pytest.mark.parametrize(
    "runnable", [RunnableLambda(lambda text: text), ScriptedChat()], ids=["chain", "model"]
)
def test_the_config_of_a_call_wins(runnable: Any, recording: Recording, config: dict[str, Any]) -> None:
    called = {**config, "configurable": {"thread_id": "own", "user_id": "me"}, "tags": ["own"]}
    with langspan.context(conversation_id="c", user_id="u", tags=["beta"]):
        runnable.invoke("hi", {**called, "metadata": {"thread_id": "own", "user_id": "me"}})
    assert ({"own"}, {"me"}) == (conversations(recording), values(recording, "user.id"))
    assert {("own", "beta")} == values(recording, "langchain.tags")


def test_the_configurable_of_a_call_wins_on_all_runs_below(traced: Recording) -> None:
    with langspan.context(conversation_id="c", user_id="u"):
        _chain().invoke("hi", {"configurable": {"thread_id": "own"}})
    assert ({"own"}, {"u"}) == (conversations(traced), values(traced, "user.id"))


def test_what_a_config_says_holds_in_an_inner_block_that_says_nothing_of_it(traced: Recording) -> None:
    def body(text: str) -> str:
        with langspan.context(user_id="inner"):
            return StreamingChat().invoke(text, {"metadata": {}}).text

    with langspan.context(conversation_id="c", user_id="outer"):
        RunnableLambda(body, name="body").invoke("hi", {"configurable": {"thread_id": "own"}})
    users = {span.name: span.attributes["user.id"] for span in traced.spans}
    assert ({"own"}, {"body": "outer", "chat scripted-1": "inner"}) == (conversations(traced), users)


def test_of_nested_blocks_ids_and_metadata_of_the_inner_count_and_tags_add_up(recording: Recording) -> None:
    keys = ["plan", "zone"]
    with (
        instrumented(recording, metadata_keys=keys),
        langspan.context(
            conversation_id="a", user_id="u", tags=["x"], metadata={"plan": "free", "zone": "eu"}
        ),
    ):
        with langspan.context(conversation_id="b", tags=["y", "x"], metadata={"plan": "paid"}):
            ScriptedChat().invoke("hi")
        ScriptedChat().invoke("hi")
    inner, outer = [dict(span.attributes) for span in recording.spans]
    names = [
        "gen_ai.conversation.id",
        "user.id",
        "langchain.tags",
        *(f"langchain.metadata.{k}" for k in keys),
    ]
    assert ["b", "u", ("x", "y"), "paid", "eu"] == [inner[name] for name in names]
    assert ["a", "u", ("x",), "free", "eu"] == [outer[name] for name in names]


def test_hooks_are_told_of_tags_and_metadata(recording: Recording) -> None:
    told: list[langspan.RunInfo] = []
    with (
        instrumented(recording, on_start=lambda _, info: told.append(info)),
        langspan.context(tags=["beta"], metadata={"plan": "free"}),
    ):
        ScriptedChat().invoke("hi", {"tags": ["own"], "metadata": {"plan": "paid", "n": 1}})
    (info,) = told
    assert (("own", "beta"), "paid", 1) == (info.tags, info.metadata["plan"], info.metadata["n"])


def test_the_event_of_the_call_is_not_changed(traced: Recording) -> None:
    config = {"tags": ["own"], "metadata": {"plan": "paid"}}
    with langspan.context(tags=["beta"], metadata={"zone": "eu"}):
        ScriptedChat().invoke("hi", config)
    assert {"tags": ["own"], "metadata": {"plan": "paid"}} == config


async def test_tasks_carry_their_own(recording: Recording, config: dict[str, Any]) -> None:
    async def answer(number: int) -> None:
        with langspan.context(conversation_id=number):
            await asyncio.sleep(0)
            await _chain().ainvoke("hi", config)

    await asyncio.gather(*(answer(number) for number in range(20)))
    by_trace = {(span.context.trace_id, *conversations_of(span)) for span in recording.spans}
    assert (20, {str(number) for number in range(20)}) == (len(by_trace), conversations(recording))


def conversations_of(span: Any) -> list[str]:
    return [value for name, value in span.attributes.items() if name.endswith("conversation.id")]


def test_a_thread_with_a_copy_of_the_context_carries_it(recording: Recording, config: dict[str, Any]) -> None:
    def work() -> None:
        _chain().invoke("hi", config)

    with langspan.context(conversation_id="c"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert {"c"} == conversations(recording)


def test_a_run_whose_parent_carries_it_does_too_in_a_thread_without_a_copy(recording: Recording) -> None:
    with instrumented(recording):

        def body(text: str, config: Any) -> None:
            thread = threading.Thread(target=ScriptedChat().invoke, args=(text, config))
            thread.start()
            thread.join()

        with langspan.context(conversation_id="c", tags=["beta"]):
            RunnableLambda(body, name="body").invoke("hi")
    assert ({"c"}, {("beta",)}) == (conversations(recording), values(recording, "langchain.tags"))


def test_a_function_can_be_decorated(recording: Recording, config: dict[str, Any]) -> None:
    @langspan.context(conversation_id="c")
    def answer(text: str) -> Any:
        """Answer."""
        return _chain().invoke(text, config)

    assert ("hello", "answer", "Answer.") == (answer("hi"), answer.__name__, answer.__doc__)
    assert {"c"} == conversations(recording)


def test_a_decorated_function_may_call_itself(traced: Recording) -> None:
    @langspan.context(conversation_id="c")
    def again(times: int) -> None:
        ScriptedChat().invoke("hi")
        if times:
            again(times - 1)

    again(3)
    assert (4, {"c"}, {}) == (len(traced.spans), conversations(traced), dict(otel.get_current()))


async def test_a_coroutine_function_can_be_decorated(recording: Recording, config: dict[str, Any]) -> None:
    @langspan.context(conversation_id="c")
    async def answer(text: str) -> Any:
        await asyncio.sleep(0)
        return await _chain().ainvoke(text, config)

    assert inspect.iscoroutinefunction(answer)
    assert ("hello", {"c"}) == (await answer("hi"), conversations(recording))


def test_a_generator_can_be_decorated_and_its_consumer_stays_outside(recording: Recording) -> None:
    @langspan.context(conversation_id="c")
    def answer(text: str) -> Iterator[str]:
        for _ in range(2):
            yield StreamingChat().invoke(text).text

    assert inspect.isgeneratorfunction(answer)
    with instrumented(recording):
        for _ in answer("hi"):
            assert {} == dict(otel.get_current())
            RunnableLambda(lambda text: text, name="consumer").invoke("hi")
    assert [("chat scripted-1", ["c"]), ("consumer", [])] * 2 == [
        (span.name, conversations_of(span)) for span in recording.spans
    ]


async def test_an_asynchronous_generator_can_be_decorated(recording: Recording) -> None:
    @langspan.context(conversation_id="c")
    async def answer(text: str) -> AsyncIterator[str]:
        for _ in range(2):
            yield (await StreamingChat().ainvoke(text)).text

    assert inspect.isasyncgenfunction(answer)
    with instrumented(recording):
        async for _ in answer("hi"):
            assert {} == dict(otel.get_current())
            await RunnableLambda(lambda text: text, name="consumer").ainvoke("hi")
    assert [("chat scripted-1", ["c"]), ("consumer", [])] * 2 == [
        (span.name, conversations_of(span)) for span in recording.spans
    ]


async def test_decorated_generators_take_what_is_sent_and_thrown() -> None:
    @langspan.context(conversation_id="c")
    def echo() -> Any:
        said = None
        while True:
            try:
                said = yield said
            except KeyError as error:
                said = repr(error)

    @langspan.context(conversation_id="c")
    async def aecho() -> Any:
        said = None
        while True:
            try:
                said = yield said
            except KeyError as error:
                said = repr(error)

    plain, other = echo(), aecho()
    assert [None, 1, "KeyError(2)"] == [next(plain), plain.send(1), plain.throw(KeyError(2))]
    assert [None, 1] == [await anext(other), await other.asend(1)]
    assert "KeyError(2)" == await other.athrow(KeyError(2))
    plain.close()
    await other.aclose()


def test_langchain_takes_a_decorated_generator_for_one(traced: Recording) -> None:
    @langspan.context(conversation_id="c")
    def split(texts: Iterator[str]) -> Iterator[str]:
        for text in texts:
            ScriptedChat().invoke(text)
            yield from text.split()

    assert ["a", "b"] == list(RunnableGenerator(split).stream("a b"))
    assert ["c"] == conversations_of(traced.named("chat scripted-1"))


def test_what_a_block_raises_passes_and_the_context_is_as_before(traced: Recording) -> None:
    with pytest.raises(KeyError), langspan.context(conversation_id="c"):
        raise KeyError
    assert {} == dict(otel.get_current())


async def test_a_block_that_is_left_in_a_foreign_context_changes_nothing_there() -> None:
    async def stream() -> AsyncIterator[int]:
        with langspan.context(conversation_id="c"):
            yield 1

    items = stream()
    await asyncio.create_task(anext(items))  # type: ignore[arg-type] # a coroutine
    await items.aclose()  # type: ignore[attr-defined] # it is a generator
    assert {} == dict(otel.get_current())


def test_one_block_serves_many_threads(traced: Recording) -> None:
    block = langspan.context(conversation_id="c")
    together = threading.Barrier(4)

    def work() -> None:
        with block:
            together.wait()
            ScriptedChat().invoke("hi")
        together.wait()
        assert {} == dict(otel.get_current())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [["c"]] * 4 == [conversations_of(span) for span in traced.spans]


# -- other processes


def _sent(**given: Any) -> dict[str, str]:
    """The headers of a request that an instrumented client makes inside a block."""
    headers: dict[str, str] = {}
    with langspan.context(**given):
        propagate.inject(headers)
    return headers


def _received(headers: dict[str, str], recording: Recording, **settings: Any) -> dict[str, Any]:
    """The attributes of a run of a server that gets a request with these headers."""
    server = contextvars.copy_context()
    server.run(otel.attach, propagate.extract(headers, otel.Context()))
    with instrumented(recording, **settings):
        server.run(ScriptedChat().invoke, "hi")
    return dict(recording.spans[-1].attributes)


EVERYTHING = {
    "conversation_id": "c ä,=;",
    "user_id": "u",
    "session_id": "s",
    "tags": ["a,b", "c d"],
    "metadata": {"plan": "free, é", "n": 7},
}


def test_by_default_nothing_is_sent() -> None:
    assert {} == _sent(**EVERYTHING)


def test_with_baggage_it_crosses_to_a_process_that_reads_it(recording: Recording) -> None:
    found = _received(
        _sent(**EVERYTHING, baggage=True), recording, read_baggage=True, metadata_keys=["plan", "n"]
    )
    assert ["c ä,=;", "u", "s"] == [
        found[name] for name in ("gen_ai.conversation.id", "user.id", "session.id")
    ]
    assert (("a,b", "c d"), "free, é", "7") == (
        found["langchain.tags"],
        found["langchain.metadata.plan"],
        found["langchain.metadata.n"],
    )


def test_a_process_that_does_not_ask_for_it_reads_nothing(recording: Recording) -> None:
    found = _received(_sent(**EVERYTHING, baggage=True), recording, metadata_keys=["plan"])
    names = {"gen_ai.conversation.id", "user.id", "session.id", "langchain.tags", "langchain.metadata.plan"}
    assert set() == names & set(found)


def test_a_block_of_the_reading_process_counts_before_what_was_sent(recording: Recording) -> None:
    headers = _sent(conversation_id="theirs", user_id="theirs", tags=["theirs"], baggage=True)
    server = contextvars.copy_context()
    server.run(otel.attach, propagate.extract(headers, otel.Context()))

    def handle() -> None:
        with langspan.context(user_id="ours", tags=["ours"]):
            _chain().invoke("hi")

    with instrumented(recording, read_baggage=True):
        server.run(handle)
    assert ({"theirs"}, {"ours"}) == (conversations(recording), values(recording, "user.id"))
    assert {("theirs", "ours")} == values(recording, "langchain.tags")


def test_baggage_of_others_is_left_alone(recording: Recording) -> None:
    found = _received({"baggage": "plan=free,user.id=,x=%zz"}, recording, read_baggage=True)
    assert set() == {"user.id", "langchain.tags"} & set(found)


# -- arguments


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"conversation_id": 1.5}, "conversation_id is of type float; pass a string"),
        ({"user_id": b"u"}, "user_id is of type bytes"),
        ({"session_id": True}, "session_id is of type bool"),
        ({"tags": "beta"}, "tags is not a list of strings"),
        ({"tags": [1]}, "tags is not a list of strings"),
        ({"tags": 1}, "tags is not a list of strings"),
        ({"metadata": []}, "metadata is not a mapping from strings"),
        ({"metadata": {1: 2}}, "metadata is not a mapping from strings"),
        ({"metadata": {"a\r\nx": 2}, "baggage": True}, "cannot be baggage"),
        (
            {"metadata": {"a": [1]}, "baggage": True},
            "is of type list; baggage takes strings and numbers only",
        ),
    ],
)
def test_a_bad_argument_is_named_with_the_fix(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        langspan.context(**given)


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_id_that_is_not_known_is_no_id(nothing: Any, traced: Recording) -> None:
    with langspan.context(conversation_id=nothing, user_id=nothing):
        ScriptedChat().invoke("hi")
    assert ({None}, {None}) == (conversations(traced), values(traced, "user.id"))
