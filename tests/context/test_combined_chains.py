"""Chains that call chains: retries, fallbacks, generators, groups, steps that run others in their body."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.callbacks.manager import atrace_as_chain_group, trace_as_chain_group
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RouterRunnable, RunnableLambda, chain

from support.cases import Case, Cases, check
from support.models import ScriptedChat
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, failing, shout, steps

cases = Cases()


@cases("""
    a
      a
        http
      a (error ValueError)
        http
""")
def retry_invoke(probe: Probe) -> None:
    RunnableLambda(probe.step("a", failing(1))).with_retry(wait_exponential_jitter=False).invoke(1)


@cases()
async def retry_ainvoke(probe: Probe) -> None:
    await RunnableLambda(probe.astep("a", failing(1))).with_retry(wait_exponential_jitter=False).ainvoke(1)


@cases("""
    a
      a
        http
    a
      a
        http
      a (error ValueError)
        http
""")
def retry_batch(probe: Probe) -> None:
    flaky = RunnableLambda(probe.step("a", failing(1))).with_retry(wait_exponential_jitter=False)
    flaky.batch([1, 2], config={"max_concurrency": 1})


def fallback(probe: Probe) -> Any:
    return RunnableLambda(probe.step("a", failing(9))).with_fallbacks([RunnableLambda(probe.step("b"))])


@cases("""
    RunnableWithFallbacks
      a (error ValueError)
        http
      b
        http
""")
def fallbacks_invoke(probe: Probe) -> None:
    fallback(probe).invoke(1)


@cases()
async def fallbacks_ainvoke(probe: Probe) -> None:
    await fallback(probe).ainvoke(1)


@cases("""
    RunnableWithFallbacks
      a (error ValueError)
        http
      b
        http
    RunnableWithFallbacks
      a (error ValueError)
        http
      b
        http
""")
def fallbacks_batch(probe: Probe) -> None:
    fallback(probe).batch([1, 2], config={"max_concurrency": 1})


@cases()
async def fallbacks_abatch(probe: Probe) -> None:
    await fallback(probe).abatch([1, 2], config={"max_concurrency": 1})


@cases("""
    RunnableWithFallbacks
      a (error ValueError)
        http
      b
        http
""")
def fallbacks_with_the_users_callbacks(probe: Probe) -> None:
    fallback(probe).invoke(1, config={"callbacks": [BaseCallbackHandler()]})


@cases()
async def fallbacks_with_the_users_callbacks_async(probe: Probe) -> None:
    await fallback(probe).ainvoke(1, config={"callbacks": [BaseCallbackHandler()]})


@cases("""
    shout
      http
""")
def generator_invoke(probe: Probe) -> None:
    shout(probe).invoke("a")


@cases()
async def generator_ainvoke(probe: Probe) -> None:
    await shout(probe).ainvoke("a")


@cases("""
    outer
      http
      inner
        http
""")
def a_step_that_returns_a_chain(probe: Probe) -> None:
    inner = RunnableLambda(probe.step("inner"))
    RunnableLambda(probe.step("outer", lambda _: inner)).invoke(1)


@cases()
async def a_step_that_returns_a_chain_async(probe: Probe) -> None:
    inner = RunnableLambda(probe.astep("inner"))
    await RunnableLambda(probe.astep("outer", lambda _: inner)).ainvoke(1)


@cases("""
    outer
      http
        inner
          http
""")
def a_step_that_calls_a_chain_inside_a_span_of_its_own(probe: Probe) -> None:
    RunnableLambda(probe.step("outer", steps(probe, "inner").invoke)).invoke(1)


@cases()
def a_step_that_calls_a_chain_with_callbacks_of_its_own(probe: Probe) -> None:
    def call(value: Any) -> Any:
        return steps(probe, "inner").invoke(value, config={"callbacks": [BaseCallbackHandler()]})

    RunnableLambda(probe.step("outer", call)).invoke(1)


@cases("""
    greet
      http
        inner
          http
""")
async def a_decorated_function(probe: Probe) -> None:
    @chain
    async def greet(name: str) -> str:
        with probe.start_as_current_span():
            return await asteps(probe, "inner").ainvoke(name)

    await greet.ainvoke("you")


@cases("""
    RunnableSequence
      ChatPromptTemplate
      StrOutputParser
      chat scripted-1
        http
""")
def prompt_model_parser(probe: Probe) -> None:
    prompt = ChatPromptTemplate.from_template("{question}")
    (prompt | ScriptedChat(body=probe) | StrOutputParser()).invoke({"question": "?"})


@cases()
async def prompt_model_parser_async(probe: Probe) -> None:
    prompt = ChatPromptTemplate.from_template("{question}")
    await (prompt | ScriptedChat(body=probe) | StrOutputParser()).ainvoke({"question": "?"})


@cases("""
    b
      http
""")
def router(probe: Probe) -> None:
    RouterRunnable({"x": steps(probe, "a"), "y": steps(probe, "b")}).invoke({"key": "y", "input": 1})


@cases("""
    a
      http
""")
def listeners(probe: Probe) -> None:
    steps(probe, "a").with_listeners(on_end=lambda run: None).invoke(1)


@cases("""
    group
      a
        http
""")
def chain_group(probe: Probe) -> None:
    with trace_as_chain_group("group") as manager:
        steps(probe, "a").invoke(1, config={"callbacks": manager})
        manager.on_chain_end({})


@cases()
async def chain_group_async(probe: Probe) -> None:
    async with atrace_as_chain_group("group") as manager:
        await asteps(probe, "a").ainvoke(1, config={"callbacks": manager})
        await manager.on_chain_end({})


@cases("""
    group (error ValueError)
      a (error ValueError)
        http
""")
def chain_group_that_fails(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"), trace_as_chain_group("group") as manager:
        RunnableLambda(probe.step("a", failing(1))).invoke(1, config={"callbacks": manager})


@cases("""
    RunnableSequence (error ValueError)
      a
        http
      b (error ValueError)
        http
""")
def a_failing_step(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        (steps(probe, "a") | RunnableLambda(probe.step("b", failing(1)))).invoke(1)


@cases()
async def a_failing_step_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await (asteps(probe, "a") | RunnableLambda(probe.astep("b", failing(1)))).ainvoke(1)


@cases.each
def test_a_nested_chain_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
