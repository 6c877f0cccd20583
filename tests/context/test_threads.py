"""Threads, executors and tasks: the span goes along wherever Python or LangChain takes the context along."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.runnables.config import ContextThreadPoolExecutor, run_in_executor

from support.cases import Case, Cases, check
from support.graphs import START_STATE, anode, line, node
from support.models import ScriptedChat, StreamingChat
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, steps, words
from support.threads import in_a_thread, threads_instrumented

cases = Cases()


def ask(probe: Probe) -> Any:
    return ScriptedChat(body=probe).invoke("hi").content


async def aask(probe: Probe) -> Any:
    return (await ScriptedChat(body=probe).ainvoke("hi")).content


@cases("""
    step
      http
        chat scripted-1
          http
""")
def langchains_executor(probe: Probe) -> None:
    def work(_: Any) -> Any:
        with ContextThreadPoolExecutor() as executor:
            return executor.submit(ask, probe).result()

    RunnableLambda(probe.step("step", work)).invoke(1)


@cases("""
    step
      http
        chat scripted-1
          http
        chat scripted-1
          http
""")
def langchains_executor_map(probe: Probe) -> None:
    def work(_: Any) -> Any:
        with ContextThreadPoolExecutor() as executor:
            return list(executor.map(ask, [probe, probe]))

    RunnableLambda(probe.step("step", work)).invoke(1)


@cases("""
    work
      http
        chat scripted-1
          http
""")
async def to_thread(probe: Probe) -> None:
    async def work(_: Any) -> Any:
        with probe.start_as_current_span():
            return await asyncio.to_thread(ask, probe)

    await RunnableLambda(work).ainvoke(1)


@cases()
async def langchains_run_in_executor(probe: Probe) -> None:
    async def work(_: Any) -> Any:
        with probe.start_as_current_span():
            return await run_in_executor(None, ask, probe)

    await RunnableLambda(work).ainvoke(1)


@cases("""
    step
      http
        chat scripted-1
          http
""")
def a_thread_with_a_copy_of_the_context(probe: Probe) -> None:
    def work(_: Any) -> None:
        in_a_thread(contextvars.copy_context().run, ask, probe)

    RunnableLambda(probe.step("step", work)).invoke(1)


@cases("""
    work
      chat scripted-1
        http
      http
""")
def a_plain_thread_with_the_config(probe: Probe) -> None:
    def work(_: Any, config: RunnableConfig) -> None:
        with probe.start_as_current_span():
            in_a_thread(ScriptedChat(body=probe).invoke, "hi", config)

    RunnableLambda(work).invoke(1)


@cases("""
    step
      http
        chat scripted-1
          http
""")
def a_plain_thread_instrumented(probe: Probe) -> None:
    with threads_instrumented():
        RunnableLambda(probe.step("step", lambda _: in_a_thread(ask, probe))).invoke(1)


@cases()
def a_plain_executor_instrumented(probe: Probe) -> None:
    def work(_: Any) -> Any:
        with ThreadPoolExecutor() as executor:
            return executor.submit(ask, probe).result()

    with threads_instrumented():
        RunnableLambda(probe.step("step", work)).invoke(1)


@cases("""
    work
      http
        chat scripted-1
          http
""")
async def threads_of_the_event_loop_instrumented(probe: Probe) -> None:
    async def work(_: Any) -> Any:
        with probe.start_as_current_span():
            return await asyncio.get_running_loop().run_in_executor(None, ask, probe)

    with threads_instrumented():
        await RunnableLambda(work).ainvoke(1)


@cases("""
    invoke_workflow
      node a
        http
      node b
        http
""")
async def a_graph_with_instrumented_threads(probe: Probe) -> None:
    with threads_instrumented():
        await line(node(probe, "a"), anode(probe, "b")).ainvoke(START_STATE)


@cases("""
    RunnableSequence
      a
        http
      b
        http
    RunnableSequence
      a
        http
      b
        http
""")
def a_batch_with_instrumented_threads(probe: Probe) -> None:
    with threads_instrumented():
        steps(probe, "a", "b").batch([1, 2])


@cases("""
    step
      http
        chat scripted-1
          http
