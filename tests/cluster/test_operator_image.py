"""The image for the OpenTelemetry operator: what it holds traces an application that knows nothing of it."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from cluster.manifests import REPOSITORY
from support.otlp import receive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the image is for Linux")

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


@pytest.fixture(scope="module")
def injected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the operator copies into a pod: the requirements with all that they need, and langspan alone."""
    folder = lay(closure(REQUIREMENTS), tmp_path_factory.mktemp("injected"))
    for source in (REPOSITORY / "src").iterdir():
        (folder / source.name).symlink_to(source)
    entry_points = "[opentelemetry_instrumentor]\nlangspan = langspan:LangSpanInstrumentor\n"
    about = folder / "langspan-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: langspan\nVersion: 0.1.0\n")
    (about / "entry_points.txt").write_text(entry_points)
    return folder


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has LangChain, and neither langspan nor OpenTelemetry."""
    folder = tmp_path_factory.mktemp("application")
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    lay(closure(["langchain-core"]), packages)
    assert not list(packages.glob("opentelemetry*"))
    (folder / "app.py").write_text(APP)
    return folder


def run(application: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [application / "bin" / "python", application / "app.py"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_an_application_is_traced_by_what_the_operator_puts_on_its_path(
    injected: Path, application: Path
) -> None:
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
        spans = server.received.spans
    assert (0, "HELLO\n", "") == (done.returncode, done.stdout, done.stderr)
    assert [("upper", "shop")] == [(span.name, span.resource["service.name"]) for span in spans]


def test_without_it_the_application_is_the_same(application: Path) -> None:
    done = run(application)
    assert (0, "HELLO\n", "") == (done.returncode, done.stdout, done.stderr)


def test_nothing_compiled_for_one_python_is_needed(injected: Path) -> None:
    """The gRPC package is; wrapt and protobuf have a part in Python for all others."""
    assert not (injected / "grpc").exists()
    compiled = {file.relative_to(injected).parts[0] for file in injected.rglob("*.so")}
    assert {"wrapt", "google"} >= {name for name in compiled if not name.startswith(("_", "charset"))}


def test_nothing_of_the_applications_own_is_brought(injected: Path) -> None:
    assert [] == [*injected.glob("langchain*"), *injected.glob("langgraph*"), *injected.glob("pydantic*")]


def test_versions_are_those_that_the_tests_run() -> None:
    newest = (REPOSITORY / "requirements" / "newest.txt").read_text().splitlines()
    assert [] == [line for line in REQUIREMENTS if line not in newest]


def test_the_image_has_the_two_folders_that_the_operator_copies() -> None:
    """And `cp`, which busybox has."""
    lines = (OPERATOR / "Dockerfile").read_text().splitlines()
    copied = [line.split()[-1] for line in lines if line.startswith("COPY --from=")]
    assert ["/autoinstrumentation", "/autoinstrumentation-musl"] == copied
    assert "FROM busybox:${BUSYBOX_VERSION}" in lines


def test_base_images_have_the_versions_of_compose() -> None:
    compose = (REPOSITORY / "docker-compose.yml").read_text()
    dockerfile = (OPERATOR / "Dockerfile").read_text()
    for name in ("PYTHON_VERSION", "BUSYBOX_VERSION"):
        (shipped,) = {*re.findall(rf"\$\{{{name}:-([\d.]+)\}}", compose)}
        assert f"ARG {name}={shipped}\n" in dockerfile


def test_what_the_dockerfile_copies_exists() -> None:
    lines = (OPERATOR / "Dockerfile").read_text().splitlines()
    copied = {
        path
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for path in line.split()[1:-1]
    }
    assert [] == [path for path in copied if not (REPOSITORY / path).exists()]


def test_the_resource_names_the_image_that_the_dockerfile_says_how_to_build() -> None:
    resource = yaml.safe_load((REPOSITORY / "deploy/kubernetes/operator/instrumentation.yaml").read_text())
    assert f"-t {resource['spec']['python']['image']} ." in (OPERATOR / "Dockerfile").read_text()
