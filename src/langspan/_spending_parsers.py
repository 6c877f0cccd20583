"""Parsers of the settings for what model calls cost. What they stand for is imported late."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from langspan._setting_parsers import switch, switch_variable


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


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:  # somebody's own finder says so in this way
        return False
