"""Writes Grafana's dashboards from the table in dashboards_table.py.

    python tools/dashboards/dashboards.py

One file each in collector-config/grafana/dashboards. Grafana's own format takes thirty lines for a panel; in
the table a panel is what it says and what it asks Prometheus. The tests compare the files with the table, and
ask a real Prometheus every one of its queries.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from dashboards_panels import Board, Panel
from dashboards_table import BOARDS

FOLDER: Final = Path(__file__).resolve().parents[2] / "collector-config" / "grafana" / "dashboards"
SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
COLUMNS: Final = 24
"""Of Grafana's grid."""
HEIGHT: Final = 8
OTHERS: Final = {
    "type": "dashboards",
    "title": "langspan",
    "tooltip": "The other dashboards, for the same time and services",
    "icon": "external link",
    "tags": ["langspan"],
    "asDropdown": False,
    "targetBlank": False,
    "keepTime": True,
    "includeVars": True,
}
"""The links from one dashboard to the others."""


def render(board: Board) -> str:
    """Return the text of a dashboard's file."""
    made = {
        "uid": board.name,
        "title": f"langspan: {board.title}",
        "description": board.says,
        "tags": ["langspan"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "annotations": {"list": []},
        "links": [OTHERS],
        "templating": {"list": [_services(board.services)] if board.services else []},
        "panels": [
            _panel(number, panel, place)
            for number, (panel, place) in enumerate(zip(board.panels, _places(board.panels), strict=True), 1)
        ],
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _services(series: str) -> dict[str, Any]:
    """The variable that chooses services: all, some or one."""
    return {
        "name": "service",
        "label": "Service",
        "type": "query",
        "datasource": SOURCE,
        "query": f"label_values({series}, job)",
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _places(panels: Sequence[Panel]) -> Iterator[dict[str, int]]:
    """Where each panel goes: beside the one before, or where a new row begins."""
    x = y = height = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y = 0, y + height
        height = HEIGHT // 2 if panel.kind == "stat" else HEIGHT
        yield {"x": x, "y": y, "w": panel.width, "h": height}
        x += panel.width


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    heatmap = {"options": _heatmap(panel.unit)} if panel.kind == "heatmap" else {}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "gridPos": place,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        **heatmap,
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend,
                "exemplar": panel.exemplars,
                **({"format": "heatmap"} if heatmap else {}),
            }
            for position, (query, legend) in enumerate(panel.queries)
        ],
    }


def _heatmap(unit: str) -> dict[str, Any]:
    """The options of a heatmap of buckets that Prometheus has counted; a cell says more when pointed at."""
    return {
        "calculate": False,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "fill": "dark-orange",
            "exponent": 0.5,
            "steps": 64,
            "reverse": False,
        },
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "legend": {"show": True},
        "showValue": "never",
        "tooltip": {"mode": "single"},
        "yAxis": {"unit": unit},
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in BOARDS:
        (FOLDER / f"{each.name}.json").write_text(render(each), "utf-8")
