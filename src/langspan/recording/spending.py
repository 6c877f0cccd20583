"""What model calls cost, on their own spans and summed up around them.

Imported only where costs are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from langspan._guard import Guard
from langspan._setting_parsers import UsageSums
from langspan._settings import Settings
from langspan._values import Attributes
from langspan.conventions import names
from langspan.conventions.costs import Currency
from langspan.kinds.base import AgentCall, ModelCall
from langspan.providers.cost import (
    Billable,
    Cost,
    OwnPrices,
    Prices,
    billable,
    exact_sum,
    reported_cost,
    terms_of,
)
from langspan.providers.llm_result import answer_of
from langspan.providers.price_list import load
from langspan.recording.budgets import Budgets
from langspan.recording.metrics import Metrics
from langspan.recording.run import Run

_logger = logging.getLogger("langspan")
_MAX_UNKNOWN: Final = 1024  # models that are remembered as told; beyond them nothing more is said


class Spending:
    """Prices model calls, sums up what they cost on the agents and the root around them, and keeps budgets.

    Args:
        prices: Whom to ask, in this order, where an answer does not report its cost; None if nobody asks for
            costs.
        budgets: The application's budgets, if it has any.
        sums: Where sums are wanted.
        guard: The error boundary: a run without a price is still a run.
    """

    def __init__(
        self, prices: Sequence[Prices] | None, budgets: Budgets | None, sums: UsageSums, guard: Guard
    ) -> None:
        self._prices = prices
        self._budgets = budgets
        self._sums = sums
        self._guard = guard
        self._unknown: dict[tuple[str | None, tuple[str, ...]], object] = {}

    def told(self, run: Run, attributes: Attributes, result: Any) -> Attributes:
        """Return the attributes of a run that ends, with what it cost, or all that it summed up."""
        if run.kind.counts_as is AgentCall.MODEL:
            if self._prices is not None:
                cost = self._guard.call(self._cost_of, self._prices, run, attributes, result)
                attributes = attributes if cost is None else {**attributes, **_described(cost)}
            if self._budgets is not None:
                self._guard.call(self._budgets.spent, run, attributes)
            return attributes
        if self._prices is None:
            return attributes
        is_summed = (run.kind.is_agent and self._sums != "none") or (run.story is run and self._sums == "all")
        return {**attributes, **cost_sums(run.model_calls)} if is_summed else attributes

    def _cost_of(self, known: Sequence[Prices], run: Run, attributes: Attributes, result: Any) -> Cost | None:
        if names.LANGSPAN_CACHE_HIT in attributes:
            return None  # the answer still carries what it cost the first time
        answer = answer_of(result)
        cost = reported_cost(answer)
        if cost is not None:
            return cost
        call = billable(run.provider, run.started, run.start_attributes, attributes)
        if call is None:
            return None
        call = call._replace(terms=terms_of(answer, attributes))
        for prices in known:
            cost = prices.cost_of(call)
            if cost is not None:
                return cost
        self._tell_unknown(call)
        return None

    def _tell_unknown(self, call: Billable) -> None:
        """Log, once for each model, that its calls have no cost."""
        key, mine = (call.provider, tuple(call.models)), object()
        # One atomic step: another thread may call the same model.
        if len(self._unknown) < _MAX_UNKNOWN and self._unknown.setdefault(key, mine) is mine:
            _logger.warning(
                "langspan: no price for model %s of provider %s, or its token counts contradict each other: "
                "no cost is recorded. Pass instrument(prices=...) or upgrade genai-prices. Logged once.",
                " or ".join(call.models) or "unknown",
                call.provider or "unknown",
            )


def cost_sums(calls: Sequence[ModelCall]) -> Attributes:
    """Return the sum of what model calls cost, and how many with tokens it leaves out.

    Args:
        calls: The model calls.
    """
    attributes: Attributes = {}
    costs = [call.cost for call in calls if call.cost is not None]
    unpriced = sum(call.cost is None and call.output_tokens is not None for call in calls)
    if costs:
        attributes[names.LANGSPAN_COST_AMOUNT] = exact_sum(costs)
        attributes[names.LANGSPAN_COST_CURRENCY] = Currency.USD
    if unpriced:
        attributes[names.LANGSPAN_COST_UNPRICED_CALLS] = unpriced
    return attributes


def _described(cost: Cost) -> Attributes:
    told: dict[str, Any] = {
        names.LANGSPAN_COST_AMOUNT: float(cost.amount),
        names.LANGSPAN_COST_CURRENCY: Currency.USD,
        names.LANGSPAN_COST_SOURCE: cost.source,
        names.LANGSPAN_COST_PRICE_DATE: cost.price_date,
        names.LANGSPAN_COST_PRICE_LIST: cost.price_list,
    }
    return {name: value for name, value in told.items() if value is not None}


def build(settings: Settings, guard: Guard, metrics: Metrics | None) -> Spending:
    """Return what prices model calls and keeps budgets, with the prices that are there."""
    budgets = Budgets(settings.budgets, guard, metrics) if settings.budgets else None
    in_dollars = any(budget.usd is not None for budget in settings.budgets)
    if not settings.cost and settings.prices is None and not in_dollars:
        return Spending(None, budgets, settings.usage_sums, guard)
    prices: list[Prices] = [] if settings.prices is None else [OwnPrices(settings.prices)]
    listed = guard.call(load)
    if listed is not None:
        prices.append(listed)
    return Spending(prices, budgets, settings.usage_sums, guard)
