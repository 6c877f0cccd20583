"""Any span and any log record: our bytes parse to the message that the stock encoder makes."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.export.otlp import (
    encode_log_record,
    encode_span,
    envelope_size,
    logs_request,
    span_frame_size,
    trace_request,
)
from support import otlp_stock as stock
from support.sdk_items import CONSTRUCTED_SPANS, log_records, provider_spans


@pytest.fixture(autouse=True)
def _silent_sdk() -> Any:
    """The SDK warns of what it drops."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _our_trace_request(spans: list[Any]) -> bytes:
    return trace_request((span, encode_span(span)) for span in spans)


def _our_logs_request(logs: list[Any]) -> bytes:
    return logs_request((log, encode_log_record(log)) for log in logs)


@given(provider_spans())
def test_spans_of_a_provider(spans: list[Any]) -> None:
    """With limits that drop attributes, events and links, parents here and elsewhere, several scopes."""
    expected = stock.comparable_traces(stock.stock_trace_request(spans))
    assert expected == stock.comparable_traces(_our_trace_request(spans))


@given(st.lists(CONSTRUCTED_SPANS, max_size=3))
def test_constructed_spans(spans: list[Any]) -> None:
    """With values, ids and times that a provider would not let pass."""
    expected = stock.comparable_traces(stock.stock_trace_request(spans))
    assert expected == stock.comparable_traces(_our_trace_request(spans))


@given(st.lists(log_records(), max_size=3))
def test_log_records(logs: list[Any]) -> None:
    """With bodies of any type."""
    expected = stock.comparable_logs(stock.stock_logs_request(logs))
    assert expected == stock.comparable_logs(_our_logs_request(logs))


@given(st.lists(CONSTRUCTED_SPANS, min_size=1, max_size=3))
def test_the_size_of_a_request_is_known_before_it_is_built(spans: list[Any]) -> None:
    """At most eight bytes too large for each resource and scope, never too small."""
    bodies = [encode_span(span) for span in spans]
    frames = sum(span_frame_size(body) for body in bodies)
    request = trace_request(zip(spans, bodies, strict=True))
    assert frames <= len(request) <= frames + sum(envelope_size(span) for span in spans)
    alone = trace_request([(spans[0], bodies[0])])
    assert 0 <= span_frame_size(bodies[0]) + envelope_size(spans[0]) - len(alone) <= 8
