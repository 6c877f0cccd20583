"""Random trees of runs, executed in every way, are exported as the same trees."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler, SamplingResult

from support.expectations import expected, order
from support.forests import exported
from support.programs import BodyError, Program
from support.recording import Recording, instrumented, open_runs
from support.trees import Call, cancelled_trees, settled, trees


@contextlib.contextmanager
def executing(
    *, genai_only: bool = False, sampler: Sampler = ALWAYS_ON
) -> Iterator[tuple[Recording, Program]]:
    """Instrumented for one example; afterwards nothing may be open."""
    recording = Recording(sampler=sampler)
    with instrumented(recording, spans="genai" if genai_only else "all") as handle:
        yield recording, Program(recording.tracer)
        if open_runs(handle):
            gc.collect()
        assert 0 == open_runs(handle)


async def settle() -> None:
    """Wait for tasks that outlive the call: siblings of a failed run, and streams being closed."""
    await asyncio.sleep(0)  # the garbage collector asks the loop to close streams
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)
        await asyncio.sleep(0)


async def run_to_the_end(program: Program, call: Call) -> None:
    with contextlib.suppress(BodyError):
        await program.acall(call)


async def run_until_cancelled(program: Program, call: Call) -> None:
    running = asyncio.create_task(program.acall(call))
    waiting = asyncio.create_task(program.waiting.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    assert waiting.done(), "the call did not reach the run that waits"
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def and_settle(main: Coroutine[Any, Any, None]) -> None:
    await main
    await settle()
    gc.collect(1)
    await settle()


@given(call=trees(), genai_only=st.booleans())
def test_a_tree_of_runs_is_exported_as_that_tree(call: Call, genai_only: bool) -> None:
    with executing(genai_only=genai_only) as (recording, program):
        with contextlib.suppress(BodyError):
            program.call(call)
        assert expected(call, genai_only=genai_only) == exported(recording.spans)


@given(call=trees(), genai_only=st.booleans())
def test_an_asynchronous_tree_of_runs_is_exported_as_that_tree(call: Call, genai_only: bool) -> None:
    with executing(genai_only=genai_only) as (recording, program):
        asyncio.run(and_settle(run_to_the_end(program, call)))
        assert expected(call, genai_only=genai_only) == exported(recording.spans)


@given(call=cancelled_trees())
def test_a_cancelled_tree_of_runs_is_exported_as_far_as_it_came(call: Call) -> None:
    with executing() as (recording, program):
        asyncio.run(and_settle(run_until_cancelled(program, call)))
        assert expected(call) == exported(recording.spans)


@settings(max_examples=max(3, settings().max_examples // 100))
@given(calls=st.lists(trees(2), min_size=8, max_size=8))
def test_200_concurrent_trees_share_one_handler_and_never_mix(calls: list[Call]) -> None:
    """Half of them are tasks of one event loop, half run in threads."""
    copies = [settled(calls[number % len(calls)], prefix=f"t{number}-") for number in range(200)]

    async def in_tasks(program: Program) -> None:
        await asyncio.gather(*(run_to_the_end(program, call) for call in copies[::2]))

    def in_a_thread(program: Program, call: Call) -> None:
        with contextlib.suppress(BodyError):
            program.call(call)

    with executing() as (recording, program):
        with ThreadPoolExecutor(8) as pool:
            threads = [pool.submit(in_a_thread, program, call) for call in copies[1::2]]
            asyncio.run(and_settle(in_tasks(program)))
        for thread in threads:
            thread.result()
        forest = [span for call in copies for span in expected(call)]
        assert tuple(sorted(forest, key=order)) == exported(recording.spans)


class _Chosen(Sampler):
    """Leaves out the traces that start where somebody says so."""

    left_out: ContextVar[bool] = ContextVar("left_out", default=False)

    def should_sample(self, *_: Any, **__: Any) -> SamplingResult:
        return SamplingResult(Decision.DROP if self.left_out.get() else Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return "Chosen"


@settings(max_examples=max(3, settings().max_examples // 10))
@given(calls=st.lists(trees(), min_size=2, max_size=4), data=st.data())
def test_a_tree_that_is_sampled_out_leaves_nothing_and_takes_nothing_from_others(
    calls: list[Call], data: st.DataObject
) -> None:
    """One after another in one context, and at once in tasks."""
    kept = [data.draw(st.booleans()) for _ in calls]

    async def in_tasks(program: Program) -> None:
        running = []
        for call, keep in zip(calls, kept, strict=True):
            _Chosen.left_out.set(not keep)
            running.append(asyncio.create_task(run_to_the_end(program, call)))
        await asyncio.gather(*running)

    def in_turn(program: Program) -> None:
        for call, keep in zip(calls, kept, strict=True):
            _Chosen.left_out.set(not keep)
            with contextlib.suppress(BodyError):
                program.call(call)

    with executing(sampler=ParentBased(_Chosen())) as (recording, program):
        copy_context().run(in_turn, program)
        asyncio.run(and_settle(in_tasks(program)))
        forest = [span for call, keep in zip(calls, kept, strict=True) if keep for span in expected(call)]
        assert tuple(sorted(forest * 2, key=order)) == exported(recording.spans)
