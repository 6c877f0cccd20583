"""docs/providers.md says what the table of the provider tests says."""

from __future__ import annotations

import re
import runpy

import pytest

from docs.pages import PROVIDERS, REPOSITORY
from support.providers.cells import Mark
from support.providers.clients import CLIENTS
from support.providers.losses import LOSSES
from support.providers.scenarios import SCENARIOS

SCRIPT = runpy.run_path(str(REPOSITORY / "tools" / "providers.py"))
NOTES = PROVIDERS.table("", "Lost")


def test_the_page_is_up_to_date():
    """If not: make pages."""
    assert SCRIPT["render"]() == SCRIPT["PAGE"].read_text("utf-8")


@pytest.mark.parametrize("table", [("Class", "requested model"), ("Class", "usage never sent")], ids=str)
def test_each_class_has_a_row_in_both_tables(table):
    assert len(CLIENTS) == len(PROVIDERS.table(*table))


def test_each_class_has_a_package_and_a_version():
    rows = PROVIDERS.table("Class", "Package", "Version")
    assert [client.package for client in CLIENTS.values()] == [row["Package"] for row in rows]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", row["Version"]) for row in rows)


def test_each_scenario_is_told():
    assert list(SCENARIOS) == [row["Scenario"] for row in PROVIDERS.table("Scenario", "What happens")]


@pytest.mark.parametrize("client", LOSSES)
def test_each_loss_is_a_note_of_its_class(client):
    told = {row["Why"] for row in NOTES if SCRIPT["_shown"](client) in row["Classes"].split(", ")}
    assert set() == {loss.reason for loss in LOSSES[client]} - told


def test_each_note_is_referred_to_and_each_number_is_a_note():
    marks = re.compile(rf"[{Mark.PART}{Mark.LOST}]((?: \d+)+)|\| (\d+) (?=\|)")
    cells = (
        match
        for line in PROVIDERS.prose
        if not line[:4].strip("| ").isdigit()
        for match in marks.finditer(line)
    )
    used = {number for match in cells for number in (match[1] or match[2]).split()}
    assert {row[""] for row in NOTES} == used
