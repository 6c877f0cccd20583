"""The shipped compose file on a real engine, under a project name and on ports of its own.

`make compose-test` runs it. It needs an engine, the compose plugin and the images.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.stack import REPOSITORY, Stack, why_not


@pytest.fixture(scope="session", autouse=True)
def engine() -> None:
    """Skip where there is nothing to run the file on, and say what is missing."""
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture(scope="module")
def stack(engine: None) -> Iterator[Stack]:
    """The stack as it is shipped; gone after the module, with its volumes."""
    with Stack(REPOSITORY) as stack:
        stack.up()
        yield stack


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the compose file mounts, to be changed."""
    shutil.copy(REPOSITORY / "docker-compose.yml", tmp_path)
    shutil.copytree(REPOSITORY / "collector-config", tmp_path / "collector-config")
    return tmp_path
