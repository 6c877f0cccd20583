"""The response of a model, with results as in the provider packages."""

from __future__ import annotations

import enum
from types import SimpleNamespace

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, ChatMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, LLMResult

from langspan.providers.llm_result import answer_of
from langspan.providers.response import finish_reason, is_cache_hit, model_response, told_response

ID = "gen_ai.response.id"
MODEL = "gen_ai.response.model"
REASONS = "gen_ai.response.finish_reasons"


class Reason(enum.Enum):
    MAX_TOKENS = 2


def chat(*messages, llm_output=None):
    generations = [ChatGeneration(message=message) for message in messages]
    return LLMResult(generations=[generations], llm_output=llm_output)


def answer(metadata, **fields):
    return chat(AIMessage("hi", response_metadata=metadata, **fields))


def test_openai_chat_completion():
    metadata = {
        "token_usage": {"completion_tokens": 2},
        "model_provider": "openai",
        "model_name": "gpt-4o-2024-08-06",
        "system_fingerprint": "fp_1",
        "id": "chatcmpl-1",
        "service_tier": "default",
        "finish_reason": "stop",
        "logprobs": None,
    }
    assert {
        ID: "chatcmpl-1",
        MODEL: "gpt-4o-2024-08-06",
        REASONS: ["stop"],
        "openai.response.service_tier": "default",
        "openai.response.system_fingerprint": "fp_1",
        "openai.api.type": "chat_completions",
    } == model_response(answer_of(answer(metadata, id="lc_run--1")))


def test_openai_responses_api():
    metadata = {
        "id": "resp_1",
        "created_at": 1.0,
        "object": "response",
        "status": "completed",
        "model": "gpt-5",
        "model_provider": "openai",
        "model_name": "gpt-5",
    }
    assert {
        ID: "resp_1",
        MODEL: "gpt-5",
        REASONS: ["stop"],
        "openai.api.type": "responses",
    } == model_response(answer_of(answer(metadata, id="resp_1")))


def test_anthropic():
    metadata = {
        "id": "msg_1",
        "container": None,
        "model": "claude-sonnet-4-5",
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "model_name": "claude-sonnet-4-5",
        "model_provider": "anthropic",
        "usage": {"input_tokens": 1, "service_tier": "standard"},
    }
    expected = {ID: "msg_1", MODEL: "claude-sonnet-4-5", REASONS: ["end_turn"]}
    assert expected == model_response(answer_of(answer(metadata)))


def test_a_streamed_answer_with_strings_concatenated_by_langchain():
    """A string that several chunks repeat is concatenated."""
    message = AIMessageChunk(
        "hi", response_metadata={"model_name": "gpt-4ogpt-4o", "finish_reason": "STOPSTOP"}
    )
    result = LLMResult(generations=[[ChatGenerationChunk(message=message)]])
    assert {MODEL: "gpt-4o", REASONS: ["STOP"]} == model_response(answer_of(result))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({"finish_reason": "tool_calls"}, ["tool_calls"], id="OpenAI"),
        pytest.param({"stop_reason": "max_tokens"}, ["max_tokens"], id="Anthropic"),
        pytest.param({"stopReason": "end_turn"}, ["end_turn"], id="Bedrock Converse"),
        pytest.param({"done_reason": "length", "done": True}, ["length"], id="Ollama"),
        pytest.param({"finish_reason": "STOP"}, ["STOP"], id="Gemini"),
        pytest.param({"finish_reason": Reason.MAX_TOKENS}, ["MAX_TOKENS"], id="enum"),
        pytest.param({"finish_reason": None, "stop_reason": "x"}, ["x"], id="None is not a reason"),
        pytest.param({"status": "completed"}, ["stop"], id="Responses API"),
        pytest.param(
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            ["length"],
            id="Responses API, cut",
        ),
        pytest.param(
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            ["content_filter"],
            id="Responses API, filtered",
        ),
        pytest.param(
            {"status": "incomplete", "incomplete_details": {"reason": "other"}},
            ["other"],
            id="Responses API, for a new reason",
        ),
        pytest.param({"status": "incomplete"}, None, id="Responses API, no details"),
        pytest.param({"status": "failed"}, None, id="Responses API, failed"),
        pytest.param({"finish_reason": 3}, None, id="malformed"),
        pytest.param({}, None, id="no reason"),
    ],
)
def test_finish_reason(metadata, expected):
    assert expected == model_response(answer_of(answer(metadata))).get(REASONS)


