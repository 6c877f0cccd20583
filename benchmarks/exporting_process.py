"""One operation under one variant: `python -m benchmarks.exporting_process VARIANT OPERATION`.

Each line of the standard input is a number of operations. They are run, everything is flushed, and the answer
is the processor time that this process spent on both, user and system, all threads, in seconds.
"""

from __future__ import annotations

import gc
import sys
import time

from benchmarks.exporting import STARTS
from benchmarks.workloads import workloads


def main() -> None:
    variant, operation = sys.argv[1:]
    run = next(each.run for each in workloads() if each.name == operation)
    flush = STARTS[variant]()
    for line in sys.stdin:
        gc.collect()
        begin = time.process_time()
        for _ in range(int(line)):
            run()
        flush()
        print(time.process_time() - begin, flush=True)


if __name__ == "__main__":
    main()
