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

_MODELS = "tests/unit_tests/language_models/chat_models/"
_RATES = (
    *("invoke", "ainvoke", "batch", "abatch", "stream", "astream"),
    *("skips_cache", "skips_cache_async[v0]", "skips_cache_async[v1]"),
)

# Tests that measure time: on a busy machine they end either way, so they are counted and not compared.
TIMED: Final[Mapping[str, Mapping[str, str]]] = {
    "langchain-core": {
        f"{_MODELS}test_benchmark.py::test_benchmark_model": "It allows a second for 1 000 calls of a model.",
        **{
            f"{_MODELS}test_rate_limiting.py::test_rate_limit_{name}": "It allows a call a fifth of a second."
            for name in _RATES
        },
    },
}
