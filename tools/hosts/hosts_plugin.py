"""A pytest plugin: notes how tests end and, where asked, traces them and notes what tracing left behind.

Each process of a run writes a file of its own into the folder that the variable names; with workers, the one
that deals the tests out knows how they ended, and each of the others what it traced.
"""

from __future__ import annotations

import gc
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = "HOSTS_RESULTS"
TRACED = "HOSTS_TRACED"
_NOWHERE = "outside of tests"


class Outcomes:
    """How each test ended, and where if it failed: a test that fails elsewhere has changed too."""

    def __init__(self) -> None:
        self.noted: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a phase of a test says; its setup and its end count only if they fail or skip it."""
        if report.when == "call" or report.outcome != "passed":
            expected = "x" if hasattr(report, "wasxfail") else ""
            self.noted[report.nodeid] = f"{expected}{report.outcome}{_place(report)}"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot be read as tests."""
        if report.outcome == "failed":
            self.noted[report.nodeid] = "not collected"


def _place(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    phase = "" if report.when == "call" else f" in {report.when}"
    return phase if crash is None else f"{phase} at {Path(crash.path).name}:{crash.lineno}"


class LogLines(logging.Handler):
    """Log lines of langspan and OpenTelemetry that an application would see."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.test = _NOWHERE
        self.noted: list[dict[str, str]] = []
        for name in ("langspan", "opentelemetry"):
            logging.getLogger(name).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line and the test in which it was logged."""
        self.noted.append({"test": self.test, "what": f"{record.name}: {record.getMessage()}"})


class Tracing:
    """Traces all tests of this process, with content, into memory."""

    def __init__(self) -> None:
        # What runs untraced must not even import these.
        from hosts_telemetry import Telemetry  # noqa: PLC0415

        import langspan  # noqa: PLC0415

        self._lines = LogLines()
        self._telemetry = Telemetry(_NOWHERE)
        self._handle = langspan.instrument(**self._telemetry.providers, capture_content="both")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Know which test runs."""
        self._telemetry.spans.test = self._lines.test = item.nodeid
        try:
            return (yield)
        finally:
            self._telemetry.spans.test = self._lines.test = _NOWHERE
            self._telemetry.forget_events()

    def results(self) -> dict[str, Any]:
        """What was traced, and what tracing left behind."""
        gc.collect()  # streams that tests dropped end when they are freed
        return {
            "open_runs": self._handle.open_runs,
            "log_lines": self._lines.noted,
            **self._telemetry.results(),
        }


class Writer:
    """Writes results at the end of the session."""

    def __init__(self, path: Path, outcomes: Outcomes | None, tracing: Tracing | None) -> None:
        self._path = path
        self._outcomes = outcomes
        self._tracing = tracing

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write them."""
        results: dict[str, Any] = {"outcomes": self._outcomes.noted if self._outcomes else {}}
        if self._tracing is not None:
            results |= self._tracing.results()
        self._path.write_text(json.dumps(results), "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Register what this process has to note."""
    is_worker = hasattr(config, "workerinput")
    deals_out = not is_worker and getattr(config.option, "numprocesses", None)
    outcomes = None if is_worker else Outcomes()
    tracing = Tracing() if os.environ.get(TRACED) and not deals_out else None
    name = os.environ.get("PYTEST_XDIST_WORKER", "main") if is_worker else "main"
    writer = Writer(Path(os.environ[FOLDER]) / f"{name}.json", outcomes, tracing)
    for plugin in (outcomes, tracing, writer):
        if plugin is not None:
            config.pluginmanager.register(plugin)
