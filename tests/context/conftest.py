"""Assertions of the shared check show what they compared; collecting garbage after each case is cheap."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("support.cases")


@pytest.fixture(scope="module", autouse=True)
def frozen_past() -> Iterator[None]:
    """Garbage is looked for among what a module of cases made, not among all that was there before."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
