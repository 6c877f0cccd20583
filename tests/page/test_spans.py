"""Whole spans from OTLP JSON: nothing of a value is lost, and what is no span is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.page.spans import spans_of
from support.page_spans import BEGIN, pairs, request, span

VALUES = st.recursive(
    st.one_of(st.text(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


def read(*spans, **resource):
    return list(spans_of(request(*spans, **resource)))


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_every_value_comes_back_as_it_was(attributes):
    (found,) = read(span(attributes=attributes))
    assert attributes == found.attributes


def test_a_span_has_its_events_links_and_resource():
    event = {"name": "exception", "timeUnixNano": str(BEGIN + 5), "attributes": pairs({"a": 1})}
    link = {"traceId": "BEEF", "spanId": "0A", "attributes": pairs({"b": [2]})}
    (found,) = read(span(events=[event], links=[link]), resource={"service.name": "shop"})
    (happened,), (linked,) = found.events, found.links
    assert ("exception", BEGIN + 5, {"a": 1}) == (happened.name, happened.time_ns, happened.attributes)
    assert ("beef", "0a", {"b": [2]}) == (linked.trace_id, linked.span_id, linked.attributes)
    assert {"service.name": "shop"} == found.resource


def test_a_span_that_did_not_end_has_no_duration():
    (found,) = read(span(takes=None))
    assert (None, None) == (found.end_ns, found.duration_ns)


def test_a_value_that_is_nested_without_end_is_cut_off():
    value = {"stringValue": "bottom"}
    for _ in range(300):
        value = {"arrayValue": {"values": [value]}}
    (found,) = read({**span(), "attributes": [{"key": "deep", "value": value}]})
    assert "bottom" not in repr(found.attributes)
    assert "..." in repr(found.attributes)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"name": "x"}, id="no ids"),
        pytest.param({**span(), "name": 7}, id="a number for a name"),
        pytest.param({**span(), "startTimeUnixNano": "soon"}, id="a word for a time"),
        pytest.param({**span(), "endTimeUnixNano": str(2**64)}, id="a time of 65 bits"),
        pytest.param({**span(), "links": [{}]}, id="a link to nowhere"),
        pytest.param({**span(), "attributes": [7]}, id="a number for an attribute"),
    ],
)
def test_what_is_no_span_is_refused(broken):
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        read(broken)
