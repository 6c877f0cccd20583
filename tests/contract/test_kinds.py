"""A kind of run that is only half there is found out at once, not by the telemetry that it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import chain
from typing import Any

import pytest

from langspan._events import CallbackType
from langspan.catalogue import telemetry as catalogue
from langspan.catalogue.telemetry import SpanName, check_described
from langspan.conventions import metrics
from langspan.kinds.base import RunKind
from langspan.kinds.borders import BORDERS
from langspan.kinds.embeddings import EMBEDDINGS
from langspan.kinds.models import CHAT
from langspan.kinds.registry import KINDS, by_callback, chain_kind, check_metrics
from langspan.langchain.patches import PATCHES, check_recorded
from langspan.langchain.patches.optional import WAITING

# A kind that nobody has finished: LangChain has no callback for it, so a patch would have to record it.
TRIAL = replace(EMBEDDINGS, name="search", prefix="search", target_attribute="langchain.vector_store")
RULES = {CallbackType.CHAIN: chain_kind}
ROWS = tuple(chain.from_iterable(catalogue.ATTRIBUTES.values()))
NAMED = (*catalogue.SPANS, SpanName(TRIAL, "search {store}", "search"))


def parts(kind: RunKind) -> dict[str, Any]:
    return {field.name: getattr(kind, field.name) for field in fields(RunKind)}


@pytest.mark.parametrize("part", [field.name for field in fields(RunKind)])
def test_no_part_of_a_kind_can_be_left_out(part: str) -> None:
    given = parts(CHAT)
    del given[part]

    with pytest.raises(TypeError, match=part):
        RunKind(**given)


def test_every_kind_is_recorded_described_and_measured() -> None:
    check_recorded(KINDS, PATCHES)
    check_recorded(BORDERS, {load: load().kinds for load in WAITING.values()})
    check_described((*KINDS, *BORDERS), catalogue.SPANS, ROWS)
    check_metrics((*KINDS, *BORDERS))


def test_a_kind_that_no_patch_records_is_refused() -> None:
    with pytest.raises(TypeError, match=r"nothing records RunKind\(search\)"):
        check_recorded((*KINDS, TRIAL), PATCHES)


def test_a_kind_that_is_recorded_but_not_listed_is_refused() -> None:
    def install(*_: Any) -> None: ...

    recorded: Mapping[Any, Any] = {**PATCHES, install: (TRIAL,)}

    with pytest.raises(TypeError, match=r"RunKind\(search\) is not listed"):
        check_recorded(KINDS, recorded)


def test_a_kind_whose_span_has_no_row_in_the_catalogue_is_refused() -> None:
    with pytest.raises(TypeError, match=r"RunKind\(search\): add its span's name"):
        check_described((*KINDS, TRIAL), catalogue.SPANS, ROWS)


def test_a_kind_whose_target_has_no_row_in_the_catalogue_is_refused() -> None:
    with pytest.raises(TypeError, match=r"RunKind\(search\): langchain\.vector_store"):
        check_described((*KINDS, TRIAL), NAMED, ROWS)


def test_a_kind_under_another_name_in_the_catalogue_is_refused() -> None:
    misnamed = [*catalogue.SPANS, SpanName(TRIAL, "look up {store}", "search")]

    with pytest.raises(TypeError, match="add its span's name"):
        check_described((*KINDS, TRIAL), misnamed, ROWS)


def test_a_metric_without_an_instrument_is_refused() -> None:
    unknown = replace(metrics.TOOL_DURATION, name="gen_ai.search.duration")

    with pytest.raises(TypeError, match=r"gen_ai\.search\.duration"):
        check_metrics((*KINDS, replace(TRIAL, metrics=(unknown,))))


def test_a_metric_that_no_kind_feeds_is_refused() -> None:
    with pytest.raises(TypeError, match=r"gen_ai\."):
        check_metrics([CHAT])


@pytest.mark.parametrize("callback", CallbackType)
def test_a_callback_that_has_no_kind_is_refused(callback: CallbackType) -> None:
    with pytest.raises(TypeError, match=str(callback)):
        by_callback([kind for kind in KINDS if kind.callback is not callback], RULES)


def test_kinds_that_share_a_callback_without_a_rule_are_refused() -> None:
    with pytest.raises(TypeError, match="share"):
        by_callback(KINDS, {})


def test_two_kinds_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="the same name"):
        by_callback((*KINDS, replace(CHAT)), {})


def test_what_a_kind_measures_is_among_the_metrics_that_it_declares() -> None:
    attributes = {"gen_ai.usage.input_tokens": 1, "gen_ai.response.time_to_first_chunk": 0.1}

    class Run:
        calls: tuple[Any, ...] = ()

    for kind in (*KINDS, *BORDERS):
        for latest in (False, True):
            found = [] if kind.measure is None else kind.measure(Run(), attributes, 1.0, latest)  # type: ignore[arg-type]
            assert {each.metric for each in found} <= set(kind.metrics)
