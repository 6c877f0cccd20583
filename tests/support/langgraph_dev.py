"""`langgraph dev` in a process of its own: the real server on loopback, started as the documentation says."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from support.interpreters import TESTS, environment

SCRIPTS = ("opentelemetry-instrument", "langgraph")
GRAPHS = ("shop", "asking", "failing", "helper")
QUIET = {
    # It must not call out.
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGGRAPH_NO_VERSION_CHECK": "true",
    "LANGSMITH_TRACING": "false",
}
WITHIN = 90.0


@contextmanager
def langgraph_dev(
    command: Sequence[str], folder: Path, endpoint: str, *, http: Any = None, **variables: str
) -> Iterator[str]:
    """Serve the graphs of `support.served_graphs`, traced by `opentelemetry-instrument`.

    Args:
        command: What starts it.
        folder: An empty folder, or one with a `langgraph.json` and the graphs that it names.
        endpoint: Where it sends its spans, by OTLP over HTTP.
        http: The entry `http` of its `langgraph.json`.
        variables: More of its environment.

    Yields:
        Its URL.
    """
    if not (folder / "langgraph.json").exists():
        graphs = {name: f"{TESTS / 'support' / 'served_graphs.py'}:{name}" for name in GRAPHS}
        settings = {"dependencies": ["."], "graphs": graphs, **({} if http is None else {"http": http})}
        (folder / "langgraph.json").write_text(json.dumps(settings), "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scripts = Path(sys.executable).parent
    words = [scripts / word if word in SCRIPTS else word for word in command]
    env = environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_SERVICE_NAME="server",
        OTEL_BSP_SCHEDULE_DELAY="200",
        **QUIET,
        **variables,
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*words, "--no-browser", "--port", str(port)],
            env=env,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process, folder)
        yield url
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + WITHIN
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/ok") as answer:
                answer.read()
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{(folder / 'log').read_text('utf-8')[-4000:]}")
