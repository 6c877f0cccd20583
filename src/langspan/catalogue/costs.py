"""The catalogue's rows for what model calls cost."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import MODELS, Level, Source, Type, constants, rows
from langspan.conventions import names
from langspan.conventions.costs import CostSource, Currency
from langspan.kinds.agents import AGENT
from langspan.kinds.chains import CHAIN
from langspan.kinds.graphs import WORKFLOW

_SUMMED: Final = "; on an agent: the sum of its own calls; at the root: of all"
COST: Final = (
    *rows(
        Source.OWN,
        MODELS | {AGENT, WORKFLOW, CHAIN},
        (
            names.LANGSPAN_COST_AMOUNT,
            Type.DOUBLE,
            Level.CONDITIONAL,
            0.00042,
            f"`cost` is on, and the answer reports it or a price is known{_SUMMED}",
        ),
    ),
    *rows(
        Source.OWN,
        MODELS | {AGENT, WORKFLOW, CHAIN},
        (names.LANGSPAN_COST_CURRENCY, Type.STRING, Level.CONDITIONAL, "USD", "there is an amount"),
        values=constants(Currency),
    ),
    *rows(
        Source.OWN,
        MODELS,
        (names.LANGSPAN_COST_SOURCE, Type.STRING, Level.CONDITIONAL, "reported", "there is an amount"),
        values=constants(CostSource),
    ),
    *rows(
        Source.OWN,
        MODELS,
        (
            names.LANGSPAN_COST_PRICE_DATE,
            Type.STRING,
            Level.RECOMMENDED,
            "2026-11-01",
            "the price says from which day it holds",
        ),
        (
            names.LANGSPAN_COST_PRICE_LIST,
            Type.STRING,
            Level.CONDITIONAL,
            "genai-prices 0.2.3",
            "the price is from the list; with the day of its last update, if the application updates it",
        ),
    ),
    *rows(
        Source.OWN,
        frozenset({AGENT, WORKFLOW, CHAIN}),
        (
            names.LANGSPAN_COST_UNPRICED_CALLS,
            Type.INT,
            Level.CONDITIONAL,
            1,
            "`cost` is on: how many calls with tokens the sum leaves out, for want of a price; never 0",
        ),
    ),
)
