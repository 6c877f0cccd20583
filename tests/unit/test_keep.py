"""`Keep` as an argument and as a variable: what it takes, and what it says of the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan import Keep
from langspan._export_settings import KEEP
from langspan._keep import OUTCOMES
from langspan.recording import outcomes

VARIABLES: dict[str, Keep] = {
    "errors": Keep(errors=True),
    "evaluated": Keep(evaluated=True),
    "slow>10s": Keep(slower_than=10.0),
    "slow>1.5": Keep(slower_than=1.5),
    "slow>250ms": Keep(slower_than=0.25),
    "slow>2m": Keep(slower_than=120.0),
    "tokens>20000": Keep(more_tokens_than=20_000),
    "usd>0.5": Keep(dearer_than=0.5),
    "ratio=0.05": Keep(ratio=0.05),
    "outcome=interrupted, outcome=cancelled": Keep(outcomes={"interrupted", "cancelled"}),
    "errors,remote=judge": Keep(errors=True, remote="judge"),
    " errors , ,ratio=1,": Keep(errors=True, ratio=1.0),
    "errors,max_spans=10,max_bytes=20,max_age=2h": Keep(
        errors=True, max_spans=10, max_bytes=20, max_age=7200.0
    ),
    "errors,slow>10s,tokens>20000,usd>0.5,ratio=0.05": Keep(
        errors=True, slower_than=10, more_tokens_than=20_000, dearer_than=0.5, ratio=0.05
    ),
}
MEANINGLESS = [
    "error",
    "slow>",
    "slow>10 parsecs",
    "slow>1.2.3s",
    "tokens>many",
    "tokens>1.5",
    "usd>",
    "ratio=5%",
    "ratio",
    "max_spans=1e3",
]
INVALID: dict[str, Any] = {
    "errors": 1,
    "slower_than": -1,
    "more_tokens_than": True,
    "dearer_than": math.nan,
    "outcomes": "interrupted",
    "evaluated": "yes",
    "ratio": 1.5,
    "remote": "drop",
    "max_spans": 0,
    "max_bytes": 1.5,
    "max_age": 0,
}


@pytest.mark.parametrize("text", VARIABLES)
def test_the_variable_says_the_same_as_the_argument(text: str) -> None:
    assert VARIABLES[text] == KEEP.read({"LANGSPAN_KEEP": text})


@pytest.mark.parametrize("text", MEANINGLESS)
def test_a_word_that_means_nothing_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="LANGSPAN_KEEP has") as raised:
        KEEP.read({"LANGSPAN_KEEP": f"errors,{text}"})
    assert f"'{text}'" in str(raised.value)


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_value_is_named_with_the_fix(name: str) -> None:
    with pytest.raises(ValueError, match=rf"Keep\({name}=.*\) is invalid; use "):
        Keep(**{"ratio": 0.5, name: INVALID[name]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ratio=2", r"LANGSPAN_KEEP='ratio=2' is invalid: Keep\(ratio=2.0\)"),
        ("ratio=0", "keeps no trace; say which"),
        ("errors,ratio=0.1,ratio=0.2", "says 'ratio=0.2' a second time"),
        ("outcome=", "outcomes"),
    ],
)
def test_a_text_that_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KEEP.read({"LANGSPAN_KEEP": text})


def test_the_outcomes_are_those_of_the_attribute() -> None:
    assert {
        outcomes.CANCELLED,
        outcomes.CLOSED,
        outcomes.DRAINED,
        outcomes.INCOMPLETE,
        outcomes.INTERRUPTED,
    } == set(OUTCOMES)


@pytest.mark.parametrize("outcome", ["canceled", ""])
def test_an_outcome_that_there_is_not_is_refused(outcome: str) -> None:
    with pytest.raises(ValueError, match=r"outcomes.* is invalid; use a set of some of 'cancelled', "):
        Keep(outcomes={outcome})


def test_what_keeps_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="keeps no trace; say which"):
        Keep()


def test_a_bound_of_nothing_is_a_reason() -> None:
    assert 0 == Keep(slower_than=0).slower_than


def test_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match=r"keep is of type str; pass a langspan.Keep\(...\)"):
        KEEP.read({}, "errors")


@given(st.text().filter(str.strip))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        outcome: object = KEEP.read({"LANGSPAN_KEEP": text})
    except ValueError as error:
        outcome = str(error)
    assert isinstance(outcome, Keep) or "LANGSPAN_KEEP" in str(outcome)
