"""The web service of the recipe, run by real servers on loopback, and the cells of the notebook."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docs.pages import page
from docs.programs import environment

_PAGE = page("docs/recipes/fastapi.md")
FASTAPI = _PAGE.block("FastAPI", "python").code
UVICORN = _PAGE.block("With uvicorn", "sh").code.splitlines()[-1]
GUNICORN = _PAGE.block("With gunicorn", "sh").code.splitlines()[-1]
LAMBDA = page("docs/recipes/lambda.md").block("AWS Lambda", "python").code
CLOUD_RUN = page("docs/recipes/cloud-run.md").block("Cloud Run", "python").code
TASKS = page("docs/recipes/celery.md").block("Celery", "python").code
CELERY = page("docs/recipes/celery.md").block("Celery", "sh").code.splitlines()
_SERVER = page("docs/recipes/langgraph-server.md")
# Run by tests/ecosystem.
SHOP = _SERVER.block("Start the server", "python").code
CALLER = _SERVER.block("Call it", "python").code
CALL_IT = _SERVER.block("Call it", "sh").code
START_IT = _SERVER.block("Start the server", "sh").code.splitlines()[-1]
NOTEBOOK = [block.code for block in page("docs/recipes/notebooks.md").blocks if block.language == "python"]

# What each server prints when it accepts connections, with its address.
_READY = re.compile(r"(?:running on|Listening at:) (http://127\.0\.0\.1:\d+)")


@contextmanager
def served(command: str, folder: Path, endpoint: str) -> Iterator[str]:
    """Serve the recipe's application on a free port, and stop the server as a supervisor would.

    Args:
        command: What the page says.
        folder: Where `app.py` is.
        endpoint: Where spans go.

    Yields:
        The address.
    """
    (folder / "app.py").write_text(FASTAPI, "utf-8")
    free = ["--port", "0"] if command.startswith("uvicorn ") else ["--bind", "127.0.0.1:0"]
    server = subprocess.Popen(
        [*shlex.split(command), *free],
        cwd=folder,
        env=environment(endpoint),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert server.stderr is not None
    printed = []
    try:
        for line in server.stderr:
            printed.append(line)
            if ready := _READY.search(line):
                yield ready[1]
                break
        else:
            raise AssertionError("".join(printed))
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            _, rest = server.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.communicate()
            raise
        # uvicorn ends by the signal that stopped it.
        assert server.returncode in (0, -signal.SIGTERM), "".join(printed) + rest


def get(url: str) -> str:
    """The body of an answer."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        text: str = answer.read().decode()
    return text
