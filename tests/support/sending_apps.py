"""Applications that send to a collector, each run as a user would run it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.backends import Collector

PROTOCOLS = {"grpc": "grpc", "http": "http/protobuf"}


def run_app(script: Path, collector: Collector, protocol: str = "http", **environ: str) -> Any:
    """Run a script of a suite with nothing but these settings; return the JSON that it prints."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANGS"))}
    environ = {
        **clean,
        "OTEL_EXPORTER_OTLP_PROTOCOL": PROTOCOLS[protocol],
        "OTEL_EXPORTER_OTLP_ENDPOINT": getattr(collector, protocol),
        "OTEL_SERVICE_NAME": "forecaster",
        "PYTHONPATH": str(script.parents[1]),
        **environ,
    }
    command = [sys.executable, "-W", "error::ResourceWarning", str(script)]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == result.returncode, result.stderr
    return json.loads(result.stdout)
