"""Connections to the MCP server of `ecosystem.mcp_server`, for `langchain_mcp_adapters`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.interpreters import environment

COMMAND = ("-m", "ecosystem.mcp_server")


def stdio(endpoint: str) -> dict[str, Any]:
    """A server that each session starts for itself.

    Args:
        endpoint: Where it sends its spans.
    """
    env = environment(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    return {"transport": "stdio", "command": sys.executable, "args": [*COMMAND, "stdio"], "env": env}


@contextmanager
def http(endpoint: str, transport: str = "http") -> Iterator[dict[str, Any]]:
    """A server that runs meanwhile.

    Args:
        endpoint: Where it sends its spans.
        transport: How it speaks: "http", or "sse" as of old.
    """
    env = environment(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    with subprocess.Popen(
        [sys.executable, *COMMAND, transport], env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield {"transport": transport, "url": process.stdout.readline().strip()}
        finally:
            process.terminate()
