"""What a run costs as the number of runs that have finished before it grows."""

from __future__ import annotations

import time

import langspan
from benchmarks.variants import ours
from benchmarks.workloads import chain

_STEPS = (1_000, 10_000, 100_000, 1_000_000)
_SPANS = 4
_WINDOW = 250


def history() -> None:
    """Print microseconds per run, and open runs, at each length of history."""
    run = chain()
    with ours():
        handle = langspan.instrument()
        done = 0
        print("| finished runs | µs per chain of 4 runs | still open |")
        print("| --- | --- | --- |")
        for target in _STEPS:
            while done < target - _WINDOW * _SPANS:
                run()
                done += _SPANS
            windows = []
            for _ in range(5):
                begin = time.process_time()
                for _ in range(_WINDOW // 5):
                    run()
                windows.append((time.process_time() - begin) / (_WINDOW // 5))
            done += _WINDOW * _SPANS
            print(f"| {done:,} | {min(windows) * 1e6:.0f} | {handle.open_runs} |", flush=True)
