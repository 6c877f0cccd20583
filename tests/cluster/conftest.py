"""What the tests of the operator's image share."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.pod import make_application


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has LangChain, and neither langspan nor OpenTelemetry."""
    return make_application(tmp_path_factory.mktemp("application"))
