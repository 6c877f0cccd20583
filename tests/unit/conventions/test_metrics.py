"""The metric tables, and the measurements of a span."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.conventions import metrics, names
from langspan.conventions.measurements import inference_measurements, measured, token_measurements
from langspan.conventions.metrics import ADDED, LATEST, RELEASED, Instrument
from support.published import incubating

EVERY = sorted({*RELEASED, *LATEST, *ADDED}, key=lambda metric: metric.name)
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.conversation.id": "t1",
}
LABELS = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
UNKNOWN = {**LABELS, "gen_ai.token.modality": "unknown"}


def tokens(span, *, latest):
    return [
        (found.metric.name, found.value, found.attributes)
        for found in token_measurements(span, latest=latest)
    ]


def test_names_are_unique():
    assert len({metric.name for metric in EVERY}) == len(EVERY)


def test_the_released_set_is_the_published_one():
    module = incubating("metrics.gen_ai_metrics")
    published = {value for key, value in vars(module).items() if key.startswith("GEN_AI_CLIENT_")}
    assert published == {metric.name for metric in RELEASED}


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_boundaries_increase(metric):
    rising = all(low < high for low, high in zip(metric.boundaries, metric.boundaries[1:], strict=False))
    assert (True, metric.instrument is Instrument.HISTOGRAM) == (rising, bool(metric.boundaries))


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)
def test_no_attribute_is_an_id(metric):
    ids = {
        names.GEN_AI_CONVERSATION_ID,
        names.GEN_AI_RESPONSE_ID,
        names.GEN_AI_TOOL_CALL_ID,
        names.USER_ID,
    }
    assert set() == ids & set(metric.attributes)


@pytest.mark.parametrize(
    ("boundaries", "first", "last", "count"),
    [
        (metrics.SECONDS, 0.01, 81.92, 14),
        (metrics.AGENT_SECONDS, 0.1, 409.6, 13),
        (metrics.TOKENS, 1, 67_108_864, 14),
        (metrics.CALLS, 1, 128, 8),
    ],
    ids=["seconds", "agent seconds", "tokens", "calls"],
)
def test_boundaries_are_the_conventions(boundaries, first, last, count):
    assert (first, last, count) == (boundaries[0], boundaries[-1], len(boundaries))


def test_the_boundaries_of_durations_are_exact():
    expected = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
    assert expected == metrics.SECONDS


@pytest.mark.parametrize(
    ("latest", "names_expected"),
    [
        (False, ["gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk"]),
        (True, ["gen_ai.client.inference.duration", "gen_ai.client.inference.time_to_first_chunk"]),
    ],
)
def test_a_model_call_measures_its_duration_and_its_first_chunk(latest, names_expected):
    found = inference_measurements({**CALL, "gen_ai.response.time_to_first_chunk": 0.5}, 2.0, latest=latest)
    assert [(names_expected[0], 2.0), (names_expected[1], 0.5)] == [
        (each.metric.name, each.value) for each in found
    ]


def test_a_call_that_did_not_stream_measures_no_first_chunk():
    (found,) = inference_measurements(CALL, 2.0, latest=False)
    assert "gen_ai.client.operation.duration" == found.metric.name


def test_a_measurement_has_those_of_its_metrics_attributes_that_the_span_has():
    span = {**CALL, "error.type": "ValueError", "server.port": 443}
    found = measured(metrics.OPERATION_DURATION, 1.5, span)
    assert (1.5, {**LABELS, "error.type": "ValueError", "server.port": 443}) == (
        found.value,
        found.attributes,
    )


def test_released_token_usage():
    span = {**CALL, "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 2}
    name = "gen_ai.client.token.usage"
    assert [
        (name, 9, {**LABELS, "gen_ai.token.type": "input"}),
        (name, 2, {**LABELS, "gen_ai.token.type": "output"}),
    ] == tokens(span, latest=False)


def test_latest_token_usage():
    span = {
        **CALL,
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 1,
    }
    prefix = "gen_ai.client.inference"
    assert [
        (f"{prefix}.operation.input_tokens", 9, LABELS),
        (f"{prefix}.operation.output_tokens", 2, LABELS),
        (f"{prefix}.usage.input_tokens", 9, UNKNOWN),
        (f"{prefix}.usage.output_tokens", 2, UNKNOWN),
        (f"{prefix}.usage.cache_read.input_tokens", 4, UNKNOWN),
        (f"{prefix}.usage.reasoning.output_tokens", 1, UNKNOWN),
    ] == tokens(span, latest=True)


@pytest.mark.parametrize("latest", [False, True])
def test_nothing_is_measured_if_nothing_was_reported(latest):
    assert [] == tokens(CALL, latest=latest)


@pytest.mark.parametrize("latest", [False, True])
def test_a_single_count_is_measured_alone(latest):
    names_found = {name for name, _, _ in tokens({**CALL, "gen_ai.usage.output_tokens": 2}, latest=latest)}
    assert not any("input" in name for name in names_found)


COUNTS = st.integers(min_value=0, max_value=1_000)


@given(total=COUNTS, text=COUNTS, image=COUNTS, audio=COUNTS)
def test_the_modalities_add_up_to_the_total(total, text, image, audio):
    span = {
        "gen_ai.usage.input_tokens": total,
        "gen_ai.usage.text.input_tokens": text,
        "gen_ai.usage.image.input_tokens": image,
        "gen_ai.usage.audio.input_tokens": audio,
    }
    found = [
        item for item in token_measurements(span, latest=True) if item.metric is metrics.USAGE_INPUT_TOKENS
    ]
    assert total == sum(item.value for item in found)
