"""What `make hosts` finds when the hosts' own tests run without tracing and with it."""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from support.interpreters import environment, run

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "hosts"
compare = runpy.run_path(str(TOOLS / "hosts_compare.py"))["compare"]

UNTRACED = {"outcomes": {"test_a": "passed", "test_b": "failed at b.py:3", "test_c": "passed"}}
TRACED = {**UNTRACED, "open_runs": 0, "never_ended": [], "orphans": [], "log_lines": []}


def compared(
    untraced: dict[str, Any] = UNTRACED, explained: dict[str, str] | None = None, **traced: Any
) -> Any:
    return compare([UNTRACED, untraced], {**TRACED, **traced}, explained or {})


def outcomes(**changed: str) -> dict[str, str]:
    return {**UNTRACED["outcomes"], **changed}


def test_tests_that_end_alike_are_good_even_if_one_fails_either_way() -> None:
    found = compared()

    assert (True, 3, 2) == (found.is_good, found.tests, found.passed)


def test_a_test_that_fails_only_traced_is_found() -> None:
    found = compared(outcomes=outcomes(test_a="failed at a.py:7"))

    assert [("test_a", "passed untraced, failed at a.py:7 traced")] == found.unexplained
    assert not found.is_good


def test_a_test_that_fails_elsewhere_when_traced_is_found() -> None:
    found = compared(outcomes=outcomes(test_b="failed at b.py:9"))

    assert [("test_b", "failed at b.py:3 untraced, failed at b.py:9 traced")] == found.unexplained


def test_a_test_that_did_not_run_traced_is_found() -> None:
    found = compared(outcomes={"test_a": "passed", "test_b": "failed at b.py:3"})

    assert [("test_c", "passed untraced, not run traced")] == found.unexplained


def test_a_test_that_ends_either_way_untraced_is_not_laid_to_tracing() -> None:
    found = compared({"outcomes": outcomes(test_a="failed at a.py:7")}, outcomes=outcomes(test_a="skipped"))

    assert (["test_a"], True) == (found.unstable, found.is_good)


def test_a_test_that_measures_time_is_not_laid_to_tracing() -> None:
    traced = {**TRACED, "outcomes": outcomes(test_a="failed at a.py:7")}
    found = compare([UNTRACED, UNTRACED], traced, {}, {"test_a": "allows a second"})

    assert (["test_a"], [], True) == (found.unstable, found.unexplained, found.is_good)


def test_an_explained_difference_is_good() -> None:
    found = compared(explained={"test_a": "counts"}, outcomes=outcomes(test_a="failed at a.py:7"))

    assert (["test_a"], True) == ([each.test for each in found.explained], found.is_good)


def test_an_explained_test_that_no_longer_differs_is_found() -> None:
    found = compared(explained={"test_a": "counts"})

    assert (["test_a"], False) == (found.outdated, found.is_good)


def test_a_run_left_open_is_found_by_its_span_or_alone() -> None:
    left = [{"test": "test_a", "what": "chat m"}]
    by_span, alone = compared(open_runs=1, never_ended=left), compared(open_runs=1)

    assert [("test_a", "span never ended: chat m")] == by_span.left
    assert [("the whole suite", "1 runs left open")] == alone.left
    assert (False, False) == (by_span.is_good, alone.is_good)


def test_a_span_without_its_parent_and_a_log_line_are_found_and_nothing_explains_them() -> None:
    orphans, lines = [{"test": "test_a", "what": "chat m"}], [{"test": "test_c", "what": "langspan: no"}]
    found = compared(explained={"test_a": "counts"}, orphans=orphans, log_lines=lines)

    assert [
        ("test_a", "span without its parent: chat m"),
        ("test_c", "log line: langspan: no"),
    ] == found.left


def test_a_suite_without_tests_is_not_good() -> None:
    found = compare([{"outcomes": {}}] * 2, {**TRACED, "outcomes": {}}, {})

    assert not found.is_good


LEAVING = """
import logging
from langchain_core.callbacks import CallbackManager
from langchain_core.runnables import RunnableLambda

def test_leaves_a_run_open_below_which_another_ends():
    above = CallbackManager.configure().on_chain_start({"name": "above"}, {})
    RunnableLambda(lambda x: x, name="below").invoke(1, {"callbacks": above.get_child()})

def test_logs():
    logging.getLogger("opentelemetry.context").error("Failed to detach context")

def test_fails():
    assert not CallbackManager.configure().handlers
"""


def traced_by_the_plugin(folder: Path) -> Any:
    (folder / "test_leaving.py").write_text(LEAVING)
    variables = environment(HOSTS_RESULTS=str(folder), HOSTS_TRACED="1")
    variables["PYTHONPATH"] = os.pathsep.join([str(TOOLS), variables["PYTHONPATH"]])
    program = (
        "import pytest; pytest.main(['-p', 'hosts_plugin', '-p', 'no:randomly', '-p', 'no:cacheprovider'])"
    )
    run([sys.executable, "-c", program], variables, cwd=folder)
    return json.loads((folder / "main.json").read_text())


def test_the_plugin_notes_what_tests_leave_behind(tmp_path: Path) -> None:
    noted = traced_by_the_plugin(tmp_path)
    # An old OpenTelemetry has no events, which langspan says before the tests begin.
    noted["log_lines"] = [each for each in noted["log_lines"] if each["test"] != "outside of tests"]
    run_left = "test_leaving.py::test_leaves_a_run_open_below_which_another_ends"
    line = "opentelemetry.context: Failed to detach context"

    assert {
        "outcomes": {
            run_left: "passed",
            "test_leaving.py::test_logs": "passed",
            "test_leaving.py::test_fails": "failed at test_leaving.py:14",
        },
        "open_runs": 1,
        "spans": 1,
        "never_ended": [{"test": run_left, "what": "above"}],
        "orphans": [{"test": run_left, "what": "below"}],
        "log_lines": [{"test": "test_leaving.py::test_logs", "what": line}],
    } == {name: value for name, value in noted.items() if name not in {"events", "measurements"}}
