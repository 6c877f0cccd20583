"""Run the own tests of LangChain and LangGraph without tracing and with it, and tell what differs.

Usage: python tools/hosts/hosts.py [HOST ...]

Each host's tests come with the source archive of its version and run in an environment of their own: the
pinned versions, and what the host says that its tests need. They run twice without tracing, which shows those
that do not always end alike, and once traced, with content and all three signals.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hosts_compare import Comparison, Finding, compare
from hosts_environment import SUITES, Suite, prepare
from hosts_explained import EXPLAINED, TIMED
from hosts_plugin import FOLDER, TRACED

_HERE = Path(__file__).resolve().parent
_LONGEST_TEST, _LONGEST_RUN = 180, 1_800
_OPTIONS = (
    *("-p", "hosts_plugin", "-p", "no:randomly", "-p", "no:cacheprovider", "-n", "2", "-q"),
    *("--disable-socket", "--allow-unix-socket", f"--timeout={_LONGEST_TEST}"),
)
# What would have a test send, or trace, or ask a real model.
_REMOVED = ("LANGSMITH_", "LANGCHAIN_", "OTEL_", "LANGSPAN_")
_COLUMNS = (
    *("Suite", "Tests", "Passed both ways", "Unstable", "Differences", "Of these explained"),
    *("Spans", "Runs left open", "Spans never ended", "Orphans", "Log lines"),
)


def run(suite: Suite, name: str, *, traced: bool) -> dict[str, Any]:
    """Run a suite once.

    Args:
        suite: Which.
        name: What to call the run.
        traced: Whether to trace it.

    Returns:
        What its processes wrote, put together.
    """
    folder = suite.folder / "results" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"{suite.name}: {name}", flush=True)
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        subprocess.run(  # noqa: S603 - the environment is made here
            [suite.python, "-m", "pytest", *_OPTIONS, suite.tests],
            cwd=suite.sources,
            env=_environment(folder, traced=traced),
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST_RUN,
            check=False,
        )
    return _merged(json.loads(each.read_text("utf-8")) for each in sorted(folder.glob("*.json")))


def _environment(folder: Path, *, traced: bool) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_REMOVED) and not name.endswith("_API_KEY")
    }
    given = {"PYTHONPATH": str(_HERE), "NO_DOCKER": "true", FOLDER: str(folder)}
    return {**kept, **given, **({TRACED: "1"} if traced else {})}


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Outcomes are known to one process; what was traced adds up."""
    merged: dict[str, Any] = defaultdict(int, outcomes={}, never_ended=[], orphans=[], log_lines=[])
    for part in parts:
        merged["outcomes"] |= part["outcomes"]
        for name, value in part.items():
            if name != "outcomes":
                merged[name] += value
    return merged


def _row(suite: Suite, version: str, found: Comparison, traced: Mapping[str, Any]) -> str:
    cells = (
        f"{suite.name} {version}",
        *(found.tests, found.passed, len(found.unstable)),
        *(len(found.explained) + len(found.unexplained), len(found.explained)),
        *(traced["spans"], traced["open_runs"]),
        *(len(traced[kind]) for kind in ("never_ended", "orphans", "log_lines")),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _print_findings(suite: Suite, found: Comparison) -> None:
    reasons = EXPLAINED.get(suite.name, {})
    _print_list(f"{suite.name}: differs", map(_told, found.unexplained))
    _print_list(
        f"{suite.name}: differs, as explained",
        (f"{_told(each)}\n  {reasons[each.test]}" for each in found.explained),
    )
    _print_list(f"{suite.name}: explained, but ends alike", found.outdated)
    _print_list(f"{suite.name}: left behind", map(_told, found.left))
    _print_list(f"{suite.name}: unstable, not compared", found.unstable)


def _told(finding: Finding) -> str:
    return f"{finding.test}: {finding.what}"


def _print_list(title: str, lines: Iterable[str]) -> None:
    listed = list(lines)
    if listed:
        print(f"\n{title} ({len(listed)})", *listed, sep="\n- ")


def examine(suite: Suite) -> tuple[str, Comparison]:
    """Run a suite in every way.

    Args:
        suite: Which.

    Returns:
        Its row of the table, and what was found.
    """
    version = prepare(suite)
    untraced = [run(suite, name, traced=False) for name in ("untraced", "untraced-again")]
    traced = run(suite, "traced", traced=True)
    found = compare(untraced, traced, EXPLAINED.get(suite.name, {}), TIMED.get(suite.name, {}))
    return _row(suite, version, found, traced), found


def main() -> int:
    """Run the command; 1 if something was found that is not explained."""
    parser = argparse.ArgumentParser(description="Run the hosts' own tests without tracing and with it.")
    parser.add_argument("hosts", nargs="*", metavar="HOST", help=", ".join(each.name for each in SUITES))
    asked = parser.parse_args().hosts
    suites = [each for each in SUITES if not asked or each.name in asked]
    examined = [(suite, *examine(suite)) for suite in suites]
    print(f"\n| {' | '.join(_COLUMNS)} |", "| --- " * len(_COLUMNS) + "|", sep="\n")
    for _, row, _ in examined:
        print(row)
    for suite, _, found in examined:
        _print_findings(suite, found)
    return int(not all(found.is_good for _, _, found in examined))


if __name__ == "__main__":
    sys.exit(main())
