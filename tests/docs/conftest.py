"""Runs the programs of README.md, two at a time: most of their time goes into importing LangChain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from docs.programs import PROGRAMS, Ran, run


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Ran]]:
    """What became of the program of that name."""
    pool = ThreadPoolExecutor(2)
    results = {
        name: pool.submit(run, program, tmp_path_factory.mktemp("program"))
        for name, program in PROGRAMS.items()
    }
    yield lambda name: results[name].result()
    pool.shutdown(cancel_futures=True)
