"""Measure the time that tracing adds to each operation, as ratios within one run.

Variants take turns, so that a machine whose speed drifts treats all alike; processor time is measured, and
the lowest of many samples is reported, for whatever else runs on the machine only ever adds. Beside it stand
the calls of functions that are added; and where valgrind is installed, the instructions of the processor come
after it. No other work on the machine can blur these.

    python -m benchmarks [--rounds 6] [--only chat] [--variants "langspan,sampled out"] [--history] [--turns]
        [--parts] [--encoder]
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata

from benchmarks import instructions
from benchmarks.counts import every, total
from benchmarks.encoder import encoder
from benchmarks.history import history
from benchmarks.measure import EVERY, Figures, measure
from benchmarks.parts import parts
from benchmarks.turns import turns
from benchmarks.variants import OTHERS, VARIANTS
from benchmarks.workloads import workloads

_ALWAYS = ("untraced", "floor", "floor with metrics")
_COUNTED = 3  # operations whose calls are counted, after warming up
_PACKAGES = ("langchain-core", "langgraph", "opentelemetry-sdk", "wrapt")


def row(
    operation: str, found: Mapping[str, Figures], calls: Mapping[str, float], shown: Iterable[str]
) -> str:
    base, bare = found["untraced"], found["floor"]
    cells = [operation, f"{base.seconds * 1e6:.0f}, {calls['untraced']:.0f} calls", f"{bare.spans:.0f}"]
    floor_added = (bare.seconds - base.seconds) / bare.spans
    cells.append(f"{floor_added * 1e6:.0f} µs a span, +{calls['floor'] - calls['untraced']:.0f} calls")
    for name in shown:
        figures = found[name]
        like = "floor with metrics" if name == "with metrics" else "floor"
        floor_added = (found[like].seconds - base.seconds) / bare.spans
        more, floor_more = (calls[each] - calls["untraced"] for each in (name, like))
        added = (figures.seconds - base.seconds) / (figures.spans or bare.spans)
        whole = figures.seconds / base.seconds
        cells.append(
            f"{added * 1e6:.0f} µs, {added / floor_added:.2f}, {whole:.2f}, "
            f"{figures.spans:.0f} sp, +{figures.kilobytes - base.kilobytes:.0f} kB, "
            f"+{more:.0f} calls ({more / floor_more:.2f})"
        )
    return "| " + " | ".join(cells) + " |"


def compare(only: str, rounds: int, chosen: Collection[str]) -> None:
    """Print a table of langspan's variants, then one of other packages.

    Each operation has a process of its own for either: what ran before is felt long after.
    """
    found: dict[str, dict[str, Figures]] = {}
    calls: dict[str, dict[str, float]] = {}
    operations = [workload.name for workload in workloads() if only in workload.name]
    ours = [name for name in VARIANTS if name in _ALWAYS or name in chosen]
    others = [name for name in OTHERS if name in chosen]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as processes:
        for names in filter(None, (ours, others)):
            shown = [name for name in names if name not in _ALWAYS]
            print("| " + " | ".join(["operation", "untraced µs", "spans", "floor", *shown]) + " |")
            print("|" + " --- |" * (4 + len(shown)))
            for operation in operations:
                figures = processes.submit(measure, operation, rounds, names).result()
                found.setdefault(operation, {}).update(figures)
                counted = processes.submit(every, operation, _COUNTED, names).result()
                calls.setdefault(operation, {}).update({name: total(each) for name, each in counted.items()})
                print(row(operation, found[operation], calls[operation], shown), flush=True)
            print()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6, help="turns of each variant")
    parser.add_argument("--only", default="", help="operations whose name contains this")
    parser.add_argument("--variants", default="", help="comma list; the floors are always measured")
    parser.add_argument("--history", action="store_true", help="cost of a run as finished runs pile up")
    parser.add_argument("--parts", action="store_true", help="where the time of one chat call goes")
    parser.add_argument("--turns", action="store_true", help="cost of a turn as a conversation grows")
    parser.add_argument("--encoder", action="store_true", help="what it takes to encode and compress spans")
    arguments = parser.parse_args()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    print(f"Python {platform.python_version()}, {versions}\n")
    for name, show in (("history", history), ("parts", parts), ("turns", turns), ("encoder", encoder)):
        if getattr(arguments, name):
            show()
            return
    asked = [name.strip() for name in arguments.variants.split(",") if name.strip()]
    compare(arguments.only, arguments.rounds, asked or EVERY.keys())
    if instructions.is_there() and not asked:
        instructions.table(arguments.only)


if __name__ == "__main__":
    main()
