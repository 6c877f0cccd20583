"""Figures of one operation under several variants, which take turns."""

from __future__ import annotations

import asyncio
import gc
import inspect
import time
import tracemalloc
from typing import NamedTuple

from benchmarks.variants import OTHERS, VARIANTS
from benchmarks.workloads import Workload, workloads

EVERY = VARIANTS | OTHERS
_SAMPLES = 5
_WARM_UP = 0.4


class Figures(NamedTuple):
    """One operation under one variant.

    Attributes:
        seconds: Processor time of one run, the lowest seen.
        spans: Spans of one run.
        kilobytes: Peak of memory allocated during one run.
    """

    seconds: float
    spans: float
    kilobytes: float


def sample(workload: Workload, repeat: int) -> float:
    """Seconds of processor time for one run of an operation, over its repetitions."""
    if inspect.iscoroutinefunction(workload.run):
        return asyncio.run(_sample_async(workload, repeat))
    begin = time.process_time()
    for _ in range(repeat):
        workload.run()
    return (time.process_time() - begin) / repeat


async def _sample_async(workload: Workload, repeat: int) -> float:
    begin = time.process_time()
    for _ in range(repeat):
        await workload.run()
    return (time.process_time() - begin) / repeat


def warm_up(workload: Workload) -> None:
    """Run an operation for a while: Python adapts to running code, and forgets it when a class is patched."""
    begin = time.process_time()
    while time.process_time() - begin < _WARM_UP:
        sample(workload, workload.repeat)


def peak(workload: Workload) -> float:
    """Kilobytes allocated at most during one run."""
    sample(workload, 1)
    tracemalloc.start()
    sample(workload, 1)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest / 1024


def measure(operation: str, rounds: int, names: list[str]) -> dict[str, Figures]:
    """Figures of an operation under each variant; the first round measures memory, and no time."""
    workload = next(each for each in workloads() if each.name == operation)
    variants = {name: EVERY[name] for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    spans: dict[str, float] = {}
    memory: dict[str, float] = {}
    for turn in range(rounds + 1):
        for name, variant in variants.items():
            with variant() as counter:
                warm_up(workload)
                if turn == 0:
                    memory[name] = peak(workload)
                    continue
                counter.count = 0
                gc.collect()
                seconds[name] += [sample(workload, workload.repeat) for _ in range(_SAMPLES)]
                spans[name] = counter.count / workload.repeat / _SAMPLES
    return {name: Figures(min(seconds[name]), spans[name], memory[name]) for name in variants}
