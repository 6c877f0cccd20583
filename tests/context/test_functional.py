"""LangGraph's functional API: entry points and tasks."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.types import Command, RetryPolicy, interrupt

from support.cases import Case, Cases, check
from support.graphs import START_STATE, line, node
from support.models import ScriptedChat
from support.probe import Probe
from support.recording import Recording
from support.steps import failing
from support.waiting import Gate, cancelled_at, waiting_step

cases = Cases()


def flow(probe: Probe, *tasks: Any, **options: Any) -> Any:
    """An entry point that runs tasks at once and waits for all of them."""

    @entrypoint(**options)
    def flow(value: int) -> list[Any]:
        with probe.start_as_current_span():
            futures = [each(value) for each in tasks]
            return [future.result() for future in futures]

    return flow


def aflow(probe: Probe, *tasks: Any, **options: Any) -> Any:
    @entrypoint(**options)
    async def flow(value: int) -> list[Any]:
        with probe.start_as_current_span():
            futures = [each(value) for each in tasks]
            return [await future for future in futures]

    return flow


@cases("""
    invoke_workflow flow
      node flow
        http
""")
def invoke(probe: Probe) -> None:
    flow(probe).invoke(1)


@cases()
async def ainvoke(probe: Probe) -> None:
    await aflow(probe).ainvoke(1)


@cases("""
    invoke_workflow flow
      node flow
        http
          node a
            http
          node b
            http
""")
def two_tasks(probe: Probe) -> None:
    flow(probe, task(probe.step("a")), task(probe.step("b"))).invoke(1)


@cases()
async def two_tasks_async(probe: Probe) -> None:
    await aflow(probe, task(probe.astep("a")), task(probe.astep("b"))).ainvoke(1)


@cases()
async def sync_tasks_async(probe: Probe) -> None:
    await aflow(probe, task(probe.step("a")), task(probe.step("b"))).ainvoke(1)


@cases("""
    invoke_workflow flow
      node flow
        http
          node a
            http
              chat scripted-1
                http
""")
def a_model_in_a_task(probe: Probe) -> None:
    flow(probe, task(probe.step("a", ScriptedChat(body=probe).invoke))).invoke("hi")


@cases("""
    invoke_workflow flow
      node flow
        http
          node outer
            http
              node inner
                http
""")
def a_task_in_a_task(probe: Probe) -> None:
    inner = task(probe.step("inner"))
    flow(probe, task(probe.step("outer", lambda value: inner(value).result()))).invoke(1)


@cases("""
    invoke_workflow flow
      node flow
        http
          node a
            http
              invoke_workflow graph
                node deep
                  http
""")
def a_graph_in_a_task(probe: Probe) -> None:
    graph = line(node(probe, "deep"), name="graph")
    flow(probe, task(probe.step("a", lambda _: graph.invoke(START_STATE)))).invoke(1)


@cases("""
    invoke_workflow flow
      node flow
        http
          node a
            http
          node a (error ValueError)
            http
""")
def task_retries(probe: Probe) -> None:
    policy = RetryPolicy(initial_interval=0, jitter=False, retry_on=ValueError)
    flow(probe, task(probe.step("a", failing(1)), retry_policy=policy)).invoke(1)


@cases("""
    invoke_workflow flow (error ValueError)
      node flow (error ValueError)
        http
          node a (error ValueError)
            http
""")
def a_failing_task(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        flow(probe, task(probe.step("a", failing(1)))).invoke(1)


@cases()
async def a_failing_task_async(probe: Probe) -> None:
    with pytest.raises(ValueError, match="no"):
        await aflow(probe, task(probe.astep("a", failing(1)))).ainvoke(1)


@cases("""
    invoke_workflow flow (cancelled)
      node flow (cancelled)
        http
          node wait (cancelled)
            http
""")
async def a_cancelled_task(probe: Probe) -> None:
    gate = Gate()
    await cancelled_at(gate, aflow(probe, task(waiting_step(probe, gate))).ainvoke(1))


@cases("""
    invoke_workflow flow
      node flow
        http
          node a
            http
""")
def stream(probe: Probe) -> None:
    probe.consume(flow(probe, task(probe.step("a"))).stream(1))


@cases()
async def astream(probe: Probe) -> None:
    await probe.aconsume(aflow(probe, task(probe.astep("a"))).astream(1))


@cases("""
    invoke_workflow flow
      node flow
        http
          node ask
            http
    invoke_workflow flow (interrupted)
      node flow (interrupted)
        http
          node ask (interrupted)
            http
""")
def interrupt_and_resume(probe: Probe) -> None:
    flow_ = flow(probe, task(probe.step("ask", interrupt)), checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    flow_.invoke(1, config)
    probe.look("while interrupted")
    flow_.invoke(Command(resume="yes"), config)


@cases()
async def interrupt_and_resume_async(probe: Probe) -> None:
    flow_ = aflow(probe, task(probe.astep("ask", interrupt)), checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    await flow_.ainvoke(1, config)
    probe.look("while interrupted")
    await flow_.ainvoke(Command(resume="yes"), config)


@cases.each
def test_a_task_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
