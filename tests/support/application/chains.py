"""Chains, tools and retrievers of an application, in every way they are run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.callbacks.manager import dispatch_custom_event
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableParallel
from langchain_core.tools import ToolException, tool

import langspan
from support.application.waiting import cancelled, wait_for_ever
from support.models import ScriptedChat, ScriptedLLM, ScriptedRetriever, StreamingChat

QUESTION = {"question": "why?"}
NOT_SAMPLED = "not sampled"
"""Traces of this name are left out, where there is a sampler that does so."""


def _chain(model: Any = None) -> Any:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "{question}")])
    return prompt | (model or StreamingChat(answers=("a b c",))) | StrOutputParser()


def chain_invoke(config: Any) -> Any:
    return _chain().invoke(QUESTION, config)


async def chain_ainvoke(config: Any) -> Any:
    return await _chain().ainvoke(QUESTION, config)


def chain_stream(config: Any) -> Any:
    return _chain().stream(QUESTION, config)


def chain_astream(config: Any) -> Any:
    return _chain().astream(QUESTION, config)


async def chain_astream_events(config: Any) -> Any:
    return [event["event"] async for event in _chain().astream_events(QUESTION, config, version="v2")]


def chain_batch(config: Any) -> Any:
    return _chain().batch([QUESTION, QUESTION], config)


async def chain_abatch(config: Any) -> Any:
    return await _chain().abatch([QUESTION, QUESTION], config)


def batch_whose_configs_name_their_users(config: Any) -> Any:
    configs: list[Any] = [{**config, "configurable": {"thread_id": f"thread-{number}"}} for number in (1, 2)]
    chain = RunnableLambda(str) | RunnableLambda(str)
    return [chain.batch(["why?", "how?"], configs), ScriptedLLM().batch(["why?"], configs[:1])]


async def batch_whose_config_names_its_user(config: Any) -> Any:
    config = {**config, "configurable": {"thread_id": "thread-1", "user_id": "user-1"}}
    return await (RunnableLambda(str) | RunnableLambda(str)).abatch(["why?", "how?"], config)


def chain_whose_config_names_its_user(config: Any) -> Any:
    """The metadata does not."""
    config = {**config, "configurable": {"thread_id": "thread-1", "user_id": "user-1"}}
    return RunnableLambda(str).invoke("why?", config)


def chain_in_blocks(config: Any) -> Any:
    """Blocks give it what its config does not say, and so does the baggage."""
    given: Any = {"conversation_id": "thread-1", "user_id": "user-1", "session_id": "s", "tags": ["a", "b"]}
    with (
        langspan.context(**given, metadata={"plan": "free"}, baggage=True),
        langspan.context(user_id="user-2"),
    ):
        return _chain().invoke(QUESTION, config)


def generator_in_a_block(config: Any) -> Any:
    @langspan.context(user_id="user-1")
    def answers() -> Any:
        for _ in range(2):
            yield _chain().invoke(QUESTION, config)

    return list(answers())


async def generator_in_a_block_async(config: Any) -> Any:
    @langspan.context(user_id="user-1")
    async def answers() -> Any:
        for _ in range(2):
            yield await _chain().ainvoke(QUESTION, config)

    return [answer async for answer in answers()]


def chain_that_is_judged(config: Any) -> Any:
    def judge(answer: str) -> str:
        langspan.record_evaluation("relevance", score=1, label="pass", explanation="It answers.")
        return answer

    return (_chain() | judge).invoke(QUESTION, config)


def chain_fails(config: Any) -> Any:
    return _chain(ScriptedChat(fails_with=ValueError("no"))).invoke(QUESTION, config)


def chain_is_busy(config: Any) -> Any:
    """A body that tells everything a body can tell."""

    def body(_input: Any, run_manager: Any) -> Any:
        run_manager.on_text("text")
        run_manager.on_retry(None)
        run_manager.on_agent_action(None)
        run_manager.on_agent_finish(None)
        dispatch_custom_event("progress", {"done": 1})
        return "x"

    hidden: Runnable[Any, Any] = RunnableLambda(lambda _: "y").with_config(tags=["langsmith:hidden"])
    return RunnableParallel(a=RunnableLambda(body), b=hidden).invoke("x", config)


def chain_continued_when_it_is_over(config: Any) -> Any:
    """A step runs under a run that has ended."""
    kept: list[Any] = []

    def body(_input: Any, config: RunnableConfig) -> None:
        kept.append(config)

    RunnableLambda(body).invoke("x", config)
    return RunnableLambda(lambda text: text).invoke("y", kept[0])


def chain_not_sampled(config: Any) -> Any:
    steps = RunnableLambda(lambda text: text) | RunnableLambda(lambda text: text)
    return steps.with_config(run_name=NOT_SAMPLED).invoke("x", config)


class FailingListener(BaseCallbackHandler):
    """A handler that the application wants to hear of if it fails."""

    raise_error = True

    def on_chain_end(self, *_args: Any, **_kwargs: Any) -> None:
        raise ValueError("listener")


def chain_with_a_failing_listener(config: Any) -> Any:
    config = {**config, "callbacks": [FailingListener(), *config["callbacks"]]}
    return RunnableLambda(lambda text: text).invoke("x", config)


async def chain_with_a_failing_listener_async(config: Any) -> Any:
    config = {**config, "callbacks": [FailingListener(), *config["callbacks"]]}
    return await RunnableLambda(lambda text: text).ainvoke("x", config)


def _with_fallbacks() -> Any:
    return StreamingChat(fails_with=ValueError("no")).with_fallbacks([StreamingChat(answers=("a b",))])


def fallbacks_invoke(config: Any) -> Any:
    return _with_fallbacks().invoke("x", config)


async def fallbacks_ainvoke(config: Any) -> Any:
    return await _with_fallbacks().ainvoke("x", config)


def fallbacks_stream(config: Any) -> Any:
    return _with_fallbacks().stream("x", config)


def fallbacks_astream(config: Any) -> Any:
    return _with_fallbacks().astream("x", config)


# -- tools


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def fail(a: int) -> int:
    """Fail at once."""
    raise ValueError(f"no {a}")


@tool
def refuse(a: int) -> int:
    """Fail in a way that is told to the model."""
    raise ToolException(f"no {a}")


@tool
async def wait(a: int) -> None:
    """Never return."""
    await wait_for_ever()


def tool_invoke(config: Any) -> Any:
    call = {"name": "add", "args": {"a": 1, "b": 2}, "id": "c1", "type": "tool_call"}
    return add.invoke(call, config)


async def tool_ainvoke(config: Any) -> Any:
    return await add.ainvoke({"a": 1, "b": 2}, config)


def tool_fails(config: Any) -> Any:
    return fail.invoke({"a": 1}, config)


def tool_fails_handled(config: Any) -> Any:
    handling = refuse.model_copy(update={"handle_tool_error": True})
    call = {"name": "refuse", "args": {"a": 1}, "id": "c1", "type": "tool_call"}
    return handling.invoke(call, config)


async def tool_cancelled(config: Any) -> Any:
    return await cancelled(wait.ainvoke({"a": 1}, config))


# -- retrievers


class WaitingRetriever(ScriptedRetriever):
    async def _aget_relevant_documents(self, query: str, *, run_manager: Any = None) -> Any:
        await wait_for_ever()


def retriever_invoke(config: Any) -> Any:
    return ScriptedRetriever().invoke("x", config)


async def retriever_ainvoke(config: Any) -> Any:
    return await ScriptedRetriever().ainvoke("x", config)


def retriever_fails(config: Any) -> Any:
    return ScriptedRetriever(fails_with=ValueError("no")).invoke("x", config)


async def retriever_cancelled(config: Any) -> Any:
    return await cancelled(WaitingRetriever().ainvoke("x", config))


def retriever_defined_late(config: Any) -> Any:
    """A class that did not exist when instrumentation began, with an override of what is patched."""

    class LateRetriever(BaseRetriever):
        def invoke(self, *args: Any, **kwargs: Any) -> Any:
            return super().invoke(*args, **kwargs)

        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
            return [Document("x", metadata={"score": Decimal("0.5")})]

    return LateRetriever().invoke("x", config)


SCENARIOS = (
    chain_invoke,
    chain_ainvoke,
    chain_stream,
    chain_astream,
    chain_astream_events,
    chain_batch,
    chain_abatch,
    batch_whose_configs_name_their_users,
    batch_whose_config_names_its_user,
    chain_whose_config_names_its_user,
    chain_in_blocks,
    generator_in_a_block,
    generator_in_a_block_async,
    chain_that_is_judged,
    chain_fails,
    chain_is_busy,
    chain_continued_when_it_is_over,
    chain_not_sampled,
    chain_with_a_failing_listener,
    chain_with_a_failing_listener_async,
    fallbacks_invoke,
    fallbacks_ainvoke,
    fallbacks_stream,
    fallbacks_astream,
    tool_invoke,
    tool_ainvoke,
    tool_fails,
    tool_fails_handled,
    tool_cancelled,
    retriever_invoke,
    retriever_ainvoke,
    retriever_fails,
    retriever_cancelled,
    retriever_defined_late,
)
