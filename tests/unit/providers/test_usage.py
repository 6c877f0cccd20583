"""Token counts, from every place and in every format."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, LLMResult
from pydantic import BaseModel, ConfigDict

from langspan.providers.llm_result import answer_of
from langspan.providers.usage import token_usage

IN = "gen_ai.usage.input_tokens"
OUT = "gen_ai.usage.output_tokens"
READ = "gen_ai.usage.cache_read.input_tokens"
WRITE = "gen_ai.usage.cache_write.input_tokens"
CREATION = "gen_ai.usage.cache_creation.input_tokens"
WRITE_5M = "langspan.usage.cache_write_5m.input_tokens"
WRITE_1H = "langspan.usage.cache_write_1h.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"
AUDIO_IN = "gen_ai.usage.audio.input_tokens"
TEXT_IN = "gen_ai.usage.text.input_tokens"
IMAGE_IN = "gen_ai.usage.image.input_tokens"
AUDIO_OUT = "gen_ai.usage.audio.output_tokens"


def usage(input_tokens, output_tokens, details_in=None, details_out=None):
    counts = {"input_tokens": input_tokens, "output_tokens": output_tokens, "total_tokens": 0}
    if details_in is not None:
        counts["input_token_details"] = details_in
    if details_out is not None:
        counts["output_token_details"] = details_out
    return counts


def message(counts=None, content="hi", **metadata):
    built = AIMessage(content, response_metadata=metadata)
    built.usage_metadata = counts  # set late, so that pydantic does not turn bad counts away
    return built


def chat(*messages, llm_output=None):
    return LLMResult(generations=[[ChatGeneration(message=item) for item in messages]], llm_output=llm_output)


STANDARD = [
    pytest.param(usage(3, 4), {IN: 3, OUT: 4}, id="totals"),
    pytest.param(
        usage(
            350, 240, {"audio": 10, "cache_creation": 200, "cache_read": 100}, {"audio": 5, "reasoning": 200}
        ),
        {IN: 350, OUT: 240, AUDIO_IN: 10, WRITE: 200, CREATION: 200, READ: 100, AUDIO_OUT: 5, REASONING: 200},
        id="all details",
    ),
    pytest.param(
        usage(10, 2, {"cache_read": 0}, {"reasoning": 0}),
        {IN: 10, OUT: 2, READ: 0, REASONING: 0},
        id="a reported zero is a fact",
    ),
    pytest.param(
        usage(20, 2, {"priority_cache_read": 8, "priority": 12}, {"priority_reasoning": 1, "priority": 1}),
        {IN: 20, OUT: 2, READ: 8, REASONING: 1},
        id="OpenAI processing tier",
    ),
    pytest.param(
        usage(20, 2, {"flex_cache_creation": 7}, {}),
        {IN: 20, OUT: 2, WRITE: 7, CREATION: 7},
        id="OpenAI flex tier cache write",
    ),
    pytest.param(
        usage(
            60,
            2,
            {
                "cache_read": 10,
                "cache_creation": 0,
                "ephemeral_5m_input_tokens": 30,
                "ephemeral_1h_input_tokens": 5,
            },
        ),
        {IN: 60, OUT: 2, READ: 10, WRITE: 35, CREATION: 35, WRITE_5M: 30, WRITE_1H: 5},
        id="Anthropic cache lifetimes",
    ),
    pytest.param(
        usage(60, 2, {"cache_creation": 35, "ephemeral_5m_input_tokens": 35, "ephemeral_1h_input_tokens": 0}),
        {IN: 60, OUT: 2, WRITE: 35, CREATION: 35, WRITE_5M: 35, WRITE_1H: 0},
        id="a total beside its lifetimes is not added to them",
    ),
    pytest.param(usage(0, 0), {}, id="0 and 0: nothing known"),
    pytest.param(usage(0, 0, {"cache_read": 0}, {"reasoning": 0}), {}, id="only zeros: nothing known"),
    pytest.param(usage(0, 7), {OUT: 7}, id="no prompt is empty"),
    pytest.param(usage(7, 0), {IN: 7}, id="no tokens for an answer with text: unknown"),
    pytest.param(usage(True, 7), {OUT: 7}, id="bool is not a count"),
    pytest.param(usage(-3, 7), {OUT: 7}, id="negative is not a count"),
    pytest.param(usage(float("nan"), 7), {OUT: 7}, id="NaN is not a count"),
    pytest.param(usage("9", 7), {OUT: 7}, id="text is not a count"),
    pytest.param(usage(5, 7, "x", [1]), {IN: 5, OUT: 7}, id="malformed details"),
    pytest.param(
        usage(5, 7, {"cache_read": None}, {"reasoning": "x"}), {IN: 5, OUT: 7}, id="malformed detail"
    ),
    pytest.param({}, {}, id="empty"),
    pytest.param([1], {}, id="no mapping"),
]


@pytest.mark.parametrize(("counts", "expected"), STANDARD)
def test_usage_metadata(counts, expected):
    assert expected == token_usage(answer_of(chat(message(counts))))


@pytest.mark.parametrize(("counts", "expected"), STANDARD)
def test_a_streamed_answer_counts_the_same(counts, expected):
    chunk = AIMessageChunk("hi")
    chunk.usage_metadata = counts
    assert expected == token_usage(answer_of(LLMResult(generations=[[ChatGenerationChunk(message=chunk)]])))


def test_an_empty_answer_may_have_cost_no_output_tokens():
    assert {IN: 7, OUT: 0} == token_usage(answer_of(chat(message(usage(7, 0), content=""))))


@pytest.mark.parametrize("provider", ["google_genai", "bedrock_converse"])
def test_a_package_that_writes_zero_for_not_sent(provider):
    counts = usage(9, 2, {"cache_read": 0, "cache_creation": 0})
    assert {IN: 9, OUT: 2} == token_usage(answer_of(chat(message(counts, model_provider=provider))))


# A provider's own usage object -> attributes; found in response_metadata, generation_info or llm_output.
RAW = [
    pytest.param(
        {
            "completion_tokens": 240,
            "prompt_tokens": 350,
            "total_tokens": 590,
            "completion_tokens_details": {
                "audio_tokens": 4,
                "reasoning_tokens": 200,
                "accepted_prediction_tokens": 0,
            },
            "prompt_tokens_details": {"audio_tokens": 3, "cached_tokens": 100},
        },
        {IN: 350, OUT: 240, READ: 100, REASONING: 200, AUDIO_IN: 3, AUDIO_OUT: 4},
        id="OpenAI chat completions",
    ),
    pytest.param(
        {
            "input_tokens": 36,
            "output_tokens": 87,
            "total_tokens": 123,
            "input_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 4},
            "output_tokens_details": {"reasoning_tokens": 64},
        },
        {IN: 36, OUT: 87, READ: 30, WRITE: 4, CREATION: 4, REASONING: 64},
        id="OpenAI responses: cached tokens are within the input",
    ),
    pytest.param(
        {
            "input_tokens": 11,
            "output_tokens": 5,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 40,
            "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 10},
        },
        {IN: 151, OUT: 5, READ: 100, WRITE: 40, CREATION: 40, WRITE_5M: 30, WRITE_1H: 10},
        id="Anthropic: cached tokens are beside the input",
    ),
    pytest.param(
        {"inputTokens": 11, "outputTokens": 5, "totalTokens": 116, "cacheReadInputTokens": 100},
        {IN: 111, OUT: 5, READ: 100},
        id="Bedrock Converse",
    ),
    pytest.param(
        {
            "prompt_token_count": 10,
            "candidates_token_count": 4,
            "thoughts_token_count": 6,
            "tool_use_prompt_token_count": 3,
            "cached_content_token_count": 2,
            "prompt_tokens_details": [
                {"modality": "TEXT", "token_count": 8},
                {"modality": SimpleNamespace(name="IMAGE"), "token_count": 2},
            ],
        },
        {IN: 13, OUT: 10, READ: 2, REASONING: 6, TEXT_IN: 8, IMAGE_IN: 2},
        id="Gemini: thoughts and tool prompts are beside",
    ),
    pytest.param(
        {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 1},
        {IN: 10, OUT: 5, REASONING: 1},
        id="Gemini in camel case",
    ),
    pytest.param(
        {"billed_units": {"input_tokens": 5.0, "output_tokens": 7.0}, "tokens": {"input_tokens": 71.0}},
        {IN: 5, OUT: 7},
        id="Cohere: billed counts",
    ),
    pytest.param(
        {
            "prompt_tokens": 20,
            "completion_tokens": 3,
            "prompt_cache_hit_tokens": 12,
            "prompt_cache_miss_tokens": 8,
        },
        {IN: 20, OUT: 3, READ: 12},
        id="DeepSeek",
    ),
    pytest.param(
        {"prompt_tokens": 20, "completion_tokens": 3, "reasoning_tokens": 2, "num_cached_tokens": 4},
        {IN: 20, OUT: 3, READ: 4, REASONING: 2},
        id="Perplexity and Mistral",
    ),
    pytest.param({"input_token_count": 8, "generated_token_count": 9}, {IN: 8, OUT: 9}, id="watsonx"),
    pytest.param(
        SimpleNamespace(prompt_tokens=6, completion_tokens=2, prompt_tokens_details=None),
        {IN: 6, OUT: 2},
        id="an object, as Hugging Face has it",
    ),
    pytest.param(
        {"prompt_tokens": 6, "completion_tokens": None, "prompt_tokens_details": 3},
        {IN: 6},
        id="malformed fields",
    ),
    pytest.param({}, {}, id="empty, as for the second prompt of a batch"),
    pytest.param(17, {}, id="a number"),
]


@pytest.mark.parametrize(("raw", "expected"), RAW)
@pytest.mark.parametrize("place", ["token_usage", "usage"])
def test_provider_usage_in_response_metadata(place, raw, expected):
    assert expected == token_usage(answer_of(chat(message(**{place: raw}))))


@pytest.mark.parametrize(("raw", "expected"), RAW)
def test_provider_usage_in_llm_output(raw, expected):
    result = LLMResult(
        generations=[[Generation(text="hi")]], llm_output={"token_usage": raw, "model_name": "m"}
    )
    assert expected == token_usage(answer_of(result))


@pytest.mark.parametrize(("raw", "expected"), RAW)
def test_provider_usage_in_generation_info(raw, expected):
    result = LLMResult(generations=[[Generation(text="hi", generation_info={"usage_metadata": raw})]])
    assert expected == token_usage(answer_of(result))


def test_ollamas_top_level_counts():
    info = {"model": "llama3", "done": True, "prompt_eval_count": 32, "eval_count": 71, "eval_duration": 9}
    result = LLMResult(generations=[[Generation(text="hi", generation_info=info)]])
    assert {IN: 32, OUT: 71} == token_usage(answer_of(result))


def test_details_that_only_the_provider_has_are_added_to_the_totals():
    """Mistral's package only converts the totals."""
    raw = {"prompt_tokens": 99, "completion_tokens": 99, "prompt_tokens_details": {"cached_tokens": 4}}
    assert {IN: 9, OUT: 2, READ: 4} == token_usage(answer_of(chat(message(usage(9, 2), token_usage=raw))))


