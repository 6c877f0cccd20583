"""The one line that is logged about a failure may itself fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from langspan._guard import Guard


class BrokenFilter(logging.Filter):
    """A filter of the host's own that cannot take any record."""

    def filter(self, record: logging.LogRecord) -> bool:
        raise ValueError(record.name)


@pytest.fixture
def broken_logging() -> Iterator[None]:
    broken = BrokenFilter()
    logging.getLogger("langspan").addFilter(broken)
    yield
    logging.getLogger("langspan").removeFilter(broken)


@pytest.mark.usefixtures("broken_logging")
def test_a_broken_filter_of_the_hosts_does_not_let_a_failure_through() -> None:
    def fail() -> None:
        raise RuntimeError("internal")

    assert None is Guard().call(fail)