""")
def an_event_loop_of_its_own(probe: Probe) -> None:
    RunnableLambda(probe.step("step", lambda _: asyncio.run(aask(probe)))).invoke(1)


@cases("""
    work
      http
        chat scripted-1
          http
""")
async def a_task_of_its_own(probe: Probe) -> None:
    async def work(_: Any) -> Any:
        with probe.start_as_current_span():
            return await asyncio.create_task(aask(probe))

    await RunnableLambda(work).ainvoke(1)


@cases("""
    work
      chat scripted-1
        http
""")
async def a_task_that_outlives_its_run(probe: Probe) -> None:
    over, tasks = asyncio.Event(), []

    async def later() -> None:
        await over.wait()
        await aask(probe)

    async def work(_: Any) -> None:
        tasks.append(asyncio.create_task(later()))

    await RunnableLambda(work).ainvoke(1)
    probe.look("when the run is over")
    over.set()
    await tasks[0]


@cases("""
    invoke_workflow
      node a
        http
          late
            chat scripted-1
              http
""")
async def a_task_that_outlives_its_graph(probe: Probe) -> None:
    over, tasks = asyncio.Event(), []

    async def later() -> None:
        await over.wait()
        with probe.start_as_current_span("late"):
            await aask(probe)

    def work(_: Any) -> Any:
        tasks.append(asyncio.create_task(later()))
        return {"seen": []}

    await line(anode(probe, "a", work)).ainvoke(START_STATE)
    over.set()
    await tasks[0]


@cases("""
    work
      chat scripted-1
        http
""")
async def a_thread_that_outlives_its_run(probe: Probe) -> None:
    over, threads = threading.Event(), []

    def later() -> None:
        over.wait()
        ask(probe)

    async def work(_: Any) -> None:
        threads.append(asyncio.ensure_future(asyncio.to_thread(later)))

    await RunnableLambda(work).ainvoke(1)
    over.set()
    await threads[0]


@cases()
def a_config_that_outlives_its_run(probe: Probe) -> None:
    kept: list[Any] = []
    RunnableLambda(lambda _, config: kept.append(config), name="work").invoke(1)
    ScriptedChat(body=probe).invoke("hi", kept[0])


@cases("""
    words
      http
      http
""")
def a_stream_that_changes_threads(probe: Probe) -> None:
    stream = words(probe).stream(None)
    probe.first(stream)
    in_a_thread(list, stream)


@cases("""
    chat scripted-1
      http
      http
      http
""")
def a_model_stream_that_changes_threads(probe: Probe) -> None:
    stream = StreamingChat(body=probe, answers=("a b",)).stream("hi")
    probe.first(stream)
    in_a_thread(list, stream)


@cases("""
    words
      http
      http
""")
async def a_stream_that_changes_tasks(probe: Probe) -> None:
    stream = words(probe).astream(None)
    await asyncio.create_task(probe.afirst(stream))
    await asyncio.create_task(probe.aconsume(stream))


ONE_OF_MANY = """
    RunnableSequence
      a
        http
      chat scripted-1
        http
"""


@cases(ONE_OF_MANY * 25)
async def many_runs_at_once(probe: Probe) -> None:
    chain = asteps(probe, "a") | ScriptedChat(body=probe)
    await asyncio.gather(*(chain.ainvoke("hi") for _ in range(25)))


@cases(ONE_OF_MANY * 25)
def many_runs_in_threads(probe: Probe) -> None:
    chain = steps(probe, "a") | ScriptedChat(body=probe)
    with ContextThreadPoolExecutor(8) as executor:
        list(executor.map(chain.invoke, ["hi"] * 25))


@cases.each
def test_a_span_goes_along_with_its_context(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)


def test_a_plain_thread_starts_a_trace_of_its_own(traced: Recording) -> None:
    """Python gives a new thread no context; only an instrumentation of threads can."""
    probe = Probe(traced)
    RunnableLambda(probe.step("step", lambda _: in_a_thread(ask, probe))).invoke(1)

    assert ["chat scripted-1", "chat scripted-1/http", "step", "step/http"] == traced.paths()
    assert 2 == len(traced.trace_ids())
