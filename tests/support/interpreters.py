"""Fresh interpreters: for what can be seen only in a process that has not imported anything yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
FOREIGN = ("OTEL_", "LANGSPAN_", "LANGSMITH_", "LANGCHAIN_")

# What pytest makes of warnings, every other interpreter makes of them too.
_PYTEST = tomllib.loads((TESTS.parent / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
WARNINGS: tuple[str, ...] = tuple(_PYTEST["filterwarnings"])
PYTHON = (sys.executable, *(part for each in WARNINGS for part in ("-W", each)))

# Refuses packages as if they were not installed.
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without any telemetry settings, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    path = os.pathsep.join(filter(None, [str(TESTS), inherited.get("PYTHONPATH", "")]))
    return {**inherited, "PYTHONPATH": path, **variables}


def run(
    command: list[str], env: Mapping[str, str] | None = None, *, cwd: Path | None = None, within: float = 90
) -> str:
    """Run a command to its end and return what it printed; fail with its errors if it fails."""
    done = subprocess.run(
        command,
        env=environment() if env is None else dict(env),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )
    assert 0 == done.returncode, f"{command[:3]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def ask(source: str, env: Mapping[str, str] | None = None, *, without: tuple[str, ...] = ()) -> Any:
    """Run a program in a fresh interpreter; return what its last line says in JSON.

    Args:
        source: The program.
        env: Its environment.
        without: Packages that it cannot import.
    """
    blocker = BLOCKER.format(blocked=set(without)) if without else ""
    output = run([*PYTHON, "-c", blocker + textwrap.dedent(source)], env)
    return json.loads(output.splitlines()[-1])
