"""An application's container, and what the OpenTelemetry operator puts beside it."""

from __future__ import annotations

import re
import subprocess
import venv
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from cluster.manifests import REPOSITORY
from support.otlp import receive
from support.otlp_data import Span

OPERATOR = REPOSITORY / "deploy" / "operator"
REQUIREMENTS = [
    line for line in (OPERATOR / "requirements.txt").read_text().splitlines() if not line.startswith("#")
]
# What the operator sets; a test in test_manifests.py says which of it the resource overrides.
SET_BY_THE_OPERATOR = {
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_SERVICE_NAME": "shop",
}
APP = """
from langchain_core.runnables import RunnableLambda

print(RunnableLambda(str.upper).invoke("hello"))
"""


def closure(names: list[str]) -> Iterator[Distribution]:
    """Yield these distributions and all that they need, as installed here."""
    waiting, seen = list(names), set[str]()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in seen or not (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield found
        waiting += found.requires or []


def lay(distributions: Iterator[Distribution], folder: Path) -> Path:
    """Lay the files of distributions into a folder, as `pip install --target` would."""
    for found in distributions:
        for file in found.files or ():
            if file.parts[0] not in ("..", "") and file.suffix != ".pyc":
                copy = folder / file
                copy.parent.mkdir(parents=True, exist_ok=True)
                if not copy.exists():
                    copy.symlink_to(Path(str(file.locate())))
    return folder


def make_application(folder: Path) -> Path:
    """Make an interpreter that has LangChain, and neither langspan nor OpenTelemetry."""
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    lay(closure(["langchain-core"]), packages)
    assert not list(packages.glob("opentelemetry*"))
    (folder / "app.py").write_text(APP)
    return folder


def run(application: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the application with these variables and no others."""
    command = [application / "bin" / "python", application / "app.py"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def traced(application: Path, injected: Path) -> tuple[subprocess.CompletedProcess[str], Sequence[Span]]:
    """Run the application with what the operator puts on its path; return also the spans that it sent."""
    path = f"{injected}/opentelemetry/instrumentation/auto_instrumentation:{injected}"
    with receive() as server:
        done = run(
            application,
            PYTHONPATH=path,
            OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_TRACES_EXPORTER="otlp",
            **SET_BY_THE_OPERATOR,
        )
        return done, server.received.spans
