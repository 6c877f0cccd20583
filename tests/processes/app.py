"""A program that ends, or multiplies, in the way that its first argument names.

It is traced if the variable TRACED is set. Untraced it does the same, but for the runs.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

tracing: Any = None
if os.environ.get("TRACED"):
    from langchain_core.runnables import RunnableLambda

    import langspan

    tracing = langspan.instrument()

WAYS: dict[str, Any] = {}


def way(function):
    WAYS[function.__name__] = function
    return function


def job(name, body=lambda value: value):
    """One run of that name."""
    return RunnableLambda(body, name=name).invoke(name) if tracing else body(name)


def wait_for_the_end():
    print("ready", flush=True)
    while True:
        signal.pause()


@way
def exits():
    job("main")
    sys.exit(3)


@way
def raises():
    job("main")
    raise ValueError


@way
def ends_threads():
    def leave(_value):
        sys.exit(3)

    for name, body in (("left", leave), ("failed", lambda _: 1 // 0)):
        thread = threading.Thread(target=job, args=(name, body))
        thread.start()
        thread.join()
    job("main")


@way
def waits():
    job("main")
    wait_for_the_end()


@way
def waits_in_a_run():
    job("main")
    job("open", lambda _: wait_for_the_end())


@way
def waits_in_an_exit_hook():
    """Python 3.12 starts no thread any more."""
    import atexit

    atexit.register(wait_for_the_end)
    job("main")


@way
def waits_in_a_loop():
    import asyncio

    async def main():
        job("main")
        print("ready", flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


@way
def waits_with_a_lock():
    """The interrupted code holds what is needed to end open runs."""

    def body(_value):
        with tracing._handler.recorder._runs._lock:
            wait_for_the_end()

    job("main")
    job("open", body)


@way
def handles_sigterm_itself():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(4))
    job("main")
    wait_for_the_end()


@way
def hands_sigterm_on():
    """As a handler does that goes on to finish something, and knows nothing of exit hooks."""

    def handler(number, frame):
        if callable(former):
            former(number, frame)
        os._exit(5)

    former = signal.signal(signal.SIGTERM, handler)
    job("main")
    wait_for_the_end()


@way
def forks():
    child = os.fork()
    job("main" if child else "child")
    if child:
        os.waitpid(child, 0)


@way
def forks_and_ends_the_children_at_once():
    for name in ("flushed child", "child"):
        child = os.fork()
        if not child:
            job(name)
            if tracing and name == "flushed child":
                tracing.flush()
            os._exit(0)
        os.waitpid(child, 0)
    job("main")


@way
def ends_at_once():
    job("main")
    os._exit(2)


@way
def becomes_another_program():
    job("main")
    os.execv(sys.executable, [sys.executable, "-c", ""])


@way
def aborts():
    job("main")
    os.abort()


def job_and_wait(name, ready):
    job(name)
    ready.set()
    threading.Event().wait()


def job_in_a_late_thread(name):
    """A thread that goes on when the function of the process has returned."""
    main = threading.main_thread()
    threading.Thread(target=lambda: (main.join(0.2), job(name))).start()


def job_and_exit(name):
    job(name)
    sys.exit(6)


def multiply(method, *more):
    """Run a process that exits, a pool, whose process is terminated, an executor, and more processes."""
    context = multiprocessing.get_context(method)
    targets = [(job_and_exit, "process"), *more]
    processes = [context.Process(target=target, args=(name,)) for target, name in targets]
    for process in processes:
        process.start()
    with context.Pool(1) as pool:
        pool.map(job, ["pool"])
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        list(executor.map(job, ["executor"]))
    for process in processes:
        process.join()
    assert [6] == [process.exitcode for process in processes if process.exitcode]


@way
def multiplies_by_fork():
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    terminated = context.Process(target=job_and_wait, args=("terminated process", ready))
    terminated.start()
    multiply("fork", (job_in_a_late_thread, "late thread"))
    ready.wait()
    terminated.terminate()
    terminated.join()
    assert -signal.SIGTERM == terminated.exitcode


@way
def multiplies_by_forkserver():
    multiply("forkserver")


@way
def multiplies_by_spawn():
    multiply("spawn")


@way
def serves():
    """uvicorn, started by the application."""
    import uvicorn

    from processes.web import asgi

    uvicorn.run(asgi, port=0)


if __name__ == "__main__":
    WAYS[sys.argv[1]]()
