"""The rows of the fault table: one sending process for each protocol and each way to end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from processes.receivers import Fault, Receiver
from support.interpreters import environment

LONGEST = 90.0
"""Seconds after which the processes of a receiver are killed and its tests fail."""

LEAVES = "flushes_and_leaves"
ENDS = {
    "returns": ("return", 0),
    "exits": ("`sys.exit`", 3),
    "raises": ("unhandled exception", 1),
    "waits_for_sigterm": ("SIGTERM", -signal.SIGTERM),
    "shuts_down": ("`shutdown()`", 0),
    LEAVES: ("`flush()`, then `os._exit`", 0),
}
"""The ways to end in `sender.py`: as docs/delivery.md has them, and the exit status of each untraced."""


@dataclass
class Row:
    """What one process told.

    Attributes:
        flushes: The answer of each flush, with the counts before and after.
        end: The counts at the end.
        logs: What langspan logged.
        code: The exit status.
    """

    flushes: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    code: int | None = None

    @property
    def lost(self) -> int:
        return sum(self.end["lost"].values())


class Sender:
    """The process that forks those of all rows.

    Args:
        errors: Where they write what they do not tell.
    """

    def __init__(self, errors: IO[str]) -> None:
        self.errors = errors
        # Where coverage is measured it handles SIGTERM, and then langspan does not.
        env = {name: value for name, value in environment().items() if not name.startswith("COVERAGE_")}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("sender.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=env,
            start_new_session=True,
            bufsize=0,
        )

    def run(self, fault: Fault, receiver: Receiver) -> dict[str, Row]:
        """Run the processes of all rows of one receiver at once, to their ends."""
        rows = {f"{protocol} {end}": Row() for protocol in fault.protocols for end in ENDS}
        plan = {
            "flushes": [patience for patience, _ in fault.flushes],
            "settles": fault.settles,
            "rows": [_row(fault, receiver, name) for name in rows],
        }
        watchdog = threading.Timer(LONGEST, self.kill)
        watchdog.start()
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(plan).encode() + b"\n")
            self._follow(rows, len(fault.flushes), receiver)
        finally:
            watchdog.cancel()
        return rows

    def _follow(self, rows: dict[str, Row], flushes: int, receiver: Receiver) -> None:
        """Read what the processes tell; let them go on together after each flush."""
        assert self.process.stdout is not None
        released = 0
        while any(row.code is None for row in rows.values()):
            line = self.process.stdout.readline()
            stuck = [name for name, row in rows.items() if row.code is None]
            assert line, f"killed: {stuck}\n{self.said()}"
            told = json.loads(line)
            _note(rows[told.pop("row")], told.pop("step"), told)
            if released < flushes and all(len(row.flushes) > released for row in rows.values()):
                receiver.after_flush(released, len(rows))
                for row in rows.values():
                    os.kill(row.flushes[-1]["pid"], signal.SIGUSR1)
                released += 1

    def said(self) -> str:
        """The latest that any of them wrote besides."""
        self.errors.seek(0)
        return self.errors.read()[-8000:]

    def kill(self) -> None:
        """Kill it with all that it has forked."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill it, and let go of it."""
        self.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


def _row(fault: Fault, receiver: Receiver, name: str) -> dict[str, Any]:
    protocol, end = name.split()
    environ = {
        "OTEL_SERVICE_NAME": name,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoints[protocol],
        "OTEL_EXPORTER_OTLP_TIMEOUT": str(fault.timeout),
        # What fills a batch leaves by itself.
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1" if fault.settles else "4",
    }
    return {"row": name, "end": end, "environ": environ}


def _note(row: Row, step: str, told: dict[str, Any]) -> None:
    if step == "flush":
        row.flushes.append(told)
    elif step == "end":
        row.end = told
    elif step == "log":
        row.logs.append(told["text"])
    elif step == "code":
        row.code = told["code"]
    else:
        os.kill(told["pid"], signal.SIGTERM)
