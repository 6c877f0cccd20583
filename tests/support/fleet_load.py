"""What goes into the fleet, what must come out of it, and what did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from support.backends import REPOSITORY, wait_until
from support.fleet import Member

APP = REPOSITORY / "tests" / "fleet" / "agent_app.py"
LOAD_WITHIN = 300.0
SHARE = 0.2
"""Of the traces without an error; the default of gateway.yaml."""


def in_share(trace_id: str) -> bool:
    """Tell whether tail sampling keeps a trace for its id alone: FNV-1a of a seed and the id, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in b"default-hash-seed" + bytes.fromhex(trace_id):
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value <= SHARE * (2**64 - 1)


@dataclass(frozen=True)
class Sent:
    """A trace as its application made it, with when its first and last span ended, in seconds since 1970."""

    trace: str
    spans: Sequence[str]
    failed: bool
    first: float
    last: float
    large: bool

    @property
    def wanted(self) -> bool:
        return self.failed or in_share(self.trace)


@dataclass
class Application:
    """An application in a process of its own, which sends to an agent until its standard input is closed."""

    agent: Member
    protocol: str
    runs: int
    pause: float
    large_runs: int
    sent: list[Sent] = field(default_factory=list)
    ledger: Mapping[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(APP)],
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def wait_for_runs(self, count: int) -> None:
        """Return when it has made `count` traces since it began, or all that it was to make."""
        enough = min(count, self.runs)

        def there() -> bool:
            return len(self.sent) >= enough or self._process.poll() is not None

        wait_until(there, LOAD_WITHIN, lambda: f"{len(self.sent)} of {enough} runs")
        assert len(self.sent) >= enough, "the application ended"

    def wait_for_end(self) -> None:
        """Return when it has sent everything, or given up."""
        wait_until(lambda: bool(self.ledger), LOAD_WITHIN, lambda: "the application does not end")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "trace" in told:
                self.sent.append(Sent(**told))
            else:
                self.ledger = told

    def _environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "LANGS"))}
        port = self.agent.ports["grpc" if self.protocol == "grpc" else "http"]
        return {
            **clean,
            "OTEL_EXPORTER_OTLP_PROTOCOL": self.protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "60",  # an agent may be away for some seconds
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "OTEL_SERVICE_NAME": "researcher",
            "OTEL_BSP_SCHEDULE_DELAY": "500",
            "OTEL_BSP_EXPORT_TIMEOUT": "60000",
            "OTEL_BSP_MAX_QUEUE_SIZE": "20000",
            "LANGSPAN_QUEUE_MAX_BYTES": "536870912",
            "PYTHONPATH": str(REPOSITORY / "tests"),
            "FLEET_RUNS": str(self.runs),
            "FLEET_PAUSE": str(self.pause),
            "FLEET_LARGE_RUNS": str(self.large_runs),
            "FLEET_SEED": f"{self.protocol} {self.agent.log}",
        }


@dataclass
class Counts:
    """What became of some traces."""

    name: str
    traces: int = 0
    wanted: int = 0
    whole: int = 0
    large: int = 0
    partial: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    spans: int = 0
    duplicates: int = 0
    copies: int = 1

    def add(self, sent: Sent, stored: Mapping[str, Counter[str]]) -> None:
        """Compare a trace with what is stored of it."""
        self.traces += 1
        found = stored.get(sent.trace, Counter())
        self.duplicates += found.total() - len(found)
        self.copies = max([self.copies, *found.values()])
        if not sent.wanted:
            return
        self.wanted += 1
        self.spans += len(sent.spans)
        if not found:
            self.lost.append(sent.trace)
        elif found.keys() != set(sent.spans):
            self.partial.append(sent.trace)
        else:
            self.whole += 1
            self.large += sent.large

    @property
    def row(self) -> str:
        counts = [self.traces, self.wanted, self.whole, self.large, len(self.partial), len(self.lost)]
        cells = [self.name, *map(str, [*counts, self.spans, self.duplicates, self.copies])]
        return f"| {' | '.join(cells)} |"


HEAD = """\
| Killed | Traces | Wanted | Whole | Whole, over 30 MB | Partial | Lost | Spans | Stored again | Most copies |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""
