"""Measure the time that tracing adds to each operation, as ratios within one run.

Variants take turns, so that a machine whose speed drifts treats all alike; processor time is measured, and
the lowest of many samples is reported, for whatever else runs on the machine only ever adds.

    python -m benchmarks [--rounds 8] [--only chat] [--variants "langspan,sampled out"] [--history] [--turns]
        [--parts]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import inspect
import platform
import time
import tracemalloc
from importlib import metadata
from typing import NamedTuple

from benchmarks.history import history
from benchmarks.parts import parts
from benchmarks.turns import turns
from benchmarks.variants import VARIANTS
from benchmarks.workloads import Workload, workloads

_SAMPLES = 5
_PACKAGES = ("langchain-core", "langgraph", "opentelemetry-sdk", "wrapt")


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


def peak(workload: Workload) -> float:
    """Kilobytes allocated at most during one run."""
    sample(workload, 1)
    tracemalloc.start()
    sample(workload, 1)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return highest / 1024


def measure(workload: Workload, rounds: int, chosen: list[str]) -> dict[str, Figures]:
    """Figures of an operation under each variant; the first round measures memory, and no time."""
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    spans: dict[str, float] = {}
    memory: dict[str, float] = {}
    for turn in range(rounds + 1):
        for name in chosen:
            with VARIANTS[name]() as counter:
                # Python adapts to code as it runs, and forgets all of it when a class is patched.
                sample(workload, workload.repeat)
                if turn == 0:
                    memory[name] = peak(workload)
                    continue
                counter.count = 0
                gc.collect()
                seconds[name] += [sample(workload, workload.repeat) for _ in range(_SAMPLES)]
                spans[name] = counter.count / workload.repeat / _SAMPLES
    return {name: Figures(min(seconds[name]), spans[name], memory[name]) for name in chosen}


def row(workload: Workload, found: dict[str, Figures]) -> str:
    base, bare = found["untraced"], found["floor"]
    cells = [workload.name, f"{base.seconds * 1e6:.0f}", f"{bare.spans:.0f}"]
    cells.append(f"{(bare.seconds - base.seconds) / bare.spans * 1e6:.0f}")
    for name, figures in found.items():
        if name in ("untraced", "floor", "floor, metrics"):
            continue
        like = found["floor, metrics"] if name == "with metrics" else bare
        floor_added = (like.seconds - base.seconds) / bare.spans
        added = (figures.seconds - base.seconds) / (figures.spans or bare.spans)
        whole = figures.seconds / base.seconds
        cells.append(
            f"{added * 1e6:.0f} µs, {added / floor_added:.2f}, {whole:.2f}, "
            f"{figures.spans:.0f} sp, +{figures.kilobytes - base.kilobytes:.0f} kB"
        )
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="turns of each variant")
    parser.add_argument("--only", default="", help="operations whose name contains this")
    parser.add_argument("--variants", default="", help="comma list; the floors are always measured")
    parser.add_argument("--history", action="store_true", help="cost of a run as finished runs pile up")
    parser.add_argument("--parts", action="store_true", help="where the time of one chat call goes")
    parser.add_argument("--turns", action="store_true", help="cost of a turn as a conversation grows")
    arguments = parser.parse_args()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    print(f"Python {platform.python_version()}, {versions}\n")
    for wanted, show in ((arguments.history, history), (arguments.parts, parts), (arguments.turns, turns)):
        if wanted:
            show()
            return
    asked = [name.strip() for name in arguments.variants.split(",") if name.strip()]
    always = ("untraced", "floor", "floor, metrics")
    chosen = [name for name in VARIANTS if not asked or name in asked or name in always]
    shown = [name for name in chosen if name not in always]
    print("| " + " | ".join(["operation", "untraced µs", "spans", "floor, µs a span", *shown]) + " |")
    print("|" + " --- |" * (4 + len(shown)))
    for workload in workloads():
        if arguments.only in workload.name:
            print(row(workload, measure(workload, arguments.rounds, chosen)), flush=True)


if __name__ == "__main__":
    main()
