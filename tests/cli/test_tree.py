"""The tree in the terminal: rows in, lines out."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.cli.nesting import by_trace
from langspan.cli.rows import SpanRow
from langspan.cli.terminal import Style
from langspan.cli.tree import draw

MS = 1_000_000
PLAIN = Style(unicode=False, width=100)


def row(span_id, parent=None, name=None, at=(0, 10), **more):
    """A span of one trace that lasts from `at[0]` to `at[1]` milliseconds."""
    start, end = at
    return SpanRow(
        trace_id="feed",
        span_id=span_id,
        parent_id=parent,
        name=name or span_id,
        start_ns=start * MS,
        end_ns=None if end is None else end * MS,
        **more,
    )


def chat(span_id="chat", **usage):
    attributes = {"gen_ai.operation.name": "chat"}
    attributes |= {f"gen_ai.usage.{key}": value for key, value in usage.items()}
    return row(span_id, attributes=attributes)


def below_titles(rows, style=PLAIN):
    lines = draw(rows, style)
    return lines[1 + next(i for i, line in enumerate(lines) if line.lstrip().startswith("time")) :]


def body(rows):
    """The lines of the spans, each up to the end of its name."""
    return [re.match(r"((\|  |   )*(\|- |`- )?)\S+( \S+)*", line)[0] for line in below_titles(rows)]


def test_children_hang_below_their_parent_in_order_of_their_start():
    rows = [
        row("late", "top", at=(5, 6)),
        row("deep", "early", at=(2, 3)),
        row("early", "top", at=(1, 4)),
        row("top"),
    ]
    assert ["top", "|- early", "|  `- deep", "`- late"] == body(rows)


def test_box_lines_are_drawn_where_the_terminal_can_show_them():
    rows = [row("top"), row("a", "top", at=(1, 4)), row("b", "a", at=(2, 3)), row("c", "top", at=(5, 6))]
    assert ["top", "├─ a", "│  └─ b", "└─ c"] == [
        line[:10].rstrip(" ━") for line in below_titles(rows, Style())
    ]


def test_spans_without_a_known_parent_hang_below_a_line_that_says_so():
    rows = [row("top"), row("a", "gone", at=(1, 2)), row("b", "gone", at=(3, 4)), row("c", "a", at=(1, 2))]
    assert ["top", "(missing parent gone)", "|- a", "|  `- c", "`- b"] == body(rows)


def test_spans_that_are_each_others_parent_are_drawn_all_the_same():
    rows = [row("a", "b"), row("b", "a")]
    assert ["(spans that are each other's parent)", "`- a", "   `- b"] == body(rows)


def test_a_trace_deeper_than_the_stack_is_drawn():
    rows = [row("0"), *(row(str(i), str(i - 1)) for i in range(1, 3000))]
    assert 3000 == len(below_titles(rows))


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)), min_size=1, unique_by=lambda t: t[0]
    )
)
def test_every_span_is_drawn_once_whatever_the_parents(pairs):
    rows = [row(f"span{own}", None if parent is None else f"span{parent}") for own, parent in pairs]
    text = "\n".join(line for line in draw(rows, PLAIN) if not line.startswith("("))
    assert [1] * len(rows) == [text.count(each.name) for each in rows]


def failing(span_id, parent=None, error="ValueError", message=""):
    return row(span_id, parent, attributes={"error.type": error}, failed=True, message=message)


def test_an_error_is_told_where_it_began_and_marked_on_the_way_up():
    rows = [failing("top"), failing("node", "top"), failing("tool", "node")]
    assert ["x", "x", "x ValueError"] == [line.split(" ms ")[1].strip() for line in below_titles(rows)]


def test_an_error_that_another_one_caused_is_told_too():
    rows = [failing("top", error="app.Refused"), failing("tool", "top")]
    assert ["x app.Refused", "x ValueError"] == [line[line.index("x ") :] for line in below_titles(rows)]


def test_an_error_that_another_instrumentation_describes_in_its_own_way_is_the_same():
    rows = [
        failing("tool", error="http.Timeout"),
        row("GET", "tool", failed=True, message="Timeout: no answer"),
    ]
    assert ["x", "x Timeout: no answer"] == [line.split(" ms ")[1].strip() for line in below_titles(rows)]


def test_two_errors_of_one_class_are_both_told_if_they_say_different_things():
    rows = [failing("tool", message="no order"), failing("parse", "tool", message="no number")]
    assert ["x ValueError: no order", "x ValueError: no number"] == [
        line[line.index("x ") :] for line in below_titles(rows)
    ]


def test_of_an_error_too_long_for_the_line_the_class_stays():
    line = draw([failing("only", error="some.package.with.many.parts.Refused")], Style(width=50))[-1]
    assert line.endswith("✗ …Refused")


def test_errors_are_counted_where_they_began():
    rows = [row("top"), failing("a", "top"), failing("b", "a"), failing("c", "top")]
    assert "2 errors" in draw(rows, PLAIN)[0]


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        pytest.param(0, "0 us", id="nothing"),
        pytest.param(1_500, "2 us", id="microseconds"),
        pytest.param(999_400, "999 us", id="just below a millisecond"),
        pytest.param(999_600, "1.00 ms", id="rounded up to a millisecond"),
        pytest.param(12_345_678, "12.3 ms", id="milliseconds"),
        pytest.param(999_000_000, "999 ms", id="just below a second"),
        pytest.param(1_234_000_000, "1.23 s", id="seconds"),
        pytest.param(59_960_000_000, "1 m 00 s", id="rounded up to a minute"),
        pytest.param(3_725_000_000_000, "62 m 05 s", id="minutes"),
    ],
)
def test_durations_have_the_unit_that_suits_them(nanoseconds, text):
    only = dataclasses.replace(row("only"), end_ns=nanoseconds)
    assert draw([only], PLAIN)[-1].endswith(f"  {text}")


def test_a_span_that_never_ended_says_so():
    assert draw([row("open", at=(0, None))], PLAIN)[-1].endswith("not ended")


def test_token_columns_show_counts_where_there_are_any():
    """The figures are in the order time, in, cached, out, reasoning."""
    usage = {
        "input_tokens": 900,
        "cache_read.input_tokens": 800,
        "output_tokens": 70,
        "reasoning.output_tokens": 6,
    }
    assert ["10.0", "ms", "900", "800", "70", "6"] == draw([chat(**usage)], PLAIN)[-1].split()[-6:]


def test_columns_that_nobody_fills_are_left_out():
    assert ["time"] == draw([row("only")], PLAIN)[2].split()


def test_an_absent_count_is_blank_and_zero_is_zero():
    lines = below_titles([chat("none", output_tokens=5), chat("zero", output_tokens=5, input_tokens=0)])
    assert [["5"], ["0", "5"]] == [line.split("ms")[1].split() for line in lines]


def test_the_time_to_the_first_chunk_is_shown():
    first = row("chat", attributes={"gen_ai.response.time_to_first_chunk": 0.0312})
    assert draw([first], PLAIN)[-1].endswith("31.2 ms")


@pytest.mark.parametrize("key", ["cache_write.input_tokens", "cache_creation.input_tokens"])
def test_tokens_written_to_a_cache_are_shown_under_either_name(key):
    assert draw([chat(**{key: 321})], PLAIN)[-1].endswith("321")


def test_the_summary_counts_spans_errors_and_the_tokens_of_model_calls_only():
    agent = row(
        "agent", attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 30}
    )
    rows = [
        agent,
        chat("a", input_tokens=10, output_tokens=1),
        chat("b", input_tokens=20),
        row("bad", failed=True),
    ]
    assert "trace feed - 4 spans - 10.0 ms - 1 error - 30 tokens in, 1 out" == draw(rows, PLAIN)[0]


@pytest.mark.parametrize(
    ("attributes", "message", "shown"),
    [
        pytest.param({"error.type": "ValueError"}, "", "x ValueError", id="type"),
        pytest.param({"error.type": "openai.RateLimit"}, "", "x openai.RateLimit", id="type of a module"),
        pytest.param({"error.type": "429"}, "", "x 429", id="code"),
        pytest.param({"error.type": "quota.exceeded!"}, "", "x quota.exceeded!", id="code with a dot"),
        pytest.param({}, "it broke", "x it broke", id="message"),
        pytest.param({"error.type": "ValueError"}, "it broke", "x ValueError: it broke", id="both"),
        pytest.param(
            {"error.type": "ValueError"}, "ValueError: it broke", "x ValueError: it broke", id="type in both"
        ),
        pytest.param(
            {"error.type": "a.Lost"}, "Lost: it broke", "x a.Lost: it broke", id="short type in the message"
        ),
        pytest.param({}, "", "x error", id="neither"),
        pytest.param({}, "two\nlines", "x two lines", id="two lines"),
    ],
)
def test_a_failed_span_shows_its_error(attributes, message, shown):
    failed = row("only", failed=True, attributes=attributes, message=message)
    assert draw([failed], PLAIN)[-1].endswith(f"  {shown}")


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        pytest.param({"langspan.outcome": "cancelled"}, "cancelled", id="outcome"),
        pytest.param({"langspan.retrieval.document_count": 1}, "1 document", id="one document"),
        pytest.param({"langspan.retrieval.document_count": 0}, "0 documents", id="no document"),
        pytest.param({"langspan.embeddings.input_count": 2}, "2 texts", id="texts"),
    ],
)
def test_what_is_neither_figure_nor_error_is_said_in_words(attributes, shown):
    assert draw([row("only", attributes=attributes)], PLAIN)[-1].endswith(f"  {shown}")


def test_an_error_text_too_long_for_the_line_is_cut_with_a_mark():
    line = draw([row("only", failed=True, message="x" * 200)], PLAIN)[-1]
    assert (100, "x~") == (len(line), line[-2:])


def test_a_name_too_long_for_the_line_is_cut_with_a_mark():
    line = draw([row("only", name="n" * 200)], PLAIN)[-1]
    assert 100 >= len(line)
    assert "nn~" in line


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_line_of_an_ordinary_trace_is_wider_than_the_terminal(width):
    usage = {"input_tokens": 1900, "cache_read.input_tokens": 800, "output_tokens": 70}
    rows = [
        row("top"),
        dataclasses.replace(chat(**usage), parent_id="top"),
        row("bad", "top", failed=True, message="m" * 99),
    ]
    assert width >= max(map(len, draw(rows, Style(width=width))[1:]))


def test_a_narrow_terminal_shows_names_in_full_and_fewer_columns():
    usage = {
        "input_tokens": 9,
        "cache_read.input_tokens": 8,
        "output_tokens": 7,
        "reasoning.output_tokens": 6,
    }
    call = dataclasses.replace(chat(**usage), name="n" * 30)
    line = draw([call], Style(width=64))[-1]
    assert ["n" * 30, "10.0", "ms", "9", "8", "7"] == line.split()


def test_bars_show_when_a_span_ran():
    rows = [row("whole", at=(0, 100)), row("half", at=(50, 100)), row("blink", at=(100, 100))]
    bars = [line[len("whole  ") :][:20] for line in below_titles(rows)]
    assert ["=" * 20, " " * 10 + "=" * 10, " " * 19 + "="] == bars


def test_escape_sequences_in_a_name_do_not_reach_the_terminal():
    assert "\x1b" not in "".join(draw([row("only", name="\x1b[2Jgone")], PLAIN))


def test_colour_marks_failed_spans_red():
    assert "\x1b[31monly" in draw([row("only", failed=True)], Style(colour=True))[-1]


def test_there_is_no_colour_unless_asked_for():
    assert "\x1b" not in "".join(draw([row("only", failed=True), chat(input_tokens=1)], Style()))


def test_traces_are_sorted_by_age_and_a_repeated_span_counts_once():
    old, new = row("a"), dataclasses.replace(row("b", at=(5, 6)), trace_id="beef")
    again = dataclasses.replace(old, name="last copy")
    assert {"feed": [again], "beef": [new]} == by_trace([new, old, again])
    assert ["feed", "beef"] == list(by_trace([new, old]))


def priced(span_id, amount, **more):
    told = {"langspan.cost.amount": amount, "langspan.cost.currency": "USD", **more}
    return row(span_id, attributes={"gen_ai.operation.name": "chat", **told})


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (1.0, "$1.00"),
        (0.9999, "$1.00"),
        (0.5, "$0.50"),
        (0.00123456, "$0.0012"),
        (0.0000002, "$0.00000020"),
        (1e-15, "$0.000000000000"),
        (5, "$5.00"),
    ],
)
def test_a_cost_is_shown_in_dollars(amount, shown):
    lines = draw([priced("chat", amount)], PLAIN)
    assert shown == lines[-1].split()[-1]


def test_the_first_line_sums_up_what_the_model_calls_cost_and_no_sum_again():
    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "langspan.cost.amount": 0.3,
        "langspan.cost.currency": "USD",
    }
    lines = draw([row("agent", attributes=agent), priced("a", 0.1), priced("b", 0.2)], PLAIN)
    assert lines[0].endswith(" - $0.300")


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, "$0.100 and 1 call unpriced"),
        ({"gen_ai.operation.name": "embeddings"}, "$0.100"),
        ({"langspan.cache.hit": True}, "$0.100"),
    ],
)
def test_the_first_line_says_which_calls_have_no_price(more, shown):
    """Of those that could have one."""
    other = row("b", attributes={"gen_ai.operation.name": "chat", **more})
    assert draw([priced("a", 0.1), other], PLAIN)[0].endswith(f" - {shown}")


@pytest.mark.parametrize("amount", ["0.1", True, -1.0, float("nan"), float("inf"), 1e300, None], ids=str)
def test_what_is_no_amount_is_not_shown(amount):
    assert "$" not in "".join(draw([priced("chat", amount)], PLAIN))


def test_another_currency_is_not_shown_as_dollars():
    assert "$" not in "".join(draw([priced("chat", 0.1, **{"langspan.cost.currency": "EUR"})], PLAIN))
