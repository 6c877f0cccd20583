"""For any data from a provider, translation never raises and yields only values that every SDK accepts."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from langspan import _values
from langspan.kinds import any_run as run
from langspan.kinds import retrievers as retrieval
from langspan.kinds import tools
from langspan.kinds.conversations import CONVERSATION_KEYS, USER_KEY
from langspan.kinds.graphs import NODE
from langspan.providers import request
from langspan.providers import request_rules as _request_rules
from langspan.providers.llm_result import answer_of
from langspan.providers.response import is_cache_hit, model_response
from langspan.providers.usage import token_usage

KEYS = st.sampled_from(
    [
        *_request_rules.ARGUMENTS,
        *run._IN_GRAPHS,
        *CONVERSATION_KEYS,
        USER_KEY,
        "model",
        "ls_model_name",
        "ls_provider",
        "_type",
        "id",
        "kwargs",
        "thinking",
        "finish_reason",
        "stop_reason",
        "status",
        "incomplete_details",
        "reason",
        "model_name",
        "model_provider",
        "service_tier",
        "token_usage",
        "usage",
        "usage_metadata",
        "input_tokens",
        "output_tokens",
        "prompt_tokens",
        "input_token_details",
        "output_token_details",
        "cache_read",
        "cache_creation",
        "reasoning",
        "prompt_tokens_details",
        "cached_tokens",
        "billed_units",
        "candidates_token_count",
        "modality",
        "token_count",
        "total_cost",
        "score",
        "name",
        "description",
        "lc_agent_name",
    ]
)
TEXT = st.text(alphabet=st.characters(codec=None), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.binary(max_size=3)
    | st.uuids()
    | st.just(object())
    | st.just(int)
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS | TEXT, inner, max_size=6)
        | st.dictionaries(st.integers(), inner, max_size=2)
        | st.builds(SimpleNamespace, usage=inner, prompt_tokens=inner)
    ),
    max_leaves=20,
)
JUNK_MAPPING = st.dictionaries(KEYS, JUNK, max_size=8) | JUNK


def valid(attributes) -> bool:
    return all(type(key) is str and _is_valid(value) for key, value in attributes.items())


def _is_valid(value) -> bool:
    if isinstance(value, list):
        return len({type(item) for item in value}) <= 1 and all(map(_is_scalar, value))
    return _is_scalar(value)


def _is_scalar(value) -> bool:
    if type(value) is str:
        return value == value.encode().decode()  # raises on a lone surrogate
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return type(value) is float or type(value) is bool


@given(JUNK_MAPPING, JUNK_MAPPING, JUNK_MAPPING, JUNK_MAPPING)
def test_request_from_junk(serialized, metadata, params, options):
    found = request.model_request(
        "openai", constructor=serialized, metadata=metadata, invocation_params=params, options=options
    )
    assert valid(found)


@given(JUNK_MAPPING, JUNK_MAPPING, JUNK_MAPPING, JUNK_MAPPING, JUNK)
def test_response_from_junk(metadata, info, output, usage, message_id):
    message = AIMessage("x")
    object.__setattr__(message, "response_metadata", metadata)
    object.__setattr__(message, "usage_metadata", usage)
    object.__setattr__(message, "id", message_id)
    for generation in (
        SimpleNamespace(message=message, generation_info=info),
        SimpleNamespace(text="x", generation_info=info),
        info,
    ):
        result = SimpleNamespace(generations=[[generation]], llm_output=output)
        assert valid(model_response(answer_of(result)))
        assert valid(token_usage(answer_of(result)))
        assert is_cache_hit(answer_of(result)) in {True, False}


@given(JUNK_MAPPING, st.lists(TEXT | JUNK, max_size=4))
def test_run_from_junk(metadata, tags):
    assert valid(run.run_attributes(metadata if isinstance(metadata, dict) else None, tags, NODE))


@given(JUNK_MAPPING, JUNK, JUNK_MAPPING)
def test_tool_from_junk(serialized, call_id, metadata):
    found = tools.tool_start(
        serialized=serialized, tool_call_id=call_id, metadata=metadata if isinstance(metadata, dict) else None
    )
    assert valid(found)
    assert tools.tool_error(serialized) is None


@given(JUNK_MAPPING, st.lists(JUNK | st.builds(SimpleNamespace, id=JUNK, metadata=JUNK_MAPPING), max_size=4))
def test_retrieval_from_junk(metadata, documents):
    assert valid(retrieval.retriever_start(metadata=metadata))
    assert valid(retrieval.retriever_end(documents))


@given(JUNK)
def test_scalars_from_junk(value):
    for convert in (_values.as_str, _values.as_int, _values.as_float, _values.as_count, _values.as_id):
        converted = convert(value)
        assert converted is None or _is_scalar(converted)
