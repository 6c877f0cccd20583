"""The commands of the page "Running it", word for word, under a project name and on ports of their own."""

from __future__ import annotations

import os
import re
import subprocess

from compose.stack import REPOSITORY, Stack, volumes
from docs.pages import page

BLOCKS = [
    block.code
    for block in page("docs/running.md").blocks
    if block.section == "2. With docker: a collector and Jaeger" and block.language == "sh"
]


def test_the_second_step_starts_traces_and_stops() -> None:
    """Variables choose the name and the ports, as the page says. Traces stay; `--volumes` removes them."""
    before = volumes()
    with Stack(REPOSITORY) as stack:
        environ = {**os.environ, "COMPOSE_PROJECT_NAME": stack.name}
        environ |= {name: str(port) for name, port in stack.ports.items()}

        def run(shell: str) -> str:
            done = subprocess.run(
                ["sh", "-ec", shell],
                cwd=REPOSITORY,
                env=environ,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert 0 == done.returncode, done.stdout + done.stderr
            return done.stdout

        start, stop = BLOCKS
        (trace_id,) = {*re.findall(r"\b[0-9a-f]{32}\b", run(start))}
        assert stack.jaeger.trace(trace_id, spans=2)
        run(stop)
        assert ({}, 4) == (stack.services(), len(volumes() - before))
        run(f"{stop.strip()} --volumes")
        assert [] == stack.left()
