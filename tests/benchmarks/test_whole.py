"""The benchmark of whole processes runs, and its books are in order."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support.interpreters import run

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # the benchmarks stand beside the tests, and are not installed

from benchmarks import whole  # noqa: E402

# As in the README's table. The agent is in the test of the table below.
SPANS = {"LCEL of 3 steps": 4, "graph of 10 nodes": 11}


@pytest.fixture(autouse=True)
def _from_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)


@pytest.mark.parametrize("operation", SPANS)
def test_all_spans_of_an_operation_arrive_from_the_floor_and_from_langspan(operation: str) -> None:
    found = whole.measure(operation, ["untraced", "floor", "langspan"], repeat=2, starts=1, turns=1)

    assert {"untraced": 0, "floor": SPANS[operation], "langspan": SPANS[operation]} == {
        name: series.spans for name, series in found.items()
    }
    assert all(len(series.seconds) == 1 and series.seconds[0] > 0 for series in found.values())


def test_content_is_in_what_arrives_only_where_it_is_asked_for() -> None:
    variants = ["floor", "floor with content", "langspan", "with content"]

    size = {
        name: series.size
        for name, series in whole.measure("LCEL of 3 steps", variants, repeat=1, starts=1, turns=1).items()
    }

    by_hand = size["floor with content"] - size["floor"]
    assert by_hand > 400
    assert size["with content"] - size["langspan"] == pytest.approx(by_hand, rel=0.5)


def test_a_dropped_span_ends_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    full = {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8"}
    monkeypatch.setitem(whole.ENVIRONMENT, "langspan", full)

    with pytest.raises(RuntimeError, match="a process with a variant ended"):
        whole.measure("single chat", ["langspan"], repeat=2000, starts=1, turns=1)


def test_ratios_are_of_what_two_variants_add_in_the_same_turn() -> None:
    found = {
        "untraced": whole.Series([1.0, 2.0, 3.0]),
        "floor": whole.Series([2.0, 4.0, 6.0]),
        "langspan": whole.Series([3.0, 3.0, 9.0]),
    }

    assert [2.0, 0.5, 2.0] == whole.ratios(found, "langspan", "floor")


def test_the_best_other_package_is_the_one_that_adds_least() -> None:
    found = {
        "untraced": whole.Series([1.0, 1.0, 1.0]),
        "Traceloop": whole.Series([9.0, 3.0, 3.0]),
        "Langfuse": whole.Series([4.0, 4.0, 4.0]),
    }

    assert "Traceloop" == whole.best_other(found)


def test_the_table_names_ratio_spread_target_and_what_to_install() -> None:
    command = [sys.executable, "-m", "benchmarks.whole", "--quick", "--only", "agent", "--turns", "1"]

    printed = run([*command, "--variants", "langspan"], {**os.environ}, cwd=REPOSITORY)

    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if "|" in line]
    assert list(whole.HEAD) == rows[0]
    assert ["untraced", "floor", "langspan"] == [row[1] for row in rows[2:]]
    assert ["", "", "1.2"] == [row[8] for row in rows[2:]]
    assert float(rows[-1][6]) == pytest.approx(float(rows[-1][5]) / float(rows[-2][5]), rel=0.1)
