"""The names: well-formed, unique, and equal to the published conventions as far as those have them."""

from __future__ import annotations

import re

import pytest

from langspan.conventions import names
from support.published import incubating

CONSTANTS = {key: value for key, value in vars(names).items() if key.isupper() and isinstance(value, str)}
ATTRIBUTES = {key: value for key, value in CONSTANTS.items() if "." in value and key != "SCHEMA_URL"}
# Added to the conventions after v1.41, so the published constants do not have them.
LATER = {
    "gen_ai.conversation.compacted",
    "gen_ai.prompt.version",
    "gen_ai.prompt.variable.",
    "gen_ai.request.reasoning.level",
    "gen_ai.retrieval.top_k",
    "gen_ai.request.previous_response.id",
    "gen_ai.token.modality",
    "gen_ai.usage.cache_write.input_tokens",
    *(
        f"gen_ai.usage.{modality}.{kind}_tokens"
        for modality in ("text", "image", "audio")
        for kind in ("input", "output")
    ),
}


@pytest.mark.parametrize(("key", "value"), sorted(ATTRIBUTES.items()), ids=str)
def test_a_constant_is_named_like_its_attribute(key, value):
    expected = re.sub(r"[^A-Z0-9]", "_", value.upper().rstrip("."))
    spelled = key.removesuffix("_PREFIX").replace("LANGSPAN_REASONING", "LANGSPAN_REQUEST_REASONING")
    assert expected == spelled


def test_no_two_constants_have_the_same_value():
    assert len(set(ATTRIBUTES.values())) == len(ATTRIBUTES)


@pytest.mark.parametrize(
    "value", sorted(v for v in ATTRIBUTES.values() if v.startswith(("gen_ai.", "openai.")))
)
def test_a_standard_name_is_published_or_known_to_be_newer(value):
    published = published_attributes()
    assert value in published or value in LATER


def test_what_is_listed_as_newer_is_not_published_yet():
    assert set() == LATER & published_attributes()


@pytest.mark.parametrize(
    ("ours", "enum"),
    [
        (names.OperationName, "GenAiOperationNameValues"),
        (names.OutputType, "GenAiOutputTypeValues"),
        (names.TokenType, "GenAiTokenTypeValues"),
    ],
    ids=lambda item: getattr(item, "__name__", item),
)
def test_well_known_values_are_the_published_ones(ours, enum):
    module = incubating("attributes.gen_ai_attributes")
    published = {member.value for member in getattr(module, enum)}
    values = {value for key, value in vars(ours).items() if key.isupper()}
    assert set() == values - published


def published_attributes() -> set[str]:
    found = set()
    for part in ("gen_ai", "openai"):
        module = incubating(f"attributes.{part}_attributes")
        found |= {value for key, value in vars(module).items() if key.isupper() and isinstance(value, str)}
    return found
