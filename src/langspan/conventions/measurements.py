"""The measurements of a finished span: its duration, its first chunk and its tokens."""

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
    """One value to record.

    Attributes:
        metric: The metric.
        value: The value, in the metric's unit.
        attributes: The measurement's attributes.
    """

    metric: Metric
    value: float
    attributes: Attributes


# Each counter, the span attribute with its total, and the attributes with the total's parts by modality.
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
    """Return a measurement with the metric's attributes, as far as the span has them.

    Args:
        metric: The metric.
        value: The value, in the metric's unit.
        span: The span's attributes.
    """
    return Measurement(metric, value, {name: span[name] for name in metric.attributes if name in span})


def inference_measurements(span: Mapping[str, Any], seconds: float, *, latest: bool) -> list[Measurement]:
    """Return the measurements of a model call: its duration, its first chunk, and its tokens.

    Args:
        span: The span's attributes, including `gen_ai.usage.*`.
        seconds: The duration of the call.
        latest: Whether to use the newest metric names instead of the released ones.
    """
    found = [measured(INFERENCE_DURATION if latest else OPERATION_DURATION, seconds, span)]
    first = span.get(names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)
    if first is not None:
        found.append(measured(INFERENCE_TIME_TO_FIRST_CHUNK if latest else TIME_TO_FIRST_CHUNK, first, span))
    found.extend(token_measurements(span, latest=latest))
    return found


def token_measurements(span: Mapping[str, Any], *, latest: bool) -> list[Measurement]:
    """Return the measurements of a span's token counts; an empty list if none were reported.

    Args:
        span: The span's attributes, including `gen_ai.usage.*`.
        latest: Whether to use the newest metric names instead of the released ones.
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
    """Split a total by modality into parts that add up to it; an unassigned rest is "unknown"."""
    total = span.get(attribute)
    if not total:
        return []
    known = [(modality, span[part]) for modality, part in parts if span.get(part)]
    rest = total - sum(count for _, count in known)
    if rest < 0:
        return [(Modality.UNKNOWN, total)]
    return [*known, (Modality.UNKNOWN, rest)] if rest else known
