"""Handlers of the application's own beside ours, that fail or are slow in the middle of an event."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from support.bad_handlers import CrashError, Crashing, CrashingInline, Slow
from support.cases import Case, Cases, check
from support.graphs import START_STATE, anode, line, node
from support.models import ScriptedChat, ScriptedLLM, ScriptedRetriever
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, failing, steps, words
from support.tools import adouble, double
from support.waiting import Gate, cancelled_at

cases = Cases()


def crashes(running: Any, event: str, value: Any = 1) -> None:
    with pytest.raises(CrashError):
        running.invoke(value, config={"callbacks": [Crashing(event)]})


async def acrashes(running: Any, event: str, value: Any = 1, kind: type = Crashing) -> None:
    with pytest.raises(CrashError):
        await running.ainvoke(value, config={"callbacks": [kind(event)]})


@cases("")
def before_we_hear_of_a_start(probe: Probe) -> None:
    crashes(steps(probe, "a"), "on_chain_start")


@cases("""
    a (error support.bad_handlers.CrashError)
""")
async def after_we_heard_of_a_start(probe: Probe) -> None:
    await acrashes(asteps(probe, "a"), "on_chain_start")


@cases("""
    RunnableSequence (error support.bad_handlers.CrashError)
      a
        http
      b (error support.bad_handlers.CrashError)
""")
def in_the_start_of_a_step_with_callbacks_of_its_own(probe: Probe) -> None:
    chain = steps(probe, "a") | steps(probe, "b").with_config(callbacks=[Crashing("on_chain_start")])
    with pytest.raises(CrashError):
        chain.invoke(1)


@cases("""
    a (error support.bad_handlers.CrashError)
      http
""")
def in_the_end_of_a_chain(probe: Probe) -> None:
    crashes(steps(probe, "a"), "on_chain_end")


@cases()
async def in_the_end_of_a_chain_async(probe: Probe) -> None:
    await acrashes(asteps(probe, "a"), "on_chain_end", kind=CrashingInline)


@cases("""
    a
      http
""")
async def in_the_end_of_a_chain_after_we_heard_of_it(probe: Probe) -> None:
    await acrashes(asteps(probe, "a"), "on_chain_end")


@cases("""
    RunnableSequence (error support.bad_handlers.CrashError)
      a (error support.bad_handlers.CrashError)
        http
""")
def in_the_end_of_each_step(probe: Probe) -> None:
    crashes(steps(probe, "a", "b"), "on_chain_end")


@cases("""
    a (error support.bad_handlers.CrashError)
      http
""")
def in_the_error_of_a_chain(probe: Probe) -> None:
    crashes(RunnableLambda(probe.step("a", failing(1))), "on_chain_error")


@cases("""
    words (error support.bad_handlers.CrashError)
      http
      http
""")
def in_the_end_of_a_stream(probe: Probe) -> None:
    with pytest.raises(CrashError):
        probe.consume(words(probe).stream(None, config={"callbacks": [Crashing("on_chain_end")]}))


@cases()
async def in_the_end_of_a_stream_async(probe: Probe) -> None:
    handler = CrashingInline("on_chain_end")
    with pytest.raises(CrashError):
        await probe.aconsume(words(probe).astream(None, config={"callbacks": [handler]}))


@cases("")
def before_we_hear_of_a_model(probe: Probe) -> None:
    crashes(ScriptedChat(body=probe), "on_chat_model_start", "hi")


@cases("""
    RunnableSequence (error support.bad_handlers.CrashError)
      a
        http
      chat scripted-1 (error support.bad_handlers.CrashError)
""")
def after_we_heard_of_a_model(probe: Probe) -> None:
    model = ScriptedChat(body=probe, callbacks=[Crashing("on_chat_model_start")])
    with pytest.raises(CrashError):
        (steps(probe, "a") | model).invoke("hi")


@cases("""
    chat scripted-1 (error support.bad_handlers.CrashError)
      http
""")
def in_the_end_of_a_model(probe: Probe) -> None:
    crashes(ScriptedChat(body=probe), "on_llm_end", "hi")


@cases()
async def in_the_end_of_a_model_async(probe: Probe) -> None:
    await acrashes(ScriptedChat(body=probe), "on_llm_end", "hi", CrashingInline)


@cases("""
    text_completion scripted-llm (error support.bad_handlers.CrashError)
      http
