"""What a dashboard consists of, and how its queries are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MINE: Final = 'job=~"$service"'
"""Chooses the services of the dashboard's variable."""
FAILED: Final = f'{MINE}, error_type!=""'


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title: Its title; unique on its dashboard.
        unit: Grafana's name of the unit.
        queries: What it asks Prometheus, each with the legend of its lines.
        says: What one sees there, and what to make of it.
        kind: Grafana's panel type.
        width: In columns, of 24.
        exemplars: Whether its points lead to traces.
    """

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    says: str = ""
    kind: str = "timeseries"
    width: int = 8
    exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard.

    Attributes:
        name: The name of its file, and its id.
        title: Its title.
        says: What it is for.
        services: A query whose `job` labels can be chosen from; empty for none.
        panels: From left to right and from top to bottom.
    """

    name: str
    title: str
    says: str
    services: str
    panels: Sequence[Panel]


def rate(series: str, by: str = "", where: str = MINE) -> str:
    """Return the query for so many a second."""
    return f"sum{_by(by)} (rate({series}{{{where}}}[$__rate_interval]))"


def total(series: str, by: str) -> str:
    """Return the query for how much it is now."""
    return f"sum by ({by}) ({series}{{{MINE}}})"


def increase(series: str, where: str = MINE, over: str = "$__range") -> str:
    """Return the query for how much it was in the dashboard's time."""
    return f"sum (increase({series}{{{where}}}[{over}]))"


def failing(series: str, by: str = "") -> str:
    """Return the query for the share that failed; 0 where none did."""
    failed = rate(f"{series}_count", by, f'{MINE}, error_type!=""')
    every = rate(f"{series}_count", by)
    return f"({failed} or 0 * {every}) / {every}"


def quantile(share: float, series: str, by: str, where: str = MINE) -> str:
    """Return the query for what this share of the measurements stays below."""
    return f"histogram_quantile({share}, {rate(f'{series}_bucket', f'le, {by}', where)})"


def mean(series: str, by: str, where: str = MINE) -> str:
    """Return the query for the mean of a histogram's measurements."""
    return f"{rate(f'{series}_sum', by, where)} / {rate(f'{series}_count', by, where)}"


def durations(title: str, series: str, by: str, legend: str, says: str = "") -> Panel:
    """Return a panel with the middle and the slow end of durations, from where points lead to traces."""
    queries = [
        (quantile(share, series, by), f"{name} {legend}") for share, name in ((0.5, "p50"), (0.95, "p95"))
    ]
    return Panel(title, "s", queries, says, exemplars=True)


def number(title: str, unit: str, query: str, says: str = "") -> Panel:
    """Return a panel with one large number."""
    return Panel(title, unit, [(query, "")], says, kind="stat", width=6)


def lost(series: str) -> str:
    """Return the query for how many were lost in the dashboard's time, by reason."""
    return f'sum by (job, error_type) (increase({series}{{{MINE}, error_type!=""}}[$__range]))'


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
