"""Take a snapshot of all telemetry that the test suite makes, and compare two of them.

Nothing here knows langspan from inside, so the same tool serves a source tree before and after it is
rearranged::

    export PYTHONPATH=src:tools TELEMETRY_SNAPSHOT=DIRECTORY
    python -m pytest -p telemetry_snapshot -p no:randomly -n 2
    python tools/telemetry_snapshot.py compare BEFORE AFTER [--base2 BEFORE_AGAIN]

A pytest plugin when imported by pytest: each test worker writes a file of its own into the directory, one
line for each test. What child interpreters do is not seen. Suites whose tests remember what others have
observed, as those of providers do, need `-n 0`: which test observes first depends on how tests are dealt to
workers.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk._logs import Logger
from opentelemetry.sdk.metrics._internal.measurement_consumer import SynchronousMeasurementConsumer
from opentelemetry.sdk.trace import ConcurrentMultiSpanProcessor, ReadableSpan, SynchronousMultiSpanProcessor
from opentelemetry.trace import SpanContext, get_current_span

from snapshot_compare import compare

VARIABLE = "TELEMETRY_SNAPSHOT"
SCOPE = "langspan"
MAX_NAMES = 50_000


class Snapshot:
    """Notes telemetry of one scope as the SDK receives it.

    Args:
        scope: The name of the instrumentation scope; spans of others matter as parents only.
    """

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._names: dict[tuple[int, int], str] = {}
        self._records: list[str] = []

    def taken(self) -> list[str]:
        """What was noted since this was last asked, each record as JSON."""
        records, self._records = self._records, []
        if len(self._names) > MAX_NAMES:
            self._names.clear()
        return records

    def started(self, processor: Any, span: ReadableSpan, *args: Any, **kwargs: Any) -> None:
        """A span starts: samplers have seen what it says now, and it may never end."""
        self._name(span)
        if self._is_ours(span):
            self._note(type="start", **_identity(span), parent=self._name_of(span.parent))

    def ended(self, processor: Any, span: ReadableSpan) -> None:
        """A span has ended."""
        self._name(span)
        if self._is_ours(span):
            self._note(
                type="span",
                **_identity(span),
                status=[span.status.status_code.name, span.status.description],
                events=[[event.name, dict(event.attributes or {})] for event in span.events],
                links=[[self._name_of(link.context), dict(link.attributes or {})] for link in span.links],
                parent=self._name_of(span.parent),
            )

    def measured(self, consumer: Any, measurement: Any) -> None:
        """An instrument was told a value; how long something took differs from run to run."""
        instrument = measurement.instrument
        if instrument.instrumentation_scope.name == self._scope:
            self._note(
                type="measurement",
                name=instrument.name,
                instrument=type(instrument).__name__.strip("_"),
                unit=instrument.unit,
                description=instrument.description,
                attributes=dict(measurement.attributes or {}),
                value=None if instrument.unit == "s" else measurement.value,
                span=self._name_in(measurement.context),
            )

    def emitted(self, logger: Any, record: Any = None, **fields: Any) -> None:
        """A log record was emitted."""
        if logger.instrumentation_scope.name == self._scope:

            def field(name: str) -> Any:
                return fields.get(name) if record is None else getattr(record, name, None)

            self._note(
                type="log",
                name=field("event_name"),
                severity=getattr(field("severity_number"), "name", None),
                attributes=dict(field("attributes") or {}),
                body=field("body"),
                span=self._name_in(field("context")),
            )

    def _note(self, **record: Any) -> None:
        # Written down at once: nothing that is said later may change it.
        self._records.append(json.dumps(record, default=repr))

    def _is_ours(self, span: ReadableSpan) -> bool:
        return span.instrumentation_scope is not None and span.instrumentation_scope.name == self._scope

    def _name(self, span: ReadableSpan) -> None:
        self._names[_key(span.get_span_context())] = span.name

    def _name_of(self, context: SpanContext | None) -> str | None:
        return None if context is None else self._names.get(_key(context), "<not seen>")

    def _name_in(self, context: Context | None) -> str | None:
        found = get_current_span(context).get_span_context()
        return self._name_of(found) if found.is_valid else None


def _key(context: Any) -> tuple[int, int]:
    return context.trace_id, context.span_id


def _identity(span: ReadableSpan) -> dict[str, Any]:
    return {"name": span.name, "kind": span.kind.name, "attributes": dict(span.attributes or {})}


def _listen(owner: type, name: str, listener: Callable[..., None]) -> Callable[[], None]:
    """Have a listener called before a method of a class; returns what undoes it."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        listener(*args, **kwargs)
        return original(*args, **kwargs)

    setattr(owner, name, method)
    return lambda: setattr(owner, name, original)


@contextlib.contextmanager
def listening(snapshot: Snapshot) -> Iterator[None]:
    """Have a snapshot told of everything that the SDK receives."""
    with contextlib.ExitStack() as undo:
        for processor in (SynchronousMultiSpanProcessor, ConcurrentMultiSpanProcessor):
            undo.callback(_listen(processor, "on_start", snapshot.started))
            undo.callback(_listen(processor, "on_end", snapshot.ended))
        undo.callback(_listen(SynchronousMeasurementConsumer, "consume_measurement", snapshot.measured))
        undo.callback(_listen(Logger, "emit", snapshot.emitted))
        yield


class Writer:
    """Writes what each test made, and apart from it what fixtures made that several tests share.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._snapshot = Snapshot(SCOPE)
        self._owner = "outside of tests"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        """Listen while tests run."""
        with listening(self._snapshot):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Write what one test made, or that it made nothing."""
        with self._belonging_to(item.nodeid, even_if_empty=True):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        """Write apart what a shared fixture made: which test asks for it first depends on their order."""
        if fixturedef.scope == "function":
            return (yield)
        name = f"{fixturedef.baseid}::fixture {fixturedef.argname}[{request.param_index}]"
        with self._belonging_to(name):
            return (yield)

    @contextlib.contextmanager
    def _belonging_to(self, owner: str, *, even_if_empty: bool = False) -> Iterator[None]:
        self._write()
        outer, self._owner = self._owner, owner
        try:
            yield
        finally:
            self._write(even_if_empty=even_if_empty)
            self._owner = outer

    def _write(self, *, even_if_empty: bool = False) -> None:
        records = self._snapshot.taken()
        if records or even_if_empty:
            line = f'{{"test": {json.dumps(self._owner)}, "records": [{", ".join(records)}]}}\n'
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)


def pytest_configure(config: pytest.Config) -> None:
    """Set up writing; the first process of a run empties the directory."""
    folder = Path(os.environ[VARIABLE])
    if not hasattr(config, "workerinput"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.jsonl"):
            old.unlink()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    config.pluginmanager.register(Writer(folder / f"{worker}.jsonl"), "telemetry-snapshot-writer")


def main() -> int:
    """Run the command; 1 if there are differences."""
    parser = argparse.ArgumentParser(description="Compare snapshots of telemetry.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("compare", help="say what differs between two snapshots")
    command.add_argument("before", type=Path)
    command.add_argument("after", type=Path)
    command.add_argument("--base2", type=Path, help="a second snapshot of before: what differs is unstable")
    command.add_argument("--limit", type=int, default=60, help="how many differences to print")
    arguments = parser.parse_args()
    return compare(arguments.before, arguments.after, again=arguments.base2, limit=arguments.limit)


if __name__ == "__main__":
    sys.exit(main())
