"""The settings for what model calls use and cost. Their types are imported late, for most set none."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from langspan._setting_parsers import Setting, switch, switch_variable, text


def cost(name: str, value: object) -> bool:
    """Parse the switch for costs, which needs a package to look prices up."""
    wanted = switch(name, value)
    if wanted and not _is_installed("genai_prices"):
        raise ValueError(
            f"{name}={value!r} needs genai-prices; pip install 'langspan[cost]', or pass prices alone"
        )
    return wanted


def cost_variable(name: str, value: str) -> bool:
    """Parse the variable of the switch for costs."""
    return cost(name, switch_variable(name, value))


def prices(name: str, value: object) -> Any:
    """Parse the application's own prices; who has none need not import what they are."""
    return None if value is None else import_module("langspan._prices").checked(name, value)


def budgets(name: str, value: object) -> Any:
    """Parse the application's budgets; who has none need not import what they are."""
    return import_module("langspan._budgets").checked(name, value) if value else ()


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:  # somebody's own finder says so in this way
        return False


COST: Final = Setting(
    "cost",
    "LANGSPAN_COST",
    False,
    cost,
    cost_variable,
    "Record what model calls cost: see [Cost](cost.md). Needs `pip install 'langspan[cost]'`.",
    is_argument=True,
)
PRICES: Final = Setting(
    "prices",
    None,
    None,
    prices,
    text,
    "Your own prices by model, as `langspan.Price`. They turn `cost` on.",
    is_argument=True,
)
BUDGETS: Final = Setting(
    "budgets",
    None,
    (),
    budgets,
    text,
    "What model calls may use together, as a list of `langspan.Budget`: see [Budgets](budgets.md).",
    is_argument=True,
)
