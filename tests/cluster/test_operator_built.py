"""deploy/operator/Dockerfile, built by a real engine: `make operator-test`.

What an application finds in a pod is copied out of the image as the operator copies it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from cluster.manifests import REPOSITORY
from cluster.pod import OPERATOR, REQUIREMENTS, traced

SWITCH = "LANGSPAN_OPERATOR_TEST"
IMAGE = "langspan-autoinstrumentation:test"
MOST_BYTES = 60_000_000
FOLDERS = ("/autoinstrumentation", "/autoinstrumentation-musl")
each_folder = pytest.mark.parametrize("folder", FOLDERS)


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["docker", *arguments], cwd=REPOSITORY, capture_output=True, timeout=900, check=check
    )


def why_not() -> str | None:
    """Return what is missing to build the image here; None if nothing is."""
    if SWITCH not in os.environ:
        return "builds an image: `make operator-test` does it"
    if shutil.which("docker") is None:
        return "no docker command: install docker, or podman with its docker command"
    if docker("info", check=False).returncode:
        return "no engine answers: start dockerd, or set DOCKER_HOST"
    return None


@pytest.fixture(scope="module")
def image() -> str:
    """The image, built with the command of the Dockerfile, on the host's network."""
    if reason := why_not():
        pytest.skip(reason)
    file = str(OPERATOR / "Dockerfile")
    done = docker("build", "--network", "host", "-f", file, "-t", IMAGE, ".", check=False)
    assert 0 == done.returncode, (done.stdout + done.stderr).decode()[-3000:]
    return IMAGE


def unprivileged(image: str, shell: str) -> bytes:
    """Run a shell line as a pod's init container would be, with its volume; return what it printed."""
    rights = ("--user", "10001:10001", "--read-only", "--cap-drop", "ALL", "--network", "none")
    volume = ("--tmpfs", "/otel-auto-instrumentation-python:mode=1777")
    return docker("run", "--rm", *rights, *volume, image, "sh", "-ec", shell).stdout


@pytest.fixture(params=FOLDERS)
def injected(request: pytest.FixtureRequest, image: str, tmp_path: Path) -> Path:
    """What the operator's own command copies into a pod."""
    volume = "/otel-auto-instrumentation-python"
    packed = unprivileged(image, f"cp -r {request.param}/. {volume} && tar -C {volume} -c .")
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def test_what_an_unprivileged_container_copies_traces_an_application(
    injected: Path, application: Path
) -> None:
    """Compiled parts for another Python or another C library are left aside: they have twins in Python."""
    done, spans = traced(application, injected)
    assert (0, "HELLO\n", "") == (done.returncode, done.stdout, done.stderr)
    assert [("upper", "shop")] == [(span.name, span.resource["service.name"]) for span in spans]


@each_folder
def test_versions_in_the_image_are_those_that_are_asked_for(image: str, folder: str) -> None:
    listed = unprivileged(image, f"cd {folder}; echo *.dist-info").decode().split()
    found = {re.sub(r"[-_]+", "-", name.removesuffix(".dist-info").replace("-", "==", 1)) for name in listed}
    assert found >= {*REQUIREMENTS, "langspan==0.1.0"}
    assert not any(name.startswith(("langchain", "langgraph", "grpcio", "pydantic")) for name in found)


@each_folder
def test_anybody_can_read_all_of_it(image: str, folder: str) -> None:
    assert b"" == unprivileged(image, f"find {folder} ! -perm -o+r; find {folder} -type d ! -perm -o+x")


def test_it_is_small_and_nobody_is_root_in_it(image: str) -> None:
    """Nothing is stored twice, or compiled for one Python."""
    told = docker("image", "inspect", "--format", "{{.Config.User}} {{.Size}}", image).stdout.decode().split()
    assert ("65532:65532", True) == (told[0], int(told[1]) < MOST_BYTES)
    assert b"" == unprivileged(image, "find / -xdev -name __pycache__ -o -xdev -name '*.pyc'")
