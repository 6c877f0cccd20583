"""The pytest plugin: the fixture `traces`, and an option to write snapshots.

It stands beside the package, not in it: pytest loads it for every project of an environment, and a module of
the package would import LangChain with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from langspan.testing import Traces

_OPTION: Final = "--langspan-update"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    group = parser.getgroup("langspan", "traces of LangChain and LangGraph")
    group.addoption(_OPTION, action="store_true", help="write the snapshots of traces that differ")


@pytest.fixture
def traces(request: pytest.FixtureRequest) -> Iterator[Traces]:
    """What runs in LangChain and LangGraph during the test; nothing is exported."""
    from langspan.testing import record  # noqa: PLC0415 - only a test that needs it waits for LangChain
    from langspan.testing.snapshots import Snapshots  # noqa: PLC0415 - as above

    folder = request.path.parent / "snapshots" / request.path.stem
    name = request.node.nodeid.partition("::")[2].replace("::", ".")
    update = bool(request.config.getoption(_OPTION))
    with record(snapshots=Snapshots(folder, name, update=update)) as recorded:
        yield recorded
