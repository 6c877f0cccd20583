"""What the page is told: order, sums, figures."""

from __future__ import annotations

import json

import pytest

from langspan.page.model import page_data
from langspan.page.spans import spans_of
from support.page_spans import chat, request, span


def data(*spans, **resource):
    return page_data(spans_of(request(*spans, **resource)), "spans.jsonl")


def said(conversation):
    return {"gen_ai.conversation.id": conversation}


def test_traces_of_one_conversation_are_one_group_in_order():
    found = data(
        span(trace="c", at=9, attributes=said("c-1")),
        span(trace="b", at=5),
        span(trace="a", at=1, attributes=said("c-1")),
    )
    assert [("c-1", ["a", "c"]), ("", ["b"])] == [
        (group["conversation"], [found["traces"][number]["id"] for number in group["traces"]])
        for group in found["groups"]
    ]


def test_a_conversation_that_is_called_like_a_number_is_no_other_trace():
    found = data(span(trace="a"), span(trace="b", at=1, attributes=said("0")))
    assert [("", [0]), ("0", [1])] == [(group["conversation"], group["traces"]) for group in found["groups"]]


def test_tokens_and_cost_are_summed_over_model_calls_only():
    paid = {"langspan.cost.amount": 0.25, "langspan.cost.currency": "USD"}
    sums = {
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 4,
        **paid,
        "langspan.cost.amount": 0.5,
    }
    root = span("01", attributes={"gen_ai.operation.name": "invoke_agent", **sums})
    found = data(root, chat("02", "01", attributes=paid), chat("03", "01", attributes=paid))
    (group,) = found["groups"]
    assert (20, 4, [["USD", 0.5]]) == tuple(group["sums"][name] for name in ("input", "output", "cost"))


def test_a_cost_that_only_the_root_has_counts():
    found = data(span(attributes={"langspan.cost.amount": 0.5}), span("02", "01"))
    assert [["", 0.5]] == found["groups"][0]["sums"]["cost"]


def test_each_span_has_the_figures_that_it_says_and_no_others():
    paid = {"langspan.cost.amount": 0.25, "langspan.cost.currency": "EUR"}
    plain, call = data(span("01"), chat("02", "01", attributes=paid))["traces"][0]["spans"]
    assert [10, 2, 0.25, "EUR"] == [call[name] for name in ("input", "output", "cost", "currency")]
    assert set() == {"input", "output", "cost", "currency", "error", "outcome"} & plain.keys()


def test_parents_are_rows_above_and_what_is_missing_is_none():
    rows = data(span("01"), span("02", "01", at=1), span("03", "99", at=2))["traces"][0]["spans"]
    assert [(-1, 0), (0, 1), (-1, 0)] == [(row["parent"], row["depth"]) for row in rows]
    assert "99" == rows[2]["parentId"]


def test_spans_that_are_each_others_parent_are_shown():
    rows = data(span("01", "02"), span("02", "01", at=1))["traces"][0]["spans"]
    assert [("01", -1), ("02", 0)] == [(row["id"], row["parent"]) for row in rows]


@pytest.mark.parametrize(
    ("number", "shown"),
    [(2**53, str(2**53)), (-(2**63), str(-(2**63))), (2**53 - 1, 2**53 - 1), (True, True)],
)
def test_a_number_keeps_its_digits_in_a_browser(number, shown):
    assert shown == data(span(attributes={"n": number}))["traces"][0]["spans"][0]["attributes"]["n"]


def test_what_is_no_number_is_text():
    attributes = data(span(attributes={"n": [float("inf"), float("nan")]}))["traces"][0]["spans"][0][
        "attributes"
    ]
    assert ["inf", "nan"] == attributes["n"]


def test_an_error_is_told_by_class_and_message():
    row = data(span(error="too late", attributes={"error.type": "shop.errors.Timeout"}))["traces"][0][
        "spans"
    ][0]
    assert "shop.errors.Timeout: too late" == row["error"]


def test_a_resource_is_told_once():
    found = data(span("01"), span("02", "01"), resource={"service.name": "shop"})
    assert [{"service.name": "shop"}] == found["resources"]
    assert [0, 0] == [row["resource"] for row in found["traces"][0]["spans"]]


def test_times_are_milliseconds_since_the_trace_began():
    rows = data(span("01"), span("02", "01", at=0.25, takes=0.5), span("03", "01", at=1, takes=None))[
        "traces"
    ][0]["spans"]
    assert [(0, 1000), (250, 500), (1000, None)] == [(row["start"], row.get("duration")) for row in rows]


def test_all_of_it_is_json():
    found = data(chat("01", "", attributes={"a": [1, {"b": 2.5}]}))
    assert found == json.loads(json.dumps(found, allow_nan=False))


def test_a_judgement_of_a_day_later_is_no_part_of_the_time_that_a_run_took():
    late = {"langspan.evaluation.name": "user_feedback"}
    (trace,) = data(span("01"), span("02", "01", at=86_400, attributes=late))["traces"]
    assert 1000 == trace["sums"]["duration"]


def test_an_error_that_passes_through_the_runs_around_counts_once():
    (trace,) = data(
        span("01", error="no"),
        span("02", "01", error="no"),
        span("03", "02", error="no"),
        span("04", "01", error="other"),
    )["traces"]
    assert 2 == trace["sums"]["errors"]
