"""Assertions of the shared check show what they compared; collecting garbage after each case is cheap."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("support.cases")


@pytest.fixture(scope="session", autouse=True)
def frozen_imports() -> Iterator[None]:
    """Garbage is looked for among what the cases made, not among all the modules that are imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
