"""What a finished span says to the metrics: which duration it counts for, and its tokens as measurements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from langspan._values import Attributes
from langspan.conventions import names
from langspan.conventions.metrics import (
    INFERENCE_DURATION,
    INFERENCE_TIME_TO_FIRST_CHUNK,
    INPUT_TOKENS,
    OPERATION_DURATION,
    OUTPUT_TOKENS,
    TIME_TO_FIRST_CHUNK,
    TOKEN_USAGE,
    USAGE_CACHE_READ,
    USAGE_CACHE_WRITE,
    USAGE_INPUT_TOKENS,
    USAGE_OUTPUT_TOKENS,
    USAGE_REASONING,
    Metric,
)
from langspan.conventions.names import Modality, TokenType


class Measurement(NamedTuple):
    """One value to be recorded.

    Attributes:
        metric: The metric it belongs to.
        value: The value, in the metric's unit.
        attributes: Its attributes.
    """

    metric: Metric
    value: float
    attributes: Attributes


# Counter -> the span attribute with its total, and the parts of that total which name a modality.
_COUNTED: Final = (
    (
        USAGE_INPUT_TOKENS,
        names.GEN_AI_USAGE_INPUT_TOKENS,
        (
            (Modality.TEXT, names.GEN_AI_USAGE_TEXT_INPUT_TOKENS),
            (Modality.IMAGE, names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS),
            (Modality.AUDIO, names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS),
        ),
    ),
    (
        USAGE_OUTPUT_TOKENS,
        names.GEN_AI_USAGE_OUTPUT_TOKENS,
        (
            (Modality.TEXT, names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS),
            (Modality.IMAGE, names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS),
            (Modality.AUDIO, names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS),
        ),
    ),
    (USAGE_CACHE_READ, names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, ()),
    (USAGE_CACHE_WRITE, names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, ()),
    (USAGE_REASONING, names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, ()),
)
_TOTALS: Final = (
    (TokenType.INPUT, names.GEN_AI_USAGE_INPUT_TOKENS, INPUT_TOKENS),
    (TokenType.OUTPUT, names.GEN_AI_USAGE_OUTPUT_TOKENS, OUTPUT_TOKENS),
)


def measured(metric: Metric, value: float, span: Mapping[str, Any]) -> Measurement:
    """Return a measurement with those of the metric's attributes that its span has.

    Args:
        metric: The metric.
        value: The value, in the metric's unit.
        span: The span's attributes.
    """
    return Measurement(metric, value, {name: span[name] for name in metric.attributes if name in span})


def inference_measurements(span: Mapping[str, Any], seconds: float, *, latest: bool) -> list[Measurement]:
    """Return what a model call measures: its duration, its first chunk, and its tokens.

    Args:
        span: The span's attributes, `gen_ai.usage.*` among them.
        seconds: How long the call took.
        latest: Use the newest names.
    """
    found = [measured(INFERENCE_DURATION if latest else OPERATION_DURATION, seconds, span)]
    first = span.get(names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
    if first is not None:
        found.append(measured(INFERENCE_TIME_TO_FIRST_CHUNK if latest else TIME_TO_FIRST_CHUNK, first, span))
    found.extend(token_measurements(span, latest=latest))
    return found


def token_measurements(span: Mapping[str, Any], *, latest: bool) -> list[Measurement]:
    """Return what the token counts on a span say to the metrics; nothing where nothing was reported.

    Args:
        span: The span's attributes, `gen_ai.usage.*` among them.
        latest: Use the newest names.
    """
    common = measured(INPUT_TOKENS, 0, span).attributes
    found = []
    for kind, attribute, histogram in _TOTALS:
        total = span.get(attribute)
        if total is not None:
            if latest:
                found.append(Measurement(histogram, total, common))
            else:
                found.append(Measurement(TOKEN_USAGE, total, {**common, names.GEN_AI_TOKEN_TYPE: kind}))
    if latest:
        for counter, attribute, parts in _COUNTED:
            for modality, count in _by_modality(span, attribute, parts):
                labels = {**common, names.GEN_AI_TOKEN_MODALITY: modality}
                found.append(Measurement(counter, count, labels))
    return found


def _by_modality(
    span: Mapping[str, Any], attribute: str, parts: tuple[tuple[str, str], ...]
) -> list[tuple[str, int]]:
    """Split a total by modality so that the parts add up to it; what nobody assigned is "unknown"."""
    total = span.get(attribute)
    if not total:
        return []
    known = [(modality, span[part]) for modality, part in parts if span.get(part)]
    rest = total - sum(count for _, count in known)
    if rest < 0:
        return [(Modality.UNKNOWN, total)]
    return [*known, (Modality.UNKNOWN, rest)] if rest else known