def test_a_blocked_gemini_prompt_has_no_model_provider():
    result = chat(message(usage(25, 0, {"cache_read": 0}), content="", prompt_feedback={}))
    assert {IN: 25, OUT: 0} == token_usage(answer_of(result), "gcp.gemini")


def test_xais_package_omits_details_that_the_provider_sends():
    counts = usage(25, 12, {"cache_read": 4, "audio": 0}, {"reasoning": 7})
    raw = {"prompt_tokens": 25, "completion_tokens": 5, "prompt_tokens_details": {"text_tokens": 25}}
    found = token_usage(answer_of(chat(message(counts, model_provider="xai", token_usage=raw))))
    assert {IN: 25, OUT: 12, READ: 4, AUDIO_IN: 0, REASONING: 7, TEXT_IN: 25} == found


def test_a_zero_input_is_looked_up_elsewhere():
    raw = {"prompt_tokens": 12, "completion_tokens": 3}
    assert {IN: 12, OUT: 3} == token_usage(answer_of(chat(message(usage(0, 3, {}), token_usage=raw))))


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(usage(9, 7, {"cache_read": 4}), id="no details of the output"),
        pytest.param(usage(9, 7, None, {"reasoning": 3}), id="no details of the input"),
        pytest.param(usage(9, None, {"cache_read": 4}, {"reasoning": 3}), id="no output"),
        pytest.param(usage(None, 7, {"cache_read": 4}, {"reasoning": 3}), id="no input"),
        pytest.param(None, id="nothing"),
    ],
)
def test_a_later_place_adds_what_an_earlier_one_lacks(counts):
    raw = {
        "prompt_tokens": 9,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    assert {IN: 9, OUT: 7, READ: 4, REASONING: 3} == token_usage(
        answer_of(chat(message(counts, token_usage=raw)))
    )


def test_several_usage_objects_in_one_place_complete_each_other():
    metadata = {"token_usage": {"prompt_tokens": 9}, "usage": {"prompt_tokens": 8, "completion_tokens": 7}}
    assert {IN: 9, OUT: 7} == token_usage(answer_of(chat(message(None, **metadata))))


class Details(BaseModel):
    model_config = ConfigDict(extra="allow")


def test_undeclared_pydantic_fields_are_read():
    raw = Details(
        prompt_tokens=9,
        completion_tokens=7,
        cache_creation_input_tokens=2,
        completion_tokens_details=Details(reasoning_tokens=3),
    )
    expected = {IN: 9, OUT: 7, WRITE: 2, CREATION: 2, REASONING: 3}
    assert expected == token_usage(answer_of(chat(message(None, token_usage=raw))))


def test_an_answer_without_choices_may_still_have_been_counted():
    raw = {"token_usage": {"prompt_tokens": 9, "completion_tokens": 0}}
    assert {IN: 9, OUT: 0} == token_usage(answer_of(LLMResult(generations=[[]], llm_output=raw)))


def test_the_same_usage_in_every_place_is_counted_once():
    raw = {"prompt_tokens": 9, "completion_tokens": 2}
    result = chat(
        message(usage(9, 2), token_usage=raw, usage=raw), llm_output={"token_usage": raw, "usage": raw}
    )
    assert {IN: 9, OUT: 2} == token_usage(answer_of(result))


def test_several_choices_share_one_usage():
    assert {IN: 9, OUT: 2} == token_usage(answer_of(chat(message(usage(9, 2)), message(usage(9, 2)))))


def test_usage_of_a_later_choice_counts_when_the_first_has_none():
    assert {IN: 9, OUT: 2} == token_usage(answer_of(chat(message(), message(usage(9, 2)))))


@pytest.mark.parametrize(
    "result", [None, LLMResult(generations=[]), chat(message())], ids=["none", "empty", "no usage"]
)
def test_nothing_was_reported(result):
    assert {} == token_usage(answer_of(result))
