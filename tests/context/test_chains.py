"""Chains: each step's span is current in the step's own code, and nowhere else."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel, RunnablePassthrough

from support.cases import Case, Cases, check
from support.probe import Probe
from support.recording import Recording
from support.steps import asteps, steps

cases = Cases()


@cases("""
    a
      http
""")
def invoke(probe: Probe) -> None:
    steps(probe, "a").invoke(1)


@cases()
async def ainvoke(probe: Probe) -> None:
    await asteps(probe, "a").ainvoke(1)


@cases()
async def ainvoke_of_a_sync_function(probe: Probe) -> None:
    await steps(probe, "a").ainvoke(1)


@cases("""
    RunnableSequence
      a
        http
      b
        http
""")
async def invoke_on_an_event_loop(probe: Probe) -> None:
    steps(probe, "a", "b").invoke(1)


@cases()
def sequence_invoke(probe: Probe) -> None:
    steps(probe, "a", "b").invoke(1)


@cases()
async def sequence_ainvoke(probe: Probe) -> None:
    await asteps(probe, "a", "b").ainvoke(1)


@cases("""
    a
      http
    a
      http
    a
      http
""")
async def three_runs_in_one_task(probe: Probe) -> None:
    for value in range(3):
        await asteps(probe, "a").ainvoke(value)
        probe.look("between two runs")


@cases("""
    a
      http
    a
      http
""")
def batch(probe: Probe) -> None:
    steps(probe, "a").batch([1, 2])


@cases()
async def abatch(probe: Probe) -> None:
    await asteps(probe, "a").abatch([1, 2])


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
def sequence_batch(probe: Probe) -> None:
    steps(probe, "a", "b").batch([1, 2])


@cases()
async def sequence_abatch(probe: Probe) -> None:
    await asteps(probe, "a", "b").abatch([1, 2], config={"max_concurrency": 1})


@cases("""
    a
      http
    a
      http
""")
def batch_as_completed(probe: Probe) -> None:
    probe.consume(steps(probe, "a").batch_as_completed([1, 2]))


@cases()
async def abatch_as_completed(probe: Probe) -> None:
    await probe.aconsume(asteps(probe, "a").abatch_as_completed([1, 2]))


@cases("""
    RunnableParallel<x,y>
      a
        http
      b
        http
""")
def parallel_invoke(probe: Probe) -> None:
    RunnableParallel(x=probe.step("a"), y=probe.step("b")).invoke(1)


@cases()
async def parallel_ainvoke(probe: Probe) -> None:
    await RunnableParallel(x=probe.astep("a"), y=probe.astep("b")).ainvoke(1)


@cases("""
    RunnableAssign<x>
      RunnableParallel<x>
        a
          http
""")
def assign_invoke(probe: Probe) -> None:
    RunnablePassthrough.assign(x=probe.step("a")).invoke({"n": 1})


@cases()
async def assign_ainvoke(probe: Probe) -> None:
    await RunnablePassthrough.assign(x=probe.astep("a")).ainvoke({"n": 1})


def branch(probe: Probe) -> Any:
    yes = RunnableLambda(probe.step("condition", bool))
    return RunnableBranch((yes, RunnableLambda(probe.step("a"))), RunnableLambda(probe.step("b")))


@cases("""
    RunnableBranch
      a
        http
      condition
        http
""")
def branch_invoke(probe: Probe) -> None:
    branch(probe).invoke(1)


@cases("""
    RunnableBranch
      b
        http
      condition
        http
""")
async def branch_ainvoke(probe: Probe) -> None:
    await branch(probe).ainvoke(0)


@cases("""
    RunnableEach<a>
      a
        http
      a
        http
""")
def map_invoke(probe: Probe) -> None:
    steps(probe, "a").map().invoke([1, 2])


@cases()
async def map_ainvoke(probe: Probe) -> None:
    await asteps(probe, "a").map().ainvoke([1, 2])


@cases.each
def test_a_chain_is_current_in_its_body_only(case: Case, recording: Recording, outer: bool) -> None:
    check(case, recording, outer=outer)
