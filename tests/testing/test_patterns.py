"""Trees that a test writes against trees that were found: lines in, differences out."""

from __future__ import annotations

import pytest

from langspan.cli.outline import outline
from langspan.cli.rows import SpanRow
from langspan.testing.order import arranged
from langspan.testing.patterns import Line, compare, is_same, parse

FOUND = [
    Line(0, "agent a"),
    Line(1, "node model"),
    Line(2, "chat m"),
    Line(1, "node tools"),
    Line(2, "tool t  ✗ ValueError"),
]


def differences(text, found=FOUND):
    return [(mark, line) for mark, _, line in compare(parse(text), found) if mark != " "]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            """
            agent a
            ├─ node model
            │  └─ chat m
            └─ node tools
               └─ tool t  ✗ ValueError
            """,
            id="drawn",
        ),
        pytest.param(
            """
            agent a
            |- node model
            |  `- chat m
            `- node tools
               `- tool t ✗ ValueError
            """,
            id="drawn in ASCII",
        ),
        pytest.param("agent a\n node model\n  chat m\n node tools\n  tool t ✗ ValueError", id="indented"),
        pytest.param("agent *\n  node model\n    chat *\n  node *\n    tool t ✗ *", id="any text"),
        pytest.param("agent a\n  ...", id="anything below"),
        pytest.param("...", id="anything"),
        pytest.param("agent a\n  ...\n  node tools\n    ...", id="anything before"),
        pytest.param("agent a\n  node model\n    ...\n  ...", id="anything behind"),
        pytest.param(
            "agent a\n  ...\n  node model\n    chat m\n  ...\n  node tools\n    tool t ✗ ValueError\n  ...",
            id="nothing for anything",
        ),
    ],
)
def test_a_tree_that_is_described_is_the_same(text):
    assert [] == differences(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "agent a\n  node model\n  node tools\n    ...", [("+", "chat m")], id="nothing told of children"
        ),
        pytest.param(
            "agent a\n  node model\n    chat m\n    ...\n  node tools\n    tool t",
            [("+", "tool t  ✗ ValueError"), ("-", "tool t")],
            id="an error that was not expected",
        ),
        pytest.param(
            "agent a\n  node model\n    chat m\n    node tools\n      ...",
            [("+", "node tools"), ("+", "tool t  ✗ ValueError"), ("-", "node tools")],
            id="another parent",
        ),
        pytest.param("agent a\n  ...\n  node x", [("-", "node x")], id="one that is missing"),
        pytest.param("", [("+", line.text) for line in FOUND], id="nothing expected"),
        pytest.param(
            "agent a\n  node tools\n    ...\n  node model\n    ...",
            [("-", "node tools"), ("+", "node tools")],
            id="another order",
        ),
    ],
)
def test_the_fewest_lines_are_told_that_differ(text, expected):
    assert sorted(expected) == sorted(differences(text))


def test_what_a_pattern_means_elsewhere_is_only_text():
    assert [] == differences("a[b] (c|d)+", [Line(0, "a[b] (c|d)+")])


def test_a_line_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no line above is the parent or a sibling of 'b'"):
        parse("  a\n b\n")


def test_a_large_tree_is_compared_at_once():
    found = [Line(0, "top"), *(Line(1, f"step {number}") for number in range(2000))]
    assert [] == differences("top\n  step 0\n  ...\n  step 1999", found)


def span(name, at, parent=None, **attributes):
    return SpanRow("t", name, parent, name, at[0], at[1], attributes)


def matches(text, *rows):
    lines, expected = list(outline(rows)), parse(text)
    return is_same(compare(expected, arranged(lines, expected)))


TOP = span("top", (0, 100))


@pytest.mark.parametrize("text", ["top\n  a\n  b", "top\n  b\n  a"])
def test_siblings_that_overlap_may_stand_in_any_order(text):
    assert matches(text, TOP, span("a", (1, 5), "top"), span("b", (2, 6), "top"))


def test_siblings_that_follow_each_other_may_not():
    assert not matches("top\n  b\n  a", TOP, span("a", (1, 2), "top"), span("b", (2, 3), "top"))


def test_nodes_of_one_step_may_stand_in_any_order_even_if_they_did_not_overlap():
    rows = [span(name, at, "top", **{"langgraph.step": 1}) for name, at in [("a", (1, 2)), ("b", (3, 4))]]
    assert matches("top\n  b\n  a", TOP, *rows)


def test_siblings_of_one_name_are_told_apart_by_what_is_below_them():
    rows = [
        TOP,
        SpanRow("t", "1", "top", "call", 1, 9),
        SpanRow("t", "2", "top", "call", 2, 9),
        span("first", (3, 4), "1"),
        span("second", (3, 4), "2"),
    ]
    assert matches("top\n  call\n    second\n  call\n    first", *rows)
    assert not matches("top\n  call\n    second\n  call\n    second", *rows)


def test_anything_may_stand_between_siblings_that_overlap():
    rows = [span(name, at, "top") for name, at in [("b", (1, 9)), ("x", (2, 9)), ("a", (3, 9))]]
    assert matches("top\n  a\n  ...\n  b", TOP, *rows)
    assert not matches("top\n  a\n  ...\n  c", TOP, *rows)
