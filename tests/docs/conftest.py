"""Runs each program of the pages when the first test asks for it, and only once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from docs.programs import PROGRAMS, Ran, run


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """What became of the program of that name; skips where it needs what is not there."""

    @cache
    def run_once(name: str) -> Ran:
        return run(PROGRAMS[name], tmp_path_factory.mktemp("program"))

    def run_if_possible(name: str) -> Ran:
        for package in PROGRAMS[name].packages:
            pytest.importorskip(package, reason=f"the program needs it: pip install {package}")
        return run_once(name)

    return run_if_possible
