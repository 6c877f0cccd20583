"""docs/telemetry.md says what the catalogue in the code says."""

from __future__ import annotations

import runpy

import pytest

from docs.pages import REPOSITORY, TELEMETRY, code, page
from langspan.catalogue import telemetry as catalogue
from langspan.conventions.metrics import Instrument

SCRIPT = runpy.run_path(str(REPOSITORY / "tools" / "telemetry.py"))
SPANS = ("Run", "Span name", "`gen_ai.operation.name`", "Kind")
GROUPS = [*catalogue.ATTRIBUTES.values(), *(event.attributes for event in catalogue.SPAN_EVENTS)]


def test_the_page_is_up_to_date():
    """If not: make pages."""
    assert SCRIPT["render"]() == SCRIPT["PAGE"].read_text("utf-8")


def test_both_tables_of_spans_agree():
    assert [] == [row for row in page("docs/spans.md").table(*SPANS) if row not in TELEMETRY.table(*SPANS)]


@pytest.mark.parametrize(
    "row", [row for group in GROUPS for row in group], ids=lambda row: f"{row.name} {row.type.value}"
)
def test_each_attribute_is_on_the_page(row):
    assert any(line.startswith(f"| `{row.name}` | {row.type.value} |") for line in TELEMETRY.prose)


def test_each_metric_is_on_the_page():
    told = {
        name
        for line in TELEMETRY.prose
        if any(f"| {instrument.value} |" in line for instrument in Instrument)
        for name in code(line)
    }
    assert set() == {metric.name for group in catalogue.METRICS.values() for metric in group} - told
