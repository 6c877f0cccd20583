"""Two runs: rows, shape, where they part."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.diff.compare import compare
from langspan.page.spans import Span, spans_of
from support.page_spans import chat, large, messages, request, span


def spans(*made):
    return list(spans_of(request(*made)))


def rows(left, right):
    """What became of each span, by name."""
    return [(row.kind, row.span.name) for row in compare(spans(*left), spans(*right)).rows]


def tool(span_id, name="find", *, arguments="{}", result="", at=0.0, **more):
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.call.arguments": arguments,
        "gen_ai.tool.call.result": result,
    }
    return span(span_id, "1", f"execute_tool {name}", at=at, takes=0.5, attributes=attributes, **more)


ROOT = span("1", name="agent", takes=100)
SPANS = st.lists(
    st.builds(
        Span,
        trace_id=st.just("t"),
        span_id=st.sampled_from("abcdefgh"),
        parent_id=st.one_of(st.none(), st.sampled_from("abcdefgh")),
        name=st.sampled_from(["model", "tool", "node"]),
        start_ns=st.integers(0, 5),
        end_ns=st.integers(5, 9),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each.span_id,
)


@given(SPANS, SPANS)
def test_every_span_of_both_runs_has_its_row(left, right):
    found = compare(left, right).rows
    assert sorted(each.span_id for each in left) == sorted(row.left.span_id for row in found if row.left)
    assert sorted(each.span_id for each in right) == sorted(row.right.span_id for row in found if row.right)


@given(SPANS)
def test_a_run_is_the_same_as_itself(run):
    found = compare(run, run)
    assert (True, None, {"same"}) == (found.same_shape, found.parting, {row.kind for row in found.rows})


@given(SPANS, SPANS)
def test_the_shape_is_the_same_either_way_round(left, right):
    assert compare(left, right).same_shape == compare(right, left).same_shape


@given(SPANS, SPANS)
def test_each_row_knows_how_many_are_below_it(left, right):
    found = compare(left, right).rows
    for number, row in enumerate(found):
        deeper = [other.depth > row.depth for other in found[number + 1 :]]
        assert row.below == (deeper.index(False) if False in deeper else len(deeper))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param([tool("2")], [], [("same", "agent"), ("removed", "execute_tool find")], id="removed"),
        pytest.param([], [tool("2")], [("same", "agent"), ("added", "execute_tool find")], id="added"),
        pytest.param(
            [tool("2", "find")],
            [tool("2", "search")],
            [("same", "agent"), ("removed", "execute_tool find"), ("added", "execute_tool search")],
            id="another tool",
        ),
        pytest.param(
            [chat("2", "1", model="a")],
            [chat("2", "1", model="b")],
            [("same", "agent"), ("changed", "chat b")],
            id="another model",
        ),
        pytest.param(
            [tool("2", arguments='{"q": 1}')],
            [tool("2", arguments='{"q": 2}', at=1), tool("3", arguments='{"q": 1}', at=2)],
            [("same", "agent"), ("added", "execute_tool find"), ("same", "execute_tool find")],
            id="a call before the same one",
        ),
        pytest.param(
            [tool("2", "a", at=1), tool("3", "b", at=1.1)],
            [tool("2", "b", at=1), tool("3", "a", at=1.1)],
            [("same", "agent"), ("same", "execute_tool a"), ("same", "execute_tool b")],
            id="at the same time, in another order",
        ),
        pytest.param(
            [tool("2", "a", at=1), tool("3", "b", at=2)],
            [tool("2", "b", at=1), tool("3", "a", at=2)],
            [
                ("same", "agent"),
                ("removed", "execute_tool a"),
                ("same", "execute_tool b"),
                ("added", "execute_tool a"),
            ],
            id="one after the other, in another order",
        ),
    ],
)
def test_spans_are_aligned_by_kind_and_name(left, right, expected):
    assert expected == rows([ROOT, *left], [ROOT, *right])


def test_what_is_below_a_span_without_counterpart_has_none_either():
    left = [ROOT, span("2", "1", "node"), span("3", "2", "step")]
    assert [("same", "agent"), ("removed", "node"), ("removed", "step")] == rows(left, [ROOT])


def test_two_single_roots_are_one_run_under_another_name():
    found = compare(spans(span(name="v1")), spans(span(name="v2")))
    assert [("changed", False)] == [(row.kind, row.keeps_shape) for row in found.rows]


def test_several_traces_are_compared_in_turn():
    turns = [span(trace=f"t{n}", at=n, name="turn") for n in range(3)]
    assert [("same", "turn"), ("same", "turn"), ("removed", "turn")] == rows(turns, turns[:2])


def parting(left, right):
    found = compare(spans(ROOT, *left), spans(ROOT, *right)).parting
    return found and (list(found.path), found.what)


@pytest.mark.parametrize(
    ("left", "right", "there"),
    [
        pytest.param([], [tool("2")], "only in the second run", id="path"),
        pytest.param([tool("2", arguments="[1]")], [tool("2", arguments="[2]")], "arguments", id="arguments"),
        pytest.param([tool("2", result="a")], [tool("2", result="b")], "result", id="result"),
        pytest.param([tool("2")], [tool("2", error="no")], "outcome", id="outcome"),
    ],
)
def test_the_runs_part_where_something_differs_first(left, right, there):
    after_left, after_right = (tool("9", "after", at=50, result=text) for text in "xy")
    assert (["agent", "execute_tool find"], there) == parting([*left, after_left], [*right, after_right])


def test_what_comes_of_a_span_differs_after_what_is_below_it():
    answers = [{"gen_ai.output.messages": messages(("assistant", text))} for text in ("a", "b")]
    left, right = (
        [span("1", name="agent", takes=9, attributes=answer), tool("2", arguments=json.dumps(number))]
        for number, answer in enumerate(answers)
    )
    found = compare(spans(*left), spans(*right)).parting
    assert (["agent", "execute_tool find"], "arguments") == (list(found.path), found.what)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"arguments": '{"q": 2}'}, True),
        ({"result": "other"}, True),
        ({"error": "no"}, False),
    ],
)
def test_the_shape_is_of_spans_and_outcomes_not_of_what_is_said(change, same):
    assert same is compare(spans(ROOT, tool("2")), spans(ROOT, tool("2", **change))).same_shape


def test_ids_that_each_run_draws_are_no_change():
    def said(number):
        call = {"type": "tool_call", "id": f"call_{number}", "name": "find", "arguments": {"id": 7}}
        return [
            ROOT,
            chat(
                "2", "1", attributes={"gen_ai.output.messages": json.dumps([{"role": "a", "parts": [call]}])}
            ),
        ]

    assert {"same"} == {kind for kind, _ in rows(said(1), said(2))}


def test_an_id_among_the_arguments_is_one():
    assert ("changed", "execute_tool find") in rows(
        [ROOT, tool("2", arguments='{"id": 1}')], [ROOT, tool("2", arguments='{"id": 2}')]
    )


def test_tokens_and_cost_are_figures():
    paid = [{"langspan.cost.amount": amount} for amount in (0.1, 0.2)]
    left, right = (spans(chat("1", "", tokens=(n, 2), attributes=cost)) for n, cost in enumerate(paid))
    (row,) = compare(left, right).rows
    assert [("tokens in", 0, 1), ("cost", 0.1, 0.2)] == [(c.what, c.left, c.right) for c in row.figures]
    assert ("changed", True) == (row.kind, row.keeps_shape)


def test_five_thousand_spans_are_compared():
    made = spans(*large(5000))
    found = compare(made, [each for each in made if each.span_id != "4711"])
    assert ["4711"] == [row.left.span_id for row in found.rows if row.kind == "removed"]
