"""How a run ended is told by the type of its exception, never by its name."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph import errors

from langspan.recording.outcomes import Outcome, error_type, outcome_of


class GraphInterrupt(Exception):  # noqa: N818 - LangGraph's name, and nothing else of it
    """A user's own."""


class CancelledError(Exception):
    """A user's own."""


class Impatient(asyncio.CancelledError):
    """A user's own cancellation."""


class Outer:
    class InnerError(ValueError):
        """A user's own, inside a class."""


TABLE: list[tuple[BaseException, str | None, str | None]] = [
    (ValueError("no"), None, "ValueError"),
    (KeyboardInterrupt(), None, "KeyboardInterrupt"),
    (SystemExit(1), None, "SystemExit"),
    (TimeoutError(), None, "TimeoutError"),
    (asyncio.CancelledError(), "cancelled", None),
    (concurrent.futures.CancelledError(), "cancelled", None),
    (Impatient(), "cancelled", None),
    (GeneratorExit(), "closed", None),
    (errors.GraphInterrupt(), "interrupted", None),
    (errors.ParentCommand(None), None, None),  # type: ignore[arg-type]
    (errors.GraphBubbleUp(), None, None),
    (errors.GraphRecursionError(), None, "langgraph.errors.GraphRecursionError"),
    (GraphInterrupt(), None, f"{__name__}.GraphInterrupt"),
    (CancelledError(), None, f"{__name__}.CancelledError"),
    (Outer.InnerError(), None, f"{__name__}.Outer.InnerError"),
    (BaseExceptionGroup("", [asyncio.CancelledError()]), None, "BaseExceptionGroup"),
]


@pytest.mark.parametrize(
    ("error", "label", "failed"), TABLE, ids=[type(error).__qualname__ for error, _, _ in TABLE]
)
def test_an_exception_is_judged_by_its_type(
    error: BaseException, label: str | None, failed: str | None
) -> None:
    assert Outcome(label, failed) == outcome_of(error)


@pytest.mark.skipif(not hasattr(errors, "GraphDrained"), reason="this LangGraph cannot drain graphs")
def test_a_drained_graph_did_not_fail() -> None:
    drained: Any = errors.GraphDrained  # type: ignore[attr-defined, unused-ignore]

    assert Outcome("drained", None) == outcome_of(drained.__new__(drained))


def test_without_langgraph_an_exception_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "langgraph.errors")

    assert Outcome(None, "langgraph.errors.GraphInterrupt") == outcome_of(errors.GraphInterrupt())


@given(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,20}\Z"))
def test_no_name_makes_an_error_anything_else(name: str) -> None:
    error = type(name, (Exception,), {"__module__": "users"})()

    assert Outcome(None, f"users.{name}") == outcome_of(error)


def test_a_type_that_hides_its_module_still_has_a_name() -> None:
    assert "ValueError" == error_type(ValueError())
