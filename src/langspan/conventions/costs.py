"""Well-known values of `langspan.cost.*`."""

from __future__ import annotations

from typing import Final


class CostSource:
    """Values of `langspan.cost.source`."""

    REPORTED: Final = "reported"
    OWN: Final = "own"
    LIST: Final = "genai-prices"


class Currency:
    """Values of `langspan.cost.currency`."""

    USD: Final = "USD"
