"""Count the calls that an operation makes, untraced and traced: figures that do not depend on the machine.

Calls of Python functions (resumptions of generators and coroutines are calls, too) count for the source that
they are in, calls of C functions for the source that makes them. All threads count, and of several operations
the median. How often threads wait for each other differs from run to run; this is in Python's own share.

    python -m benchmarks.counts [--only chat,tool] [--variants untraced,langspan] [--operations 11]
        [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import inspect
import itertools
import json
import multiprocessing
import os
import statistics
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import opentelemetry.trace

import langspan
from benchmarks.measure import EVERY
from benchmarks.workloads import Workload, single_calls, workloads

_SHOWN = (
    "untraced",
    "floor",
    "langspan",
    "with content",
    "floor with metrics",
    "with metrics",
    "sampled out",
)
_SOURCES = {
    "langspan": str(Path(langspan.__file__).parent),
    "opentelemetry": str(Path(opentelemetry.trace.__file__).parents[1]),
}
_PYTHON = str(Path(os.__file__).parent)
_GROUPS = (*_SOURCES, "others", "Python")
_EVENTS = {"call": "Python", "c_call": "C"}
_WARM_UP = 12

# Calls by group and kind: {"langspan": {"Python": 130, "C": 95}, ...}
Counts = dict[str, dict[str, float]]


class Tally:
    """Counts calls of all threads, by kind and file."""

    def __init__(self) -> None:
        # Two threads may count at once: a step of this iterator cannot be lost, that of an integer can.
        self._calls: defaultdict[tuple[str, str], Iterator[int]] = defaultdict(itertools.count)

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        """Take note of an event, as `sys.setprofile` tells it."""
        if event in _EVENTS:
            next(self._calls[_EVENTS[event], frame.f_code.co_filename])

    def by_group(self) -> Counter[tuple[str, str]]:
        """How many calls of each kind each group has made."""
        found: Counter[tuple[str, str]] = Counter()
        for (kind, file), calls in self._calls.items():
            found[_group(file), kind] += next(calls)
        return found


def _group(file: str) -> str:
    for name, path in _SOURCES.items():
        if file.startswith(f"{path}/"):
            return name
    # A library's source is below Python's own.
    return "Python" if file.startswith(f"{_PYTHON}/") and "/site-packages/" not in file else "others"


@contextmanager
def _counting() -> Iterator[Tally]:
    tally = Tally()
    threading.setprofile(tally.note)
    sys.setprofile(tally.note)
    try:
        yield tally
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


async def _operations(workload: Workload, number: int) -> list[Tally]:
    """Count each of several operations; those that are not asynchronous never wait."""
    tallies = []
    for _ in range(number):
        # Finalizers run when the collector does: before an operation, not somewhere within one.
        gc.collect()
        with _counting() as tally:
            done = workload.run()
            if inspect.isawaitable(done):
                await done
        tallies.append(tally)
    return tallies


def count(workload: Workload, operations: int, warm_up: int = _WARM_UP) -> Counts:
    """Count the calls of an operation, the median of several.

    Args:
        workload: The operation.
        operations: How many are counted.
        warm_up: How many are run before.
    """
    gc.disable()
    try:
        tallies = _run(workload, warm_up + operations)[warm_up:]
    finally:
        gc.enable()
    found = [tally.by_group() for tally in tallies]
    return {
        group: {kind: statistics.median_low(each[group, kind] for each in found) for kind in _EVENTS.values()}
        for group in _GROUPS
    }


def _run(workload: Workload, number: int) -> list[Tally]:
    if inspect.iscoroutinefunction(workload.run):
        return asyncio.run(_operations(workload, number))
    # LangChain looks for a running loop and takes other ways where it finds one.
    steps = _operations(workload, number)
    try:
        steps.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError(f"{workload.name} waits but is not a coroutine function")


def every(
    operation: str, operations: int, names: Iterable[str] = _SHOWN, warm_up: int = _WARM_UP
) -> dict[str, Counts]:
    """Count the calls of an operation under each variant; untraced comes first, as no handler was there yet.

    Args:
        operation: Its name.
        operations: How many are counted.
        names: The variants.
        warm_up: How many are run before.
    """
    workload = next(each for each in _workloads() if each.name == operation)
    found = {}
    for name in names:
        with EVERY[name]():
            found[name] = count(workload, operations, warm_up)
    return found


def total(counts: Counts) -> float:
    """Return all calls, of Python functions and of C functions, whoever makes them."""
    return sum(sum(group.values()) for group in counts.values())


def _workloads() -> list[Workload]:
    return [*workloads(), *single_calls()]


def row(operation: str, found: Mapping[str, Counts]) -> str:
    """Show an operation: all calls untraced, then what each variant adds, by source.

    Args:
        operation: Its name.
        found: Its counts by variant.
    """
    base, *others = found.values()
    cells = [operation, _cell(sum(group[kind] for group in base.values()) for kind in _EVENTS.values())]
    for each in others:
        added = (
            _cell(each[group][kind] - base[group][kind] for kind in _EVENTS.values()) for group in _GROUPS
        )
        cells.append(", ".join(added))
    return "| " + " | ".join(cells) + " |"


def _cell(numbers: Iterable[float]) -> str:
    return " + ".join(f"{number:.0f}" for number in numbers)


def main() -> None:
    """Print the table, and write all counts where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counts", description=__doc__)
    parser.add_argument("--only", default="", help="comma list of parts of operations' names")
    parser.add_argument("--variants", default=",".join(_SHOWN), help="comma list; the first is the base")
    parser.add_argument("--operations", type=int, default=11, help="how many are counted")
    parser.add_argument("--warm-up", type=int, default=_WARM_UP, help="how many are run before")
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    arguments = parser.parse_args()
    parts, names = arguments.only.split(","), arguments.variants.split(",")
    found: dict[str, dict[str, Counts]] = {}
    print("Python + C calls: all, then added ones of", ", ".join(_GROUPS), end="\n\n")
    print("| " + " | ".join(["operation", *names]) + " |")
    print("|" + " --- |" * (1 + len(names)))
    context = multiprocessing.get_context("spawn")
    # A process for each operation: the counts of one do not depend on which were asked for before it.
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as processes:
        for operation in (workload.name for workload in _workloads()):
            if not any(part in operation for part in parts):
                continue
            counted = processes.submit(every, operation, arguments.operations, names, arguments.warm_up)
            found[operation] = counted.result()
            print(row(operation, found[operation]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
