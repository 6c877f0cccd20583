"""No operation makes more calls for langspan than are written down here: no busy machine can blur that.

Who lowers one lowers the bound with it, and who has a reason to raise one says it in the commit.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from support.capabilities import GRAPH_CALLBACKS
from support.interpreters import run

REPOSITORY = Path(__file__).resolve().parents[2]
# Calls of langspan's Python functions, and of C functions by them, without metrics and content.
MOST = {
    "single chat": (96, 83),
    "LCEL of 3 steps": (240, 178),
    "astream of 200 tokens": (1_705, 1_490),
    "agent with 2 tool calls": (815, 730),
    "graph of 10 nodes": (570, 430),
    "tool": (65, 38),
    "retriever": (71, 40),
}
MOST_SAMPLED_OUT = {"single chat": (68, 38), "graph of 10 nodes": (410, 290)}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the benchmarks count, in processes of their own: others may patch LangChain here."""
    file = tmp_path_factory.mktemp("calls") / "counts.json"
    command = [
        *(sys.executable, "-m", "benchmarks.counts", "--only", ",".join(MOST), "--json", str(file)),
        *("--variants", "untraced,langspan,sampled out", "--warm-up", "3", "--operations", "1"),
    ]
    run(command, cwd=REPOSITORY, within=600)
    return json.loads(file.read_text("utf-8"))


def skip_if_older(operation: str) -> None:
    if not GRAPH_CALLBACKS.there and operation.startswith(("agent", "graph")):
        pytest.skip("an older LangGraph starts more runs for each node; the newest is counted")


@pytest.mark.parametrize("operation", MOST)
def test_an_operation_makes_no_more_calls_than_it_did(operation: str, counted: Any) -> None:
    skip_if_older(operation)
    made = counted[operation]["langspan"]["langspan"]
    assert (True, True) == (made["Python"] <= MOST[operation][0], made["C"] <= MOST[operation][1]), made


@pytest.mark.parametrize("operation", MOST_SAMPLED_OUT)
def test_what_is_sampled_out_makes_no_more_calls_than_it_did(operation: str, counted: Any) -> None:
    skip_if_older(operation)
    made, most = counted[operation]["sampled out"]["langspan"], MOST_SAMPLED_OUT[operation]
    assert (True, True) == (made["Python"] <= most[0], made["C"] <= most[1]), made
