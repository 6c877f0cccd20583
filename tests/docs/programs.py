"""The programs of README.md, run as a reader would: in a shell, in a folder, with an endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.pages import README
from support.interpreters import WARNINGS
from support.otlp import receive
from support.otlp_data import Span

APP = "Trace your own application"

# What a reader adds to see the effect of a block that only sets up.
_PAY = """
from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate

model = FakeListChatModel(responses=["Noted: 4111111111111111."])
chain = ChatPromptTemplate([("human", "My card is {card}.")]) | model
chain.invoke({"card": "5500005555555559"})
"""


def _python(section: str, number: int = 0) -> str:
    return README.block(section, "python", number).code


def _untraced(app: str) -> str:
    return "".join(line for line in app.splitlines(keepends=True) if "langspan" not in line)


@dataclass(frozen=True)
class Program:
    """What a reader types.

    Attributes:
        app: The file `app.py` that they have written before.
        shell: What they type then.
    """

    app: str
    shell: str = "python app.py\n"


PROGRAMS: Mapping[str, Program] = {
    "one call": Program(_python(APP, 0), README.block(APP, "sh", 2).code),
    "flush": Program(_python(APP, 1)),
    "help": Program(_python(APP, 0), README.block(APP, "sh", 3).code),
    "no code": Program(_untraced(_python(APP, 0)), README.block("Without touching the code", "sh").code),
    "a provider": Program(_python("With OpenTelemetry already set up")),
    "one handler": Program(_python("One handler, no patches")),
    "redact": Program(_python("Privacy") + _PAY),
}


@dataclass(frozen=True)
class Ran:
    """What became of a program: what it printed, and the spans that arrived at the endpoint."""

    out: str
    spans: list[Span]

    def paths(self) -> list[str]:
        """Each span as the names from the root down to it."""
        by_id = {span.span_id: span for span in self.spans}

        def path(span: Span) -> str:
            parent = by_id.get(span.parent_id or "")
            return f"{path(parent)}/{span.name}" if parent else span.name

        return sorted(map(path, self.spans))


def run(program: Program, folder: Path) -> Ran:
    """Run a program; the endpoint is its only setting, and nothing but its output may be printed."""
    (folder / "app.py").write_text(program.app, "utf-8")
    ours = ("OTEL_", "LANGSPAN_", "LANGSMITH_", "PYTHON")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ["PATH"]])
    with receive() as server:
        done = subprocess.run(
            ["sh", "-ec", program.shell],
            cwd=folder,
            env={
                **environ,
                "PYTHONWARNINGS": ",".join(WARNINGS),
                "OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint,
            },
            capture_output=True,
            timeout=120,
            encoding="utf-8",
            check=False,
        )
    assert (0, "") == (done.returncode, done.stderr)
    return Ran(done.stdout, server.received.spans)
