"""Trees of spans, whatever their parents say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from langspan.page.spans import Span
from langspan.page.trees import by_trace, preorder, roots_of

IDS = st.sampled_from("abcdefgh")
SPANS = st.lists(
    st.builds(
        Span,
        trace_id=st.just("t"),
        span_id=IDS,
        parent_id=st.one_of(st.none(), IDS, st.just("elsewhere")),
        name=st.just("step"),
        start_ns=st.integers(0, 5),
    ),
    max_size=12,
    unique_by=lambda span: span.span_id,
)


@given(SPANS)
def test_every_span_is_in_the_tree_once(spans):
    found = [node.span.span_id for node, _ in preorder(roots_of(spans))]
    assert sorted(span.span_id for span in spans) == sorted(found)


@given(SPANS)
def test_a_child_stands_below_its_parent(spans):
    for node, _ in preorder(roots_of(spans)):
        assert [node.span.span_id] * len(node.children) == [child.span.parent_id for child in node.children]


@given(SPANS)
def test_siblings_are_in_the_order_of_their_start(spans):
    for children in [roots_of(spans), *(node.children for node, _ in preorder(roots_of(spans)))]:
        starts = [child.span.start_ns for child in children]
        assert sorted(starts) == starts


def test_a_trace_may_be_deeper_than_the_stack():
    spans = [Span("t", str(n), str(n - 1) if n else None, "step", n) for n in range(20_000)]
    assert 19_999 == max(depth for _, depth in preorder(roots_of(spans)))


def test_traces_are_in_the_order_of_their_beginning_and_of_two_copies_the_last_counts():
    spans = [
        Span("late", "a", None, "x", 5),
        Span("early", "b", None, "old", 1),
        Span("early", "b", None, "new", 1),
    ]
    assert {"early": ["new"], "late": ["x"]} == {
        trace: [span.name for span in each] for trace, each in by_trace(spans).items()
    }
    assert ["early", "late"] == list(by_trace(spans))
