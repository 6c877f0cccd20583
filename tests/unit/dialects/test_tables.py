"""The dialects, each against its published table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langspan.conventions import names
from langspan.conventions import vector_stores as own
from langspan.dialects import DIALECTS, dialects, dialects_variable
from langspan.dialects.facts import Facts
from langspan.dialects.langfuse import langfuse
from langspan.dialects.openinference import openinference

OPERATIONS = [
    ("chat", "LLM", "generation"),
    ("text_completion", "LLM", "generation"),
    ("generate_content", "LLM", "generation"),
    ("embeddings", "EMBEDDING", "embedding"),
    ("retrieval", "RETRIEVER", "retriever"),
    ("execute_tool", "TOOL", "tool"),
    ("invoke_agent", "AGENT", "agent"),
    ("invoke_workflow", "CHAIN", "chain"),
    (None, "CHAIN", "chain"),
]
WHO = {
    names.GEN_AI_CONVERSATION_ID: "c-1",
    names.USER_ID: "u-1",
    names.LANGCHAIN_TAGS: ("a", "b"),
    names.LANGCHAIN_METADATA_PREFIX + "plan": "free",
}
USAGE = {
    names.GEN_AI_USAGE_INPUT_TOKENS: 10,
    names.GEN_AI_USAGE_OUTPUT_TOKENS: 5,
    names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: 4,
    names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: 2,
}
WRAPPED = '[{"role":"user","parts":[{"type":"text","content":"{\\"a\\":1}"}]}]'
MESSAGES = '[{"role":"user","parts":[]}]'
BOTH = {names.GEN_AI_INPUT_MESSAGES: MESSAGES, names.LANGCHAIN_INPUT: '{"a":1}'}


def facts(held: dict[str, Any], operation: str | None = None, *, is_root: bool = False) -> Facts:
    named = {} if operation is None else {names.GEN_AI_OPERATION_NAME: operation}
    return Facts("support", 1_700_000_000_000_000_000, is_root, {**named, **held})


@pytest.mark.parametrize(("operation", "kind", "observation"), OPERATIONS)
def test_every_operation_has_its_kind(operation: Any, kind: str, observation: str) -> None:
    assert kind == openinference(facts({}, operation))["openinference.span.kind"]
    assert observation == langfuse(facts({}, operation))["langfuse.observation.type"]


def test_an_evaluation_is_one() -> None:
    evaluation = facts({names.LANGSPAN_EVALUATION_NAME: "brevity"}, is_root=True)
    assert "EVALUATOR" == openinference(evaluation)["openinference.span.kind"]
    assert {"langfuse.observation.type": "evaluator"} == langfuse(evaluation)


def test_a_span_that_says_nothing_has_its_kind_only() -> None:
    assert {"openinference.span.kind": "CHAIN"} == openinference(facts({}))
    assert {"langfuse.observation.type": "chain"} == langfuse(facts({}))


def test_who_and_what_for_is_said_in_openinference() -> None:
    told = openinference(facts(WHO, "chat"))
    assert ("c-1", "u-1", ("a", "b"), {"plan": "free"}) == (
        told["session.id"],
        told["user.id"],
        told["tag.tags"],
        json.loads(told["metadata"]),
    )


def test_who_and_what_for_is_said_in_langfuse() -> None:
    told = langfuse(facts(WHO, "chat"))
    assert {
        "langfuse.observation.type": "generation",
        "langfuse.session.id": "c-1",
        "langfuse.user.id": "u-1",
        "langfuse.observation.metadata.plan": "free",
    } == told


def test_the_root_names_the_trace_in_langfuse() -> None:
    held = {**WHO, names.GEN_AI_INPUT_MESSAGES: MESSAGES, names.LANGCHAIN_OUTPUT: '"done"'}
    told = langfuse(facts(held, "invoke_workflow", is_root=True))
    of_trace = {name: value for name, value in told.items() if name.startswith("langfuse.trace.")}
    assert {
        "langfuse.trace.name": "support",
        "langfuse.trace.tags": ("a", "b"),
        "langfuse.trace.input": MESSAGES,
        "langfuse.trace.output": "done",
        "langfuse.trace.metadata.plan": "free",
    } == of_trace


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ({names.SESSION_ID: "s", names.GEN_AI_CONVERSATION_ID: "c"}, "s"),
        ({names.GEN_AI_CONVERSATION_ID: "c"}, "c"),
        ({names.LANGSPAN_CONVERSATION_ID: "c"}, "c"),
    ],
)
def test_the_session_is_given_or_else_the_conversation(held: dict[str, Any], expected: str) -> None:
    assert (
        expected == openinference(facts(held))["session.id"] == langfuse(facts(held))["langfuse.session.id"]
    )


@pytest.mark.parametrize(
    ("held", "side", "value", "mime_type"),
    [
        ({names.GEN_AI_TOOL_CALL_ARGUMENTS: '{"q":1}'}, "input", '{"q":1}', "application/json"),
        ({names.GEN_AI_TOOL_CALL_RESULT: '"Rain."'}, "output", "Rain.", "text/plain"),
        ({names.GEN_AI_RETRIEVAL_QUERY_TEXT: '"late"'}, "input", '"late"', "text/plain"),
        ({names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: '["a"]'}, "output", '["a"]', "application/json"),
        (BOTH, "input", MESSAGES, "application/json"),
        ({**BOTH, names.GEN_AI_INPUT_MESSAGES: WRAPPED}, "input", '{"a":1}', "application/json"),
        ({names.LANGCHAIN_INPUT: '{"a":1}'}, "input", '{"a":1}', "application/json"),
        ({names.LANGCHAIN_OUTPUT: '"cut …'}, "output", '"cut …', "text/plain"),
    ],
)
def test_content_is_said_with_what_it_is_written_in(
    held: dict[str, Any], side: str, value: str, mime_type: str
) -> None:
    told = openinference(facts(held))
    assert (value, mime_type) == (told[f"{side}.value"], told[f"{side}.mime_type"])
    assert value == langfuse(facts(held))[f"langfuse.observation.{side}"]


@pytest.mark.parametrize("operation", ["invoke_agent", "invoke_workflow", None, "execute_tool"])
def test_sums_of_tokens_are_not_said_again(operation: Any) -> None:
    assert [] == [name for name in openinference(facts(USAGE, operation)) if "token" in name]
    assert [] == [name for name in langfuse(facts(USAGE, operation)) if "usage" in name]


def test_a_models_own_tokens_are_said_in_openinference() -> None:
    told = openinference(facts({**USAGE, names.GEN_AI_REQUEST_MODEL: "m"}, "chat"))
    assert {
        "llm.token_count.prompt": 10,
        "llm.token_count.completion": 5,
        "llm.token_count.total": 15,
        "llm.token_count.prompt_details.cache_read": 4,
        "llm.token_count.completion_details.reasoning": 2,
        "llm.model_name": "m",
        "openinference.span.kind": "LLM",
    } == told


def test_a_models_own_tokens_add_up_once_in_langfuse() -> None:
    held = {**USAGE, names.GEN_AI_REQUEST_MODEL: "m", names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: 0.5}
    told = langfuse(facts(held, "chat"))
    assert {"input": 10, "output": 5, "total": 15} == json.loads(told["langfuse.observation.usage_details"])
    assert "m" == told["langfuse.observation.model.name"]
    assert '"2023-11-14T22:13:20.500000Z"' == told["langfuse.observation.completion_start_time"]


def test_embeddings_have_a_model_of_their_own_in_openinference() -> None:
    assert (
        "m" == openinference(facts({names.GEN_AI_REQUEST_MODEL: "m"}, "embeddings"))["embedding.model_name"]
    )


def test_a_compressor_is_a_reranker_in_openinference() -> None:
    held = {
        own.LANGCHAIN_COMPRESSOR_NAME: "CohereRerank",
        own.LANGCHAIN_COMPRESSOR_MODEL: "rerank-v3.5",
        own.LANGSPAN_COMPRESSION_TOP_N: 3,
        own.LANGSPAN_COMPRESSION_QUERY_TEXT: "late parcel",
        own.LANGSPAN_COMPRESSION_DOCUMENT_TEXTS: '["a"]',
    }
    assert {
        "openinference.span.kind": "RERANKER",
        "reranker.model_name": "rerank-v3.5",
        "reranker.top_k": 3,
        "input.value": "late parcel",
        "input.mime_type": "text/plain",
        "output.value": '["a"]',
        "output.mime_type": "application/json",
    } == openinference(facts(held, None))


@pytest.mark.parametrize(
    ("known", "told"), [(None, ["a", "b"]), ('[{"id":"1"},{"id":"2"}]', ["a", "b"]), ('[{"id":"2"}]', [])]
)
def test_texts_of_documents_stand_beside_their_ids(known: str | None, told: list[str]) -> None:
    held = {names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: '["a","b"]', names.GEN_AI_RETRIEVAL_DOCUMENTS: known}
    found = openinference(facts({name: value for name, value in held.items() if value}, "retrieval"))
    assert told == [value for name, value in found.items() if name.endswith(".document.content")]


ATTRIBUTES = [value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)]


@given(
    st.dictionaries(st.sampled_from(ATTRIBUTES), st.one_of(st.text(), st.integers(), st.just('["a"'))),
    st.booleans(),
)
def test_no_text_makes_one_fail_or_say_nothing_twice(held: dict[str, Any], is_root: bool) -> None:
    held[names.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = 0.1
    held.update({name: 1 for name in USAGE if name in held})
    for translate in DIALECTS.values():
        told = translate(Facts("x", 0, is_root, held))
        assert None not in told.values()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("openinference", ("openinference",)), (["langfuse", "openinference"], ("openinference", "langfuse"))],
)
def test_a_good_argument_is_taken(value: Any, expected: tuple[str, ...]) -> None:
    assert expected == dialects("dialect", value)


def test_a_good_variable_is_taken() -> None:
    assert ("openinference", "langfuse") == dialects_variable("LANGSPAN_DIALECT", " Langfuse, openinference,")


@pytest.mark.parametrize("value", ["", "phoenix", [], ["openinference", 1], 1, {}])
def test_a_bad_argument_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="use 'openinference' or 'langfuse'"):
        dialects("dialect", value)
