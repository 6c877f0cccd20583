"""Applications that send to a collector, each run as a user would run it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from support.backends import Collector

PROTOCOLS = {"grpc": "grpc", "http": "http/protobuf"}


def run_app(script: Path, collector: Collector, protocol: str = "http", **environ: str) -> Any:
    """Run a script of a suite with nothing but these settings; return the JSON that it prints."""
    environ = _environment(script, collector, protocol, environ)
    command = [sys.executable, "-W", "error::ResourceWarning", str(script)]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == result.returncode, result.stderr
    return json.loads(result.stdout)


class SteadyApp:
    """An application that prints a line for each request until its standard input is closed, then its ledger.

    Attributes:
        traces: The ids that were read so far.
    """

    def __init__(self, script: Path, collector: Collector, **environ: str) -> None:
        self.traces: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", str(script)],
            env=_environment(script, collector, "http", {"OTEL_BSP_SCHEDULE_DELAY": "50", **environ}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_for_requests(self, count: int) -> None:
        """Return when `count` more requests were answered."""
        assert self._process.stdout is not None
        self.traces += [self._process.stdout.readline().strip() for _ in range(count)]
        assert all(self.traces), "the application ended"

    def end(self) -> Any:
        """Let it end; return what its ledger says."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdin = None
        # Not by communicate(): it does not see what readline() has read ahead.
        *traces, told = self._process.stdout.read().splitlines()
        self.traces += traces
        return json.loads(told)


def _environment(
    script: Path, collector: Collector, protocol: str, more: Mapping[str, str]
) -> dict[str, str]:
    """Return nothing of ours or OpenTelemetry's but what a script needs, and `more`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANGS"))}
    return {
        **clean,
        "OTEL_EXPORTER_OTLP_PROTOCOL": PROTOCOLS[protocol],
        "OTEL_EXPORTER_OTLP_ENDPOINT": getattr(collector, protocol),
        "OTEL_SERVICE_NAME": "forecaster",
        "PYTHONPATH": str(script.parents[1]),
        **more,
    }
