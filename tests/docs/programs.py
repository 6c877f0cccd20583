"""The programs of the pages, run as a reader would: in a shell, in a folder, with an endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from docs.pages import README, page
from support.interpreters import WARNINGS
from support.otlp import receive
from support.otlp_data import Span

APP = README.block("Add one call", "python").code
_DEFAULT_ENDPOINT = "http://localhost:4318"

# What a reader adds to see the effect of a block that only sets up.
_PAY = """
from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate

model = FakeListChatModel(responses=["Noted: 4111111111111111."])
chain = ChatPromptTemplate([("human", "My card is {card}.")]) | model
chain.invoke({"card": "5500005555555559"})
"""


@dataclass(frozen=True)
class Program:
    """What a reader types.

    Attributes:
        app: The file `app.py` that they have written before.
        shell: What they type then.
        files: Other files that they have written, by name.
        packages: What they have installed besides, by the names of modules.
        strict: Warnings are errors; not for programs that run other packages' code.
    """

    app: str
    shell: str = "python app.py\n"
    files: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    strict: bool = True


def _python(name: str, section: str, number: int = 0) -> str:
    return page(f"docs/{name}.md").block(section, "python", number).code


def _shell(name: str, section: str, number: int = 0) -> str:
    return page(name).block(section, "sh", number).code


def _without_docker(shell: str) -> str:
    """Services are started by other tests; here the endpoint is one of theirs."""
    return "".join(line for line in shell.splitlines(keepends=True) if not line.startswith("docker "))


def _installed(shell: str) -> str:
    """What is installed is there already."""
    return "".join(line for line in shell.splitlines(keepends=True) if not line.startswith("pip "))


def _untraced(app: str) -> str:
    return "".join(line for line in app.splitlines(keepends=True) if "langspan" not in line)


PROGRAMS: Mapping[str, Program] = {
    "one call": Program(APP, _without_docker(_shell("README.md", "Send it to Jaeger"))),
    "the first trace": Program(APP, _shell("README.md", "See the first trace")),
    "the first trace, step by step": Program(
        _python("get-started", "Add one call"),
        _shell("docs/get-started.md", "See the trace in the terminal"),
    ),
    "no code": Program(_untraced(APP), _shell("docs/get-started.md", "Trace without changing the code")),
    "an endpoint": Program(APP, _shell("docs/running.md", "To a collector you already have")),
    "counts": Program(_python("delivery", "Counts")),
    "context": Program(_python("context", "Conversation, user, tags")),
    "a job": Program(_python("context", "A trace that goes on elsewhere")),
    "run at hand": Program(_python("run-at-hand", "The run at hand")),
    "evaluation": Program(
        _python("evaluation", "Evaluation and feedback"),
        _shell("docs/evaluation.md", "Later, from anywhere"),
        {"feedback.py": _python("evaluation", "Later, from anywhere")},
    ),
    "keep": Program(_python("keep", "Keep what matters")),
    "keep in a provider": Program(_python("keep", "With a provider of your own")),
    "budgets": Program(_python("budgets", "Budgets")),
    "stop at a budget": Program(_python("budgets", "Stop an agent"), packages=("langchain",)),
    "cost": Program(_python("cost", "Cost"), _shell("docs/cost.md", "Cost", 1)),
    "page": Program(
        _python("page", "A page to look at"),
        _shell("docs/page.md", "A page to look at") + "cat traces.html\n",
    ),
    "diff": Program(
        _python("diff", "Two runs side by side"), _shell("docs/diff.md", "Two runs side by side")
    ),
    "last trace": Program(_python("page", "In a notebook")),
    "a handler for each tenant": Program(_python("tenants", "A handler for each call")),
    "a router": Program(_python("tenants", "A router")),
    "a dialect": Program(_python("readers", "Other readers")),
    "a dialect in a provider": Program(_python("readers", "With a provider of your own")),
    "flush": Program(_python("processes", "When the process ends")),
    "one handler": Program(_python("other-tracers", "One handler, no patches")),
    "redact": Program(_python("content", "Redact it") + _PAY),
    "some content": Program(_python("content", "Some of it") + _PAY),
    "redact with what is there": Program(_python("content", "Ready-made functions") + _PAY),
    "a set-up before": Program(_python("recipes/opentelemetry", "Your set-up comes first")),
    "a set-up after": Program(_python("recipes/opentelemetry", "langspan comes first")),
    "a provider": Program(_python("recipes/opentelemetry", "LangChain's spans go somewhere else")),
    "fifty requests": Program(
        _python("recipes/failing-request", "Find the failing request"),
        _shell("docs/recipes/failing-request.md", "In a file"),
    ),
    "view": Program(
        _python("view", "Look at traces in the terminal"),
        _shell("docs/view.md", "Look at traces in the terminal"),
    ),
    "tokens": Program(
        _python("recipes/tokens", "Sum a conversation's tokens", 0),
        _shell("docs/recipes/tokens.md", "Sum a conversation's tokens", 1),
        {"tokens.py": _python("recipes/tokens", "Sum a conversation's tokens", 1)},
        packages=("langchain",),
    ),
    "cron": Program(_python("recipes/cron", "Cron")),
    "attributes": Program(_python("recipes/attributes", "Your own attributes")),
    "demo": Program("", _installed(_shell("README.md", "Try the demo")), packages=("langchain",)),
    "tests": Program(
        "",
        _shell("docs/testing.md", "Test your application", 1),
        {"test_agent.py": _python("testing", "Test your application")},
        packages=("langchain",),
        strict=False,
    ),
    "tests without pytest": Program(_python("testing", "Without pytest"), strict=False),
}


@dataclass(frozen=True)
class Ran:
    """What became of a program: what it printed, and the spans that arrived at the endpoint."""

    out: str
    spans: list[Span]

    def paths(self) -> list[str]:
        """Each span as the names from the root down to it."""
        return paths(self.spans)


def paths(spans: list[Span]) -> list[str]:
    """Each span as the names from the root down to it."""
    by_id = {span.span_id: span for span in spans}

    def path(span: Span) -> str:
        parent = by_id.get(span.parent_id or "")
        return f"{path(parent)}/{span.name}" if parent else span.name

    return sorted(map(path, spans))


def environment(endpoint: str) -> dict[str, str]:
    """A reader's environment: nothing of ours but the endpoint, and the commands on the path."""
    ours = ("OTEL_", "LANGSPAN_", "LANGSMITH_", "PYTHON", "PYTEST_")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ["PATH"]])
    return {**environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}


def run(program: Program, folder: Path) -> Ran:
    """Run a program; the endpoint is its only setting, and nothing but its output may be printed."""
    for name, text in {"app.py": program.app, **program.files}.items():
        (folder / name).write_text(text, "utf-8")
    with receive() as server:
        done = subprocess.run(
            ["sh", "-ec", program.shell.replace(_DEFAULT_ENDPOINT, server.endpoint)],
            cwd=folder,
            env=environment(server.endpoint)
            | ({"PYTHONWARNINGS": ",".join(WARNINGS)} if program.strict else {}),
            capture_output=True,
            timeout=120,
            encoding="utf-8",
            check=False,
        )
    assert (0, "") == (done.returncode, done.stderr if program.strict else ""), done.stdout
    return Ran(done.stdout, server.received.spans)
