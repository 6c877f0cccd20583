"""One provider on loopback for the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.providers.observe import Observatory
from support.providers.server import serve


@pytest.fixture(scope="session")
def observatory() -> Iterator[Observatory]:
    """Plays scenarios with the real LangChain classes."""
    with serve() as provider:
        yield Observatory(provider)
