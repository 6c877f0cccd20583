"""The image for the OpenTelemetry operator: what it holds traces an application that knows nothing of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from cluster.manifests import REPOSITORY
from cluster.pod import OPERATOR, REQUIREMENTS, closure, lay, run, traced

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the image is for Linux")


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


def test_an_application_is_traced_by_what_the_operator_puts_on_its_path(
    injected: Path, application: Path
) -> None:
    done, spans = traced(application, injected)
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
