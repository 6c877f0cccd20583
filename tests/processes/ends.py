"""The table of the ways in which processes end, and how to run one of them."""

from __future__ import annotations

import functools
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.interpreters import environment
from support.otlp import receive

HERE = Path(__file__).parent
LONGEST = 90.0
"""Seconds after which a process is killed and its test fails."""
REQUESTS = 2
_ENDS = "return, `sys.exit`, `terminate()`"
_ADDRESS = re.compile(r"(?:running on|Listening at:) (http://127\.0\.0\.1:\d+)")
_CELERY = "celery -A processes.tasks worker -c 1 -l info --without-gossip --without-mingle -P"


@dataclass(frozen=True)
class Ending:
    """One way for a process to end.

    Attributes:
        process: The first column of the table in docs/processes.md.
        end: The second column.
        command: A way of `app.py`, or the module and arguments of a server.
        sent: The names of the spans that arrive.
        signal: What is sent to the process when it is ready, or None.
        needs: The packages that must be installed.
    """

    process: str
    end: str
    command: str
    sent: tuple[str, ...]
    signal: int | None = None
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.process}, {self.end}, {self.command.split()[0]}".replace("`", "")


def _script(end: str, command: str, *sent: str, signal: int | None = None, process: str = "script") -> Ending:
    return Ending(process, end, command, sent, signal)


def _server(process: str, command: str, end: str = "SIGTERM") -> Ending:
    needs = ("uvicorn",) if "uvicorn " in command else ("gunicorn",)
    needs += ("uvicorn_worker",) if "uvicorn_worker" in command else ()
    return Ending(process, end, command, ("request",) * REQUESTS, getattr(signal, end), needs)


def _multiplying(method: str, *more: str) -> Ending:
    sent = ("process", "pool", "executor", *more)
    return _script(_ENDS, f"multiplies_by_{method}", *sent, process=f"`multiprocessing`, {method}")


ENDINGS = (
    _script("return, `sys.exit`", "exits", "main"),
    _script("unhandled exception", "raises", "main"),
    _script("the end of its threads", "ends_threads", "left", "failed", "main"),
    _script("SIGINT", "waits", "main", signal=signal.SIGINT),
    _script("SIGTERM", "waits_in_a_run", "main", "open", signal=signal.SIGTERM),
    _script("SIGTERM", "waits_in_a_loop", "main", signal=signal.SIGTERM),
    _script("SIGTERM while it exits", "waits_in_an_exit_hook", "main", signal=signal.SIGTERM),
    _script("SIGTERM, with a handler of its own", "handles_sigterm_itself", "main", signal=signal.SIGTERM),
    _script("SIGKILL", "waits", signal=signal.SIGKILL),
    _script("SIGHUP, SIGQUIT", "waits", signal=signal.SIGHUP),
    _script("`os._exit`", "ends_at_once"),
    _script("`os.exec*`", "becomes_another_program"),
    _script("crash", "aborts"),
    _script("return, `sys.exit`", "forks", "main", "child", process="child of `os.fork`"),
    _script(
        "`os._exit`",
        "forks_and_ends_the_children_at_once",
        "main",
        "flushed child",
        process="child of `os.fork`",
    ),
    _multiplying("fork", "terminated process", "late thread"),
    _multiplying("forkserver"),
    _multiplying("spawn"),
    _server("uvicorn", "uvicorn processes.web:asgi --port 0"),
    _server("uvicorn", "uvicorn processes.web:asgi --port 0", "SIGINT"),
    _server("uvicorn with `--workers`", "uvicorn processes.web:asgi --port 0 --workers 2"),
    Ending(
        "uvicorn, run by a script", "SIGTERM", "serves", ("request",) * REQUESTS, signal.SIGTERM, ("uvicorn",)
    ),
    _server("gunicorn", "gunicorn processes.web:wsgi --bind 127.0.0.1:0"),
    _server("gunicorn, threads", "gunicorn processes.web:wsgi --bind 127.0.0.1:0 -k gthread --threads 2"),
    _server("gunicorn with `--preload`", "gunicorn processes.web:wsgi --bind 127.0.0.1:0 --preload"),
    _server(
        "gunicorn, uvicorn workers",
        "gunicorn processes.web:asgi --bind 127.0.0.1:0 -k uvicorn_worker.UvicornWorker",
    ),
    _server(
        "gunicorn, uvicorn workers, with `--preload`",
        "gunicorn processes.web:asgi --bind 127.0.0.1:0 -k uvicorn_worker.UvicornWorker --preload",
    ),
    Ending("Celery, prefork", "SIGTERM", f"{_CELERY} prefork", ("task",), signal.SIGTERM, ("celery",)),
    Ending("Celery, threads", "SIGTERM", f"{_CELERY} threads", ("task",), signal.SIGTERM, ("celery",)),
)


@dataclass
class Ended:
    """A process that has ended.

    Attributes:
        sent: The names of the spans that arrived, sorted.
        code: Its exit status, negative if a signal ended it.
        output: What it printed, errors too.
        seconds: How long it took to end once it was ready.
    """

    sent: list[str] = field(default_factory=list)
    code: int = 0
    output: str = ""
    seconds: float = 0.0


def run(ending: Ending, folder: Path, *, traced: bool = True, **variables: str) -> Ended:
    """Let a process end in that way.

    Args:
        ending: The way.
        folder: Where it runs.
        traced: Whether it is traced.
        variables: More of its environment.
    """
    with receive() as server:
        traces = {"TRACED": "yes"} if traced else {}
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint} | traces | variables
        process = start(command_of(ending), folder, **endpoint)
        ended = finish(process, functools.partial(signal_when_ready, ending))
        ended.sent = sorted(span.name for span in server.received.spans)
    return ended


def command_of(ending: Ending) -> list[str]:
    """The command line of a process."""
    script = [str(HERE / "app.py")] if " " not in ending.command else ["-m"]
    return [sys.executable, "-W", "ignore::DeprecationWarning", *script, *shlex.split(ending.command)]


def _heed_signals() -> None:
    """Undo what a shell does to a job in the background, or `nohup`: its children would ignore them, too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(command: list[str], folder: Path, **variables: str) -> subprocess.Popen[str]:
    """Start a process that sends nothing by itself before it ends."""
    # Where coverage is measured it handles SIGTERM, and then langspan does not.
    env = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**env, "OTEL_BSP_SCHEDULE_DELAY": "3600000", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_heed_signals,  # noqa: PLW1509
    )


def finish(process: subprocess.Popen[str], when_ready: Callable[[subprocess.Popen[str], str], bool]) -> Ended:
    """Wait for the end of a process.

    Args:
        process: The process.
        when_ready: Called with each line that it prints, until it returns True.
    """
    watchdog = threading.Timer(LONGEST, process.kill)
    watchdog.start()
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if when_ready(process, line):
                break
        ready = time.monotonic()
        rest, _ = process.communicate()
    finally:
        watchdog.cancel()
        process.kill()
    seconds = time.monotonic() - ready
    return Ended(code=process.returncode, output="".join(lines) + rest, seconds=seconds)


def signal_when_ready(ending: Ending, process: subprocess.Popen[str], line: str) -> bool:
    if address := _ADDRESS.search(line):
        for _ in range(REQUESTS):
            _get(address[1])
    elif line.strip() != "ready" and "task is done" not in line:
        return False
    if ending.signal is not None:
        process.send_signal(ending.signal)
    return True


def _get(url: str) -> Any:
    """Ask a server that is about to listen: uvicorn's supervisor says so before its workers do."""
    pause = threading.Event()
    for _ in range(int(LONGEST / 0.05)):
        try:
            with urllib.request.urlopen(url, timeout=LONGEST) as answer:
                return answer.read()
        except urllib.error.URLError:
            pause.wait(0.05)
    raise AssertionError(f"{url} does not answer")
