"""Whatever value stands in whatever place: the run is recorded, and the application does not notice."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import pytest

from values.fields import FIELDS, WRITTEN_OUT
from values.hostile import RESISTING, SILENT
from values.seeing import Watched, outcome
from values.weird import ODD

VALUES: Final = {**ODD, **SILENT, **RESISTING}
# Every so many-th pair of field and value, another row of them for each field; 1 for all pairs.
EVERY: Final = int(os.environ.get("LANGSPAN_EVERY_VALUE", "6"))


def _values_for(field: str, every: int) -> dict[str, Callable[[], Any]]:
    first = list(FIELDS).index(field)
    return {name: make for place, (name, make) in enumerate(VALUES.items()) if (first + place) % every == 0}


def _problems(field: str, every: int, content: str) -> list[str]:
    """What is wrong with the runs of a field, by value."""
    run, values = FIELDS[field], _values_for(field, every)
    expected = {name: outcome(run, make) for name, make in values.items()}
    found = []
    with Watched(content) as watched:
        for name, make in values.items():
            watched.forget()
            same = expected[name] == outcome(run, make)
            problems = [] if same else ["the application got something else"]
            problems += watched.problems(
                must_record=expected[name].returned,
                may_be_lost=name in RESISTING,
                addresses=field not in WRITTEN_OUT,
            )
            found += [f"{name}: {problem}" for problem in problems]
    return found if watched.has_recorded else [*found, "no value got as far as a run"]


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_is_recorded_here_and_the_application_gets_the_same(field: str) -> None:
    assert [] == _problems(field, EVERY, "both")


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_changes_nothing_here_where_content_is_off(field: str) -> None:
    assert [] == _problems(field, EVERY * 4, "none")
