"""Processor time that tracing adds to a whole process, export included: `python -m benchmarks.whole`.

Every variant exports over OTLP/HTTP to a receiver in another process, in a process of its own, from an
operation's start until everything is flushed. The processes take turns, so that all meet the same machine;
a ratio is of two figures of the same turn, and the median of all turns is reported, with its spread. Spans
are counted where they arrive: if any is missing, there is no table but an error.

    python -m benchmarks.whole [--quick] [--starts 3] [--turns 7] [--only chat] [--variants langspan,Langfuse]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any
from urllib.request import urlopen

from benchmarks.exporting import ENVIRONMENT, OTHERS, OURS, is_installed

OPERATIONS = {
    "single chat": 2000,
    "LCEL of 3 steps": 600,
    "agent with 2 tool calls": 80,
    "graph of 10 nodes": 160,
}
"""How often each is run in a turn."""
TARGETS = {
    "single chat": 1.1,
    "LCEL of 3 steps": 0.8,
    "agent with 2 tool calls": 1.2,
    "graph of 10 nodes": 1.2,
}
CONTENT_TARGET, OTHERS_TARGET = 1.3, 0.55
_QUICK = 10  # times fewer
_FOREIGN = ("OTEL_", "LANGSPAN_", "LANGSMITH_", "LANGCHAIN_", "LANGFUSE_")
_COUNTED = 5  # operations by which the spans of one are counted


@dataclass
class Series:
    """The figures of one variant for one operation.

    Attributes:
        seconds: Processor time of one operation, by turn.
        spans: Spans of one operation.
        size: Bytes of one operation's spans, uncompressed.
    """

    seconds: list[float] = field(default_factory=list)
    spans: float = 0
    size: float = 0


class Worker:
    """A process with one variant."""

    def __init__(self, variant: str, operation: str, port: int) -> None:
        self.name = f"{os.getpid()}-{id(self)}"
        url = f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"{url}/{self.name}",
            "LANGFUSE_HOST": f"{url}/{self.name}",
            "OTEL_BSP_MAX_QUEUE_SIZE": "65536",  # so that nothing is dropped
            "PYTHONHASHSEED": "0",
        }
        self._url = url
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.exporting_process", variant, operation],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**kept, **environment, **ENVIRONMENT.get(variant, {})},
        )

    def run(self, operations: int) -> tuple[float, int, int]:
        """Run operations; return seconds of processor time, and spans and bytes that arrived for them."""
        before = self._arrived()
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018
        self._process.stdin.write(f"{operations}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a process with a variant ended; what it said is above")
        after = self._arrived()
        return float(line), after["spans"] - before["spans"], after["bytes"] - before["bytes"]

    def _arrived(self) -> Mapping[str, int]:
        with urlopen(self._url) as answer:
            return json.load(answer).get(self.name, {"spans": 0, "bytes": 0})  # type: ignore[no-any-return]

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def _receiver() -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.receiver"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.communicate()


def measure(
    operation: str, variants: Sequence[str], repeat: int, starts: int, turns: int
) -> dict[str, Series]:
    """Measure one operation.

    Args:
        operation: Its name.
        variants: What to measure; each gets a process.
        repeat: How often the operation is run in a turn.
        starts: How often the processes are started afresh.
        turns: How often each is asked after a start; a first time, to warm up, does not count.

    Raises:
        RuntimeError: A span did not arrive.
    """
    found = {name: Series() for name in variants}
    for _ in range(starts):
        with _receiver() as port, ExitStack() as stack:
            workers = {name: Worker(name, operation, port) for name in variants}
            for worker in workers.values():
                stack.callback(worker.close)
            for name, worker in workers.items():
                _, spans, size = worker.run(_COUNTED)
                found[name].spans, found[name].size = spans / _COUNTED, size / _COUNTED
            for turn in range(turns + 1):
                for name, worker in workers.items():
                    seconds, spans, _ = worker.run(repeat)
                    if spans != found[name].spans * repeat:
                        expected = found[name].spans * repeat
                        raise RuntimeError(f"{name}, {operation}: {spans} spans arrived of {expected:.0f}")
                    if turn:
                        found[name].seconds.append(seconds / repeat)
    return found


def added(found: Mapping[str, Series], name: str) -> list[float]:
    """Return the seconds that a variant adds to an operation, by turn."""
    return [more - base for more, base in zip(found[name].seconds, found["untraced"].seconds, strict=True)]


def ratios(found: Mapping[str, Series], name: str, to: str) -> list[float]:
    """Return what a variant adds as multiples of what another one adds, by turn."""
    return [ours / theirs for ours, theirs in zip(added(found, name), added(found, to), strict=True)]


def spread(values: Sequence[float]) -> float | None:
    """Return how far the middle half of values lies apart, as a fraction of the median; None for too few."""
    if len(values) < 3:
        return None
    low, _, high = quantiles(values, n=4)
    return (high - low) / abs(median(values))


def _percent(fraction: float | None) -> str:
    return "" if fraction is None else f"{fraction:.0%}"


def best_other(found: Mapping[str, Series]) -> str | None:
    """Return which other package adds least."""
    names = [name for name in OTHERS if name in found]
    return min(names, key=lambda name: median(added(found, name)), default=None)


def row(operation: str, found: Mapping[str, Series], name: str) -> str:
    """Return a line of the table: one variant for one operation."""
    series, floor = found[name], "floor with content" if name == "with content" else "floor"
    cells = [
        operation,
        name,
        f"{series.spans:g}",
        f"{series.size:.0f}",
        f"{median(series.seconds) * 1e6:.0f}",
    ]
    if name == "untraced":
        return "| " + " | ".join([*cells, "", "", "", "", ""]) + " |"
    cells.append(f"{median(added(found, name)) * 1e6:+.0f}")
    to_floor, other = ratios(found, name, floor), best_other(found)
    cells += [f"{median(to_floor):.2f}", _percent(spread(to_floor))]
    target = {"langspan": TARGETS.get(operation), "with content": CONTENT_TARGET}.get(name)
    cells.append(f"{target:g}" if target else "")
    is_compared = other is not None and name in OURS and "floor" not in name and "content" not in name
    cells.append(f"{median(ratios(found, name, other)):.2f} ({other})" if is_compared and other else "")
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "operation", "variant", "spans", "bytes", "µs", "added µs", "of its floor", "spread", "target",
    f"of the best other package, target {OTHERS_TARGET:g}",
)  # fmt: skip


def table(only: str, chosen: Sequence[str], *, quick: bool, starts: int, turns: int) -> None:
    """Measure and print; see the module."""
    for name, other in OTHERS.items():
        if not is_installed(other):
            print(f"{name} is not installed; to compare: pip install {other.package}")
    there = [*OURS, *(name for name, other in OTHERS.items() if is_installed(other))]
    always = ("untraced", "floor", *(["floor with content"] if "with content" in chosen else []))
    variants = [name for name in there if not chosen or name in chosen or name in always]
    print(f"\nload average {', '.join(f'{load:.1f}' for load in os.getloadavg())}\n")
    print("| " + " | ".join(HEAD) + " |\n|" + " --- |" * len(HEAD))
    for operation, repeat in OPERATIONS.items():
        if only in operation:
            found = measure(operation, variants, repeat // (_QUICK if quick else 1), starts, turns)
            for name in variants:
                print(row(operation, found, name), flush=True)
    print(f"\nload average {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.whole", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the operations, one start, 3 turns")
    parser.add_argument("--starts", type=int, help="how often processes start afresh (3)")
    parser.add_argument("--turns", type=int, help="turns of each variant after a start (7)")
    parser.add_argument("--only", default="", help="operations whose name contains this")
    parser.add_argument("--variants", default="", help="comma list; the floor is always measured")
    given: Any = parser.parse_args(arguments)
    chosen = [name.strip() for name in given.variants.split(",") if name.strip()]
    starts, turns = (1, 3) if given.quick else (3, 7)
    table(given.only, chosen, quick=given.quick, starts=given.starts or starts, turns=given.turns or turns)


if __name__ == "__main__":
    main()