def test_a_completed_response_with_tool_calls_stopped_for_them():
    call = {"name": "f", "args": {}, "id": "c1"}
    assert ["tool_calls"] == model_response(answer_of(answer({"status": "completed"}, tool_calls=[call])))[
        REASONS
    ]


def test_one_finish_reason_for_each_choice_in_order():
    messages = [AIMessage("a", response_metadata={"finish_reason": reason}) for reason in ("stop", "length")]
    assert ["stop", "length"] == model_response(answer_of(chat(*messages)))[REASONS]


def test_reasons_that_cannot_be_aligned_with_the_choices_are_left_out():
    result = chat(AIMessage("a", response_metadata={"finish_reason": "stop"}), AIMessage("b"))
    assert {} == model_response(answer_of(result))


@pytest.mark.parametrize(
    ("message_id", "metadata", "expected"),
    [
        pytest.param("lc_run--0199-0", {}, None, id="made up by LangChain"),
        pytest.param("run-0199", {}, None, id="made up by older LangChain"),
        pytest.param("lc_5", {}, None, id="automatic"),
        pytest.param("resp_9", {}, "resp_9", id="message id of the provider"),
        pytest.param("lc_run--1", {"id": "msg_1"}, "msg_1", id="metadata first"),
        pytest.param(None, {"id": 5}, None, id="malformed"),
    ],
)
def test_response_id(message_id, metadata, expected):
    assert expected == model_response(answer_of(answer(metadata, id=message_id))).get(ID)


@pytest.mark.parametrize("provider", ["groq", "xai", "deepseek"])
def test_another_providers_service_tier_is_not_openais(provider):
    metadata = {"model_provider": provider, "service_tier": "on_demand", "system_fingerprint": "fp"}
    assert {} == model_response(answer_of(answer(metadata)))


@pytest.mark.parametrize("provider", ["groq", "fireworks", "mistralai", "bedrock_converse"])
def test_a_package_that_repeats_the_request_has_no_response_model(provider):
    metadata = {"model_provider": provider, "model_name": "the requested model"}
    assert {} == model_response(answer_of(answer(metadata)))


def test_a_hugging_face_endpoints_url_is_not_a_model():
    metadata = {"model_name": "https://user:secret@endpoint.test", "finish_reason": "stop"}
    assert {REASONS: ["stop"]} == model_response(answer_of(answer(metadata)), "huggingface")


def test_a_streamed_mistral_answer_has_a_response_model():
    message = AIMessageChunk("hi", response_metadata={"model_provider": "mistralai", "model_name": "m-2506"})
    assert {MODEL: "m-2506"} == model_response(answer_of(chat(message)))


def test_a_subclass_of_openais_model_is_not_openai():
    metadata = {"model_provider": "openai", "id": "nz7", "finish_reason": "eos", "service_tier": "default"}
    assert {ID: "nz7", REASONS: ["eos"]} == model_response(answer_of(answer(metadata)), "together")


def test_a_completion_does_not_echo_the_requested_model():
    generation = Generation(text="hi", generation_info={"finish_reason": "stop"})
    result = LLMResult(
        generations=[[generation]], llm_output={"model_name": "gpt-3.5-turbo-instruct", "id": "cmpl-1"}
    )
    assert {ID: "cmpl-1", REASONS: ["stop"]} == model_response(answer_of(result))


def test_with_several_choices_llm_output_repeats_the_request():
    output = {"model_name": "the requested model"}
    assert MODEL not in model_response(answer_of(chat(AIMessage("a"), AIMessage("b"), llm_output=output)))


