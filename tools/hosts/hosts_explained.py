"""Tests of the hosts that end differently when traced, and why that is right.

An entry whose test ends alike fails the run, so that none outlives its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By the host, then by the test.
EXPLAINED: Final[Mapping[str, Mapping[str, str]]] = {
    "langchain-core": {
        "tests/unit_tests/runnables/test_config.py::test_merge_config_callbacks": (
            "It counts the handlers of a configured manager, and there langspan's is one more."
        ),
    },
}