""")
def in_the_end_of_a_completion(probe: Probe) -> None:
    crashes(ScriptedLLM(body=probe), "on_llm_end", "hi")


@cases("""
    execute_tool double (error support.bad_handlers.CrashError)
      http
""")
def in_the_end_of_a_tool(probe: Probe) -> None:
    crashes(double(probe), "on_tool_end", {"number": 1})


@cases()
async def in_the_end_of_a_tool_async(probe: Probe) -> None:
    await acrashes(adouble(probe), "on_tool_end", {"number": 1}, CrashingInline)


@cases()
def in_the_error_of_a_tool(probe: Probe) -> None:
    crashes(double(probe, ValueError("no")), "on_tool_error", {"number": 1})


@cases("""
    retrieval ScriptedRetriever (error support.bad_handlers.CrashError)
      http
""")
def in_the_end_of_a_retriever(probe: Probe) -> None:
    crashes(ScriptedRetriever(body=probe), "on_retriever_end", "?")


@cases()
async def in_the_end_of_a_retriever_async(probe: Probe) -> None:
    await acrashes(ScriptedRetriever(body=probe), "on_retriever_end", "?", CrashingInline)


@cases("""
    a (cancelled)
""")
async def cancelled_while_somebody_hears_of_a_start(probe: Probe) -> None:
    gate = Gate()
    config = {"callbacks": [Slow("on_chain_start", gate)]}
    await cancelled_at(gate, asteps(probe, "a").ainvoke(1, config=config))


@cases("""
    words (cancelled)
""")
async def cancelled_while_somebody_hears_of_a_stream(probe: Probe) -> None:
    gate = Gate()
    stream = words(probe).astream(None, config={"callbacks": [Slow("on_chain_start", gate)]})
    await cancelled_at(gate, anext(stream))


@cases("""
    a
      http
""")
async def cancelled_while_somebody_hears_of_an_end(probe: Probe) -> None:
    gate = Gate()
    config = {"callbacks": [Slow("on_chain_end", gate)]}
    await cancelled_at(gate, asteps(probe, "a").ainvoke(1, config=config))
    gate.opened.set()


@cases("""
    chat scripted-1 (cancelled)
""")
async def cancelled_while_somebody_hears_of_a_model(probe: Probe) -> None:
    gate = Gate()
    config = {"callbacks": [Slow("on_chat_model_start", gate)]}
    await cancelled_at(gate, ScriptedChat(body=probe).ainvoke("hi", config=config))


@cases("""
    chat scripted-1
      http
""")
async def cancelled_while_somebody_hears_of_a_models_end(probe: Probe) -> None:
    gate = Gate()
    config = {"callbacks": [Slow("on_llm_end", gate)]}
    await cancelled_at(gate, ScriptedChat(body=probe).ainvoke("hi", config=config))
    gate.opened.set()


@cases("""
    execute_tool double (cancelled)
""")
async def cancelled_while_somebody_hears_of_a_tool(probe: Probe) -> None:
    gate = Gate()
    config = {"callbacks": [Slow("on_tool_start", gate)]}
    await cancelled_at(gate, adouble(probe).ainvoke({"number": 1}, config=config))


@cases("""
    words (cancelled)
""")
async def events_closed_after_the_first(probe: Probe) -> None:
    stream = words(probe).astream_events(None, version="v2")
    await probe.afirst(stream)
    await stream.aclose()


@cases("""
    invoke_workflow (error support.bad_handlers.CrashError)
      node a (error support.bad_handlers.CrashError)
        http
""")
def in_the_end_of_a_graph(probe: Probe) -> None:
    crashes(line(node(probe, "a")), "on_chain_end", START_STATE)


@cases()
async def in_the_end_of_a_graph_async(probe: Probe) -> None:
    await acrashes(line(anode(probe, "a")), "on_chain_end", START_STATE, CrashingInline)


@cases("""
    invoke_workflow (cancelled)
""")
async def cancelled_while_somebody_hears_of_a_graph(probe: Probe) -> None:
    gate = Gate()
    config = {"callbacks": [Slow("on_chain_start", gate)]}
    await cancelled_at(gate, line(anode(probe, "a")).ainvoke(START_STATE, config=config))


@cases()
async def graph_events_closed_after_the_first(probe: Probe) -> None:
    stream = line(anode(probe, "a")).astream_events(START_STATE, version="v2")
    await probe.afirst(stream)
    await stream.aclose()


@cases.each
def test_a_run_ends_whatever_other_handlers_do(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
