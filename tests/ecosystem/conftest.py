"""Packages of others leave connections to the garbage collector, whose warnings are not for the next test."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest


def _collect() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module", autouse=True)
def small_heap() -> None:
    """As for every suite, but for those warnings."""
    _collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_left_to_collect() -> Iterator[None]:
    """Collect what a test has left, before the next one starts."""
    yield
    _collect()
