"""The larger trace on the first page is what the demo draws: names, nesting, tokens, errors. Times differ."""

from __future__ import annotations

import os
import re

import pytest

from docs.pages import page
from langspan.cli import main
from support.agents import is_edge
from support.otlp import closed_port

SHOWN = page("docs/get-started.md").block("See a larger one", "text").code


@pytest.fixture
def drawn(monkeypatch, tmp_path, capsys):
    """What the demo draws, apart from any setting."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "LANGSPAN_", "LANGSMITH_")) or name in ("MODEL", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", closed_port())
    monkeypatch.chdir(tmp_path)
    assert 0 == main(["demo", "--fast"])
    out = capsys.readouterr().out
    return out[out.index("trace ") : out.index("\nwritten")]


def lines(text):
    """Each span as the names down to it and the figures beside it, times made equal.

    Sorted, for the tools of one step run side by side and either may come first.
    """
    found, path = [], []
    for line in text.splitlines():
        if "━" not in line:
            continue
        stem = re.sub("[│├└─]", " ", line.partition("━")[0].rstrip())
        name = stem.strip()
        path[(len(stem) - len(name)) // 3 :] = [name]
        figures = re.sub(r"\b[\d.]+ (s|ms|µs)(?= |$)", "TIME", line.rpartition("━")[2])
        found += [(*path, " ".join(figures.split()))] if not is_edge(name) else []
    return sorted(found)


def titles(text):
    return [line.split() for line in text.splitlines()[2:4]]


def totals(text):
    """Errors and tokens of the first line."""
    return text.splitlines()[0].split(" · ")[3:]


def test_the_spans_are_those_that_the_demo_draws(drawn):
    assert lines(drawn) == lines(SHOWN)


def test_the_columns_and_totals_are_those_that_the_demo_draws(drawn):
    assert (titles(drawn), totals(drawn)) == (titles(SHOWN), totals(SHOWN))


def test_the_first_line_counts_the_lines_below():
    assert f"{len(lines(SHOWN))} spans" == SHOWN.splitlines()[0].split(" · ")[1]
    assert f"{SHOWN.count('✗ ')} error" == totals(SHOWN)[0]
