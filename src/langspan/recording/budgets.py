"""The application's budgets: what model calls use together, and what is told when they use too much.

It stops nothing. Imported only where there are budgets.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from opentelemetry.trace import format_span_id, format_trace_id

from langspan._budgets import Budget, BudgetExceeded, Measure
from langspan._guard import Guard
from langspan._values import Attributes
from langspan.conventions import names
from langspan.providers.cost import exact_sum
from langspan.recording.metrics import Metrics
from langspan.recording.run import Run
from langspan.recording.span_events import BUDGET_EXCEEDED

MAX_ACCOUNTS: Final = 10_000
"""So many traces, conversations or users are kept for each budget: of others, the count starts again."""
_COUNTS: Final = (names.GEN_AI_USAGE_INPUT_TOKENS, names.GEN_AI_USAGE_OUTPUT_TOKENS)


class _Account(NamedTuple):
    """What one trace, conversation or user has used, and whether that is told."""

    tokens: int = 0
    usd: float = 0.0
    is_told: bool = False


class _Crossing(NamedTuple):
    """A limit that has just been exceeded."""

    measure: Measure
    limit: float
    spent: float


class Accounts:
    """The accounts of one budget, by process: a forked child starts with none.

    Args:
        budget: The budget.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._start()

    def _start(self) -> None:
        """Start empty, with a fresh lock: the old one may be held by a thread that a fork left behind."""
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}

    def add(self, key: str, tokens: int, usd: float) -> _Crossing | None:
        """Count what a model call used; return the limit that is exceeded by it, the first time only."""
        if self._process != os.getpid():
            self._start()
        with self._lock:
            former = self._accounts.pop(key, None) or _Account()
            used = former._replace(tokens=former.tokens + tokens, usd=exact_sum((former.usd, usd)))
            crossing = None if used.is_told else self._crossing(used)
            self._accounts[key] = used if crossing is None else used._replace(is_told=True)
            if len(self._accounts) > MAX_ACCOUNTS:
                del self._accounts[next(iter(self._accounts))]  # the one that was idle for the longest time
        return crossing

    def _crossing(self, used: _Account) -> _Crossing | None:
        budget = self.budget
        if budget.tokens is not None and used.tokens > budget.tokens:
            return _Crossing("tokens", budget.tokens, used.tokens)
        if budget.usd is not None and used.usd > budget.usd:
            return _Crossing("usd", budget.usd, used.usd)
        return None


class Budgets:
    """Counts what model calls use, and tells of it.

    Args:
        budgets: The budgets.
        guard: The error boundary: what the application's own functions raise is contained.
        metrics: Where measurements go.
    """

    def __init__(self, budgets: Sequence[Budget], guard: Guard, metrics: Metrics | None) -> None:
        self._accounts = [Accounts(budget) for budget in budgets]
        self._guard = guard
        self._metrics = metrics

    def spent(self, run: Run, attributes: Attributes) -> None:
        """A model call has ended.

        Args:
            run: The call, whose span has not ended yet.
            attributes: Its attributes at its end.
        """
        values: Any = attributes
        tokens = sum(values.get(name, 0) for name in _COUNTS)
        usd = values.get(names.LANGSPAN_COST_AMOUNT, 0.0)
        if not tokens and not usd:
            return
        for accounts in self._accounts:
            key = _key(accounts.budget, run)
            crossing = None if key is None else accounts.add(key, tokens, usd)
            if key is not None and crossing is not None:
                self._tell(accounts.budget, key, crossing, run)

    def _tell(self, budget: Budget, key: str, crossing: _Crossing, run: Run) -> None:
        described: Attributes = {
            names.LANGSPAN_BUDGET_PER: budget.per,
            names.LANGSPAN_BUDGET_MEASURE: crossing.measure,
            names.LANGSPAN_BUDGET_LIMIT: float(crossing.limit),
            names.LANGSPAN_BUDGET_SPENT: float(crossing.spent),
        }
        around = list(_around(run))
        recorded = [each for each in around if each.is_open and each.is_recording]
        if recorded and recorded[-1].span.is_recording():
            recorded[-1].span.add_event(BUDGET_EXCEEDED, described)
        if self._metrics is not None:
            self._guard.call(self._metrics.exceeded, around[-1], described)
        if budget.on_exceed is not None:
            exceeded = _exceeded(budget, key, crossing, run, around[-1])
            try:
                budget.on_exceed(exceeded)
            except Exception as raised:  # noqa: BLE001 - the application's own function fails
                self._guard.report("the application's on_exceed", raised)


def _around(run: Run) -> Iterator[Run]:
    """Yield a run and those around it, up to the outermost one."""
    node: Run | None = run
    while node is not None:
        yield node
        node = node.parent


def _key(budget: Budget, run: Run) -> str | None:
    if budget.per == "conversation":
        return run.conversation
    if budget.per == "user":
        return run.user
    trace_id = run.span_context().trace_id
    return format_trace_id(trace_id) if trace_id else str(list(_around(run))[-1].run_id)


def _exceeded(budget: Budget, key: str, crossing: _Crossing, run: Run, root: Run) -> BudgetExceeded:
    context = root.span_context()
    return BudgetExceeded(
        budget=budget,
        measure=crossing.measure,
        spent=crossing.spent,
        key=key,
        run_id=root.run_id,
        trace_id=format_trace_id(context.trace_id),
        span_id=format_span_id(context.span_id),
        agent=run.agent_name,
        conversation=run.conversation,
        user=run.user,
    )
