"""Grafana's dashboards: what their table says, and of the shape that Grafana reads."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.backends import COLLECTOR_CONFIG, REPOSITORY, binary
from support.prometheus import RULES

FOLDER = COLLECTOR_CONFIG.parent / "grafana"
FILES = sorted((FOLDER / "dashboards").glob("*.json"))
SOURCE = yaml.safe_load((FOLDER / "provisioning" / "datasources" / "prometheus.yaml").read_text())
UNITS = {"short", "s", "bytes", "percentunit", "reqps", "currencyUSD"}

each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def panels(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["panels"]
    return found


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that writes the files."""
    monkeypatch.syspath_prepend(REPOSITORY / "tools" / "dashboards")
    return importlib.import_module("dashboards")


def test_the_files_are_up_to_date(table: Any) -> None:
    """If not: make pages."""
    written = {path.stem: path.read_text("utf-8") for path in FILES}
    assert {board.name: table.render(board) for board in table.BOARDS} == written


@each
def test_a_dashboard_has_what_grafana_needs(path: Path) -> None:
    board = json.loads(path.read_text("utf-8"))
    assert path.stem == board["uid"]
    assert len(board["uid"]) <= 40
    assert board["title"].startswith("langspan: ")
    assert "langspan" in board["tags"]
    assert type(board["schemaVersion"]) is int


def test_grafanas_own_types_take_every_field() -> None:
    result = subprocess.run([binary("dashboardcheck"), *FILES], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("wrong", ['"refresh": 30', '"refresh": "30s", "speed": 1'])
def test_the_check_finds_a_field_that_grafana_would_not_take(wrong: str, tmp_path: Path) -> None:
    changed = tmp_path / "changed.json"
    changed.write_text(FILES[0].read_text("utf-8").replace('"refresh": "30s"', wrong), "utf-8")
    result = subprocess.run([binary("dashboardcheck"), changed], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert re.search("refresh|speed", result.stdout.partition("\n")[2])


@each
def test_a_panel_has_its_own_id_title_and_place(path: Path) -> None:
    found = panels(path)
    cells = [
        (column, row)
        for place in (panel["gridPos"] for panel in found)
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]
    assert len(found) == len({panel["id"] for panel in found}) == len({panel["title"] for panel in found})
    assert len(cells) == len({*cells})
    assert {*range(24)} >= {column for column, _ in cells}


@each
def test_a_panel_asks_the_source_that_is_provisioned_in_a_unit_that_grafana_knows(path: Path) -> None:
    (source,) = SOURCE["datasources"]
    for panel in panels(path):
        assert {source["uid"]} == {target["datasource"]["uid"] for target in panel["targets"]}
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert len(panel["targets"]) == len({target["refId"] for target in panel["targets"]})


@each
def test_a_panel_uses_only_variables_that_there_are(path: Path) -> None:
    board = json.loads(path.read_text("utf-8"))
    own = {variable["name"] for variable in board["templating"]["list"]}
    used = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"\$(\w+)", target["expr"])
    }
    assert used - {"__rate_interval", "__range"} == own


def test_every_alert_that_a_panel_names_is_a_rule() -> None:
    """And every rule but the general ones has a panel beside which one looks."""
    alerts = {
        rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    }
    named = {
        name
        for path in FILES
        for panel in panels(path)
        for name in re.findall(r"Alert: (\w+)", panel["description"])
    }
    assert named <= alerts
    assert {"SpanSeriesAreCut", "SamplingDropsLargeTraces"} == alerts - named


def test_every_dashboard_that_an_alert_names_exists() -> None:
    titles = {json.loads(path.read_text("utf-8"))["title"].removeprefix("langspan: ") for path in FILES}
    named = set(re.findall(r'[Dd]ashboard\s+"([^"]+)"', RULES.read_text("utf-8")))
    assert named
    assert named <= titles
