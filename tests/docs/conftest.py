"""Runs each program of README.md when the first test asks for it, and only once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from docs.programs import PROGRAMS, Ran, run


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """What became of the program of that name."""
    return cache(lambda name: run(PROGRAMS[name], tmp_path_factory.mktemp("program")))