def test_several_choices_share_the_providers_common_metadata():
    output = {"model_provider": "openai", "model_name": "gpt-4o-2024-08-06", "id": "chatcmpl-1"}
    choices = [AIMessage(text, response_metadata={"finish_reason": "stop"}) for text in "ab"]
    assert {
        ID: "chatcmpl-1",
        MODEL: "gpt-4o-2024-08-06",
        REASONS: ["stop", "stop"],
        "openai.api.type": "chat_completions",
    } == model_response(answer_of(chat(*choices, llm_output=output)))


def test_a_finish_reason_reveals_openais_api_if_the_id_is_missing():
    facts = {"model_provider": "openai", "finish_reason": "stop"}
    assert "chat_completions" == model_response(answer_of(answer(facts)))["openai.api.type"]


def test_a_single_choice_may_use_llm_output():
    output = {"model_name": "m-1", "id": "r1"}
    assert {ID: "r1", MODEL: "m-1"} == model_response(answer_of(chat(AIMessage("a"), llm_output=output)))


@pytest.mark.parametrize(
    "result",
    [
        None,
        LLMResult(generations=[]),
        LLMResult(generations=[[]]),
        SimpleNamespace(generations="x"),
        SimpleNamespace(generations=[[None]]),
        chat(ChatMessage(content="hi", role="assistant")),
        SimpleNamespace(generations=[[SimpleNamespace(message=SimpleNamespace(response_metadata=4, id=[]))]]),
    ],
    ids=["none", "no prompt", "no choice", "no list", "none choice", "plain chat message", "malformed"],
)
def test_an_empty_or_malformed_result_has_no_attributes(result):
    assert {} == model_response(answer_of(result))


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(
            {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "total_cost": 0}, True, id="hit"
        ),
        pytest.param({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}, False, id="counted"),
        pytest.param(
            {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "total_cost": 3}, False, id="paid"
        ),
        pytest.param(None, False, id="no usage"),
    ],
)
def test_cache_hit(usage, expected):
    message = AIMessage("hi")
    message.usage_metadata = usage
    assert expected is is_cache_hit(answer_of(chat(message)))


def test_a_real_cache_hit_is_recognised():
    from langchain_core.caches import InMemoryCache
    from langchain_core.language_models import GenericFakeChatModel

    model = GenericFakeChatModel(messages=iter([AIMessage("a"), AIMessage("b")]), cache=InMemoryCache())
    assert [False, True] == [is_cache_hit(answer_of(model.generate([[HumanMessage("q")]]))) for _ in range(2)]


def test_finish_reason_of_one_choice():
    assert "stop" == finish_reason(Generation(text="x", generation_info={"finish_reason": "stop"}))


@pytest.mark.parametrize(
    ("told", "provider", "expected"),
    [
        pytest.param({}, "openai", {}, id="nothing"),
        pytest.param(
            {"id": "chatcmpl-1", "model": "m", "system_fingerprint": "fp", "service_tier": "flex"},
            "openai",
            {
                "gen_ai.response.id": "chatcmpl-1",
                "gen_ai.response.model": "m",
                "openai.response.system_fingerprint": "fp",
                "openai.response.service_tier": "flex",
                "openai.api.type": "chat_completions",
            },
            id="OpenAI",
        ),
        pytest.param(
            {"id": "chatcmpl-1", "system_fingerprint": "fp"},
            "groq",
            {"gen_ai.response.id": "chatcmpl-1"},
            id="an API like OpenAI's",
        ),
        pytest.param(
            {"model": "models/gemini"}, "gcp.gemini", {"gen_ai.response.model": "gemini"}, id="prefix"
        ),
    ],
)
def test_what_the_provider_told_beside_the_result(told, provider, expected):
    assert expected == told_response(told, provider)


COMPACTED = "gen_ai.conversation.compacted"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param([{"type": "compaction", "content": "So far."}, {"type": "text"}], True, id="Anthropic"),
        pytest.param([{"type": "non_standard", "value": {"type": "compaction"}}], True, id="version 1"),
        pytest.param([{"type": "text", "text": "compaction"}, "compaction"], None, id="other blocks"),
        pytest.param("compaction", None, id="text"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_an_answer_with_a_summary_has_compacted_the_conversation(content, expected):
    assert expected == model_response(answer_of(chat(AIMessage(content)))).get(COMPACTED)
