"""Packages of others leave connections to the garbage collector, whose warnings are not for the next test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.heap import collect_quietly


@pytest.fixture(autouse=True)
def nothing_left_to_collect() -> Iterator[None]:
    """Collect what a test has left, before the next one starts."""
    yield
    collect_quietly()
