"""Count the processor instructions that an operation takes, where valgrind is installed.

Like calls, they do not depend on the machine or on what else it does. Each count is the difference between
two copies of a warmed-up process: one that goes on with some operations, and one that ends at once.

    python -m benchmarks.instructions [--only chat] [--operations 20]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

OPERATIONS = ("single chat", "LCEL of 3 steps")
"""Those that use one thread: a copy of a process has no other."""
VARIANTS = ("untraced", "floor", "langspan", "floor with metrics", "with metrics")
_WARM_UP = 20


def is_there() -> bool:
    """Return whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def counted(operation: str, operations: int = 20) -> dict[str, float]:
    """Return the instructions of one operation under each variant.

    Args:
        operation: Its name.
        operations: How many are run.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *("valgrind", "--quiet", "--tool=cachegrind", "--cache-sim=no"),
            f"--cachegrind-out-file={folder}/%p",
            *(sys.executable, "-m", "benchmarks.instructions"),
            *("--inside", operation, "--operations", str(operations)),
        ]
        # The same hashes, so the same work in every dictionary.
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        pairs: Mapping[str, tuple[int, int]] = json.loads(done.stdout.splitlines()[-1])
        return {
            name: (_total(folder, busy) - _total(folder, idle)) / operations
            for name, (idle, busy) in pairs.items()
        }


def _total(folder: str, process: int) -> int:
    found = re.search(
        r"^summary: *(\d+)", Path(folder, str(process)).read_text(encoding="utf-8"), re.MULTILINE
    )
    if found is None:
        raise RuntimeError(f"valgrind wrote no count for process {process}")
    return int(found[1])


def _inside(operation: str, operations: int) -> None:
    """Run the variants in the process that valgrind watches, and print which copies are to be compared."""
    from benchmarks.variants import VARIANTS as KNOWN
    from benchmarks.workloads import workloads

    workload = next(each for each in workloads() if each.name == operation)
    pairs = {}
    for name in VARIANTS:
        with KNOWN[name]():
            for _ in range(_WARM_UP):
                workload.run()
            gc.collect()
            gc.disable()
            pairs[name] = (_copy(workload.run, 0), _copy(workload.run, operations))
            gc.enable()
    print(json.dumps(pairs))


def _copy(run: Callable[[], object], times: int) -> int:
    """Run an operation so many times in a copy of this process, and return the copy's id."""
    process = os.fork()
    if process == 0:
        for _ in range(times):
            run()
        os._exit(0)
    os.waitpid(process, 0)
    return process


def row(operation: str, found: Mapping[str, float]) -> str:
    """Show an operation: all instructions untraced, what each variant adds, and its multiple of the floor."""
    base = found["untraced"]
    cells = [operation, f"{base / 1000:.0f}"]
    for name in VARIANTS[1:]:
        added = found[name] - base
        like = found["floor with metrics" if "metrics" in name else "floor"] - base
        cells.append(f"+{added / 1000:.0f}, {added / like:.2f}")
    return "| " + " | ".join(cells) + " |"


def table(only: str = "", operations: int = 20) -> None:
    """Print the table; it takes minutes, as valgrind takes each instruction to pieces."""
    print("| " + " | ".join(["operation, in 1000 instructions", *VARIANTS]) + " |")
    print("|" + " --- |" * (1 + len(VARIANTS)))
    for operation in OPERATIONS:
        if only in operation:
            print(row(operation, counted(operation, operations)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("--only", default="", help="operations whose name contains this")
    parser.add_argument("--operations", type=int, default=20, help="how many are run for a count")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        _inside(arguments.inside, arguments.operations)
    elif is_there():
        table(arguments.only, arguments.operations)
    else:
        parser.exit(1, "valgrind is not installed\n")


if __name__ == "__main__":
    main()
