"""The request to a model, with arguments as in models of the partner packages."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from langspan.providers.names import provider_name
from langspan.providers.request import model_request, request_model

MODEL = "gen_ai.request.model"
SECRET = {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]}


class Answer(BaseModel):
    text: str


def request(params=None, *, metadata=None, options=None, kwargs=None):
    serialized = None if kwargs is None else {"id": ["x", "Model"], "name": "Model", "kwargs": kwargs}
    provider = provider_name(metadata, params, serialized)
    model = request_model(metadata or {}, params or {}, kwargs or {})
    parameters = model_request(
        provider, constructor=kwargs, metadata=metadata, invocation_params=params, options=options
    )
    named = {"gen_ai.provider.name": provider, MODEL: model}
    return {**parameters, **{name: value for name, value in named.items() if value is not None}}


def test_openai_chat():
    """All parameters of a configured ChatOpenAI."""
    params = {
        "model": "gpt-4o",
        "model_name": "gpt-4o",
        "stream": False,
        "seed": 1,
        "top_p": 0.5,
        "stop": ["x"],
        "n": 2,
        "temperature": 0.1,
        "reasoning_effort": "low",
        "max_completion_tokens": 10,
        "_type": "openai-chat",
        "presence_penalty": 0.25,
        "frequency_penalty": 0,
        "tools": [{"type": "function"}],
        "tool_choice": "auto",
    }
    metadata = {
        "ls_provider": "openai",
        "ls_model_name": "gpt-4o",
        "ls_temperature": 0.1,
        "ls_max_tokens": 10,
    }
    kwargs = {
        "model_name": "gpt-4o",
        "openai_api_key": SECRET,
        "openai_api_base": "https://u:p@proxy.test:8443/v1",
    }
    assert {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.seed": 1,
        "gen_ai.request.top_p": 0.5,
        "gen_ai.request.stop_sequences": ["x"],
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.temperature": 0.1,
        "gen_ai.request.reasoning.level": "low",
        "gen_ai.request.max_tokens": 10,
        "gen_ai.request.presence_penalty": 0.25,
        "gen_ai.request.frequency_penalty": 0.0,
        "server.address": "proxy.test",
        "server.port": 8443,
    } == request(params, metadata=metadata, kwargs=kwargs)


def test_groqs_parameters_are_in_the_constructor_only():
    """ChatGroq has empty invocation params."""
    found = request(
        {"_type": "groq-chat", "stop": None},
        metadata={"ls_provider": "groq", "ls_model_name": "llama", "ls_temperature": 0.1},
        kwargs={
            "model_name": "llama",
            "temperature": 0.1,
            "reasoning_effort": "low",
            "n": 1,
            "service_tier": "flex",
        },
    )
    assert {
        "gen_ai.provider.name": "groq",
        "gen_ai.request.model": "llama",
        "gen_ai.request.temperature": 0.1,
        "gen_ai.request.reasoning.level": "low",
    } == found


def test_unknown_parameters_add_no_attributes():
    assert {} == request()


@pytest.mark.parametrize(
    ("params", "metadata", "kwargs", "expected"),
    [
        pytest.param({"model": "b"}, {"ls_model_name": "a"}, {"model_name": "c"}, "a", id="metadata first"),
        pytest.param({"model": None, "azure_deployment": "dep"}, {}, None, "dep", id="Azure deployment"),
        pytest.param({"model_id": "anthropic.claude-3"}, None, None, "anthropic.claude-3", id="Bedrock"),
        pytest.param({}, {}, {"model_name": "c"}, "c", id="constructor last"),
        pytest.param({"model": "models/gemini"}, None, None, "gemini", id="prefix"),
        pytest.param({"model": 3}, None, None, None, id="no text"),
        pytest.param({"model": "https://u:p@host/x"}, None, None, None, id="URL with a password"),
        pytest.param({"model": "https://host/x?key=1"}, None, None, None, id="URL with a query"),
    ],
)
def test_request_model(params, metadata, kwargs, expected):
    assert expected == request(params, metadata=metadata, kwargs=kwargs).get(MODEL)


OWN = {"ls_model_name": "own"}
CONVERSE = {"_type": "amazon_bedrock_converse_chat"}
AZURE = {"_type": "azure-openai-chat", "model_name": None, "azure_deployment": "dep"}


@pytest.mark.parametrize(
    ("params", "kwargs", "arguments", "expected"),
    [
        pytest.param({}, {}, {"model": "asked"}, "asked", id="the call wins"),
        pytest.param({}, {}, {"model": None}, "own", id="asked for nothing"),
        pytest.param({}, {}, {"model_name": "asked"}, "own", id="no argument of a call"),
        pytest.param(CONVERSE, {}, {"model_id": "asked"}, "asked", id="Converse"),
        pytest.param({**CONVERSE, "model_id": "asked"}, {}, None, "asked", id="Converse, call not seen"),
        pytest.param({"_type": "chat-ollama", "model": "asked"}, {}, None, "asked", id="Ollama, not seen"),
        pytest.param(
            {"_type": "amazon_bedrock_chat"}, {"model_id": "made"}, {"model": "asked"}, "made", id="Bedrock"
        ),
        pytest.param({**AZURE, "model": "asked"}, {}, {"model": "asked"}, "dep", id="Azure"),
        pytest.param({**AZURE, "model": "asked"}, {}, None, "dep", id="Azure, not seen"),
        pytest.param({**AZURE, "model": None}, {}, {}, "own", id="Azure, asked for nothing"),
        pytest.param(AZURE, {"use_responses_api": True}, {"model": "asked"}, "asked", id="Azure, responses"),
    ],
)
def test_a_call_may_ask_for_another_model(params, kwargs, arguments, expected):
    assert expected == request_model(OWN, params, kwargs, arguments)


PARAMS = [
    ("temperature", 1, "gen_ai.request.temperature", 1.0),
    ("temperature", True, "gen_ai.request.temperature", None),
    ("temperature", float("nan"), "gen_ai.request.temperature", None),
    ("top_k", 40.0, "gen_ai.request.top_k", 40),
    ("top_k", -1, "gen_ai.request.top_k", None),
    ("top_logprobs", 5, "gen_ai.request.top_k", None),
    ("max_tokens", 5, "gen_ai.request.max_tokens", 5),
    ("max_tokens", -1, "gen_ai.request.max_tokens", None),
    ("max_output_tokens", 8, "gen_ai.request.max_tokens", 8),
    ("num_predict", 8, "gen_ai.request.max_tokens", 8),
    ("random_seed", -7, "gen_ai.request.seed", -7),
    ("stop", "END", "gen_ai.request.stop_sequences", ["END"]),
    ("stop", [], "gen_ai.request.stop_sequences", None),
    ("n", 1, "gen_ai.request.choice.count", None),
    ("n", 3, "gen_ai.request.choice.count", 3),
    ("candidate_count", 2, "gen_ai.request.choice.count", 2),
    ("previous_response_id", "resp_1", "gen_ai.request.previous_response.id", "resp_1"),
    ("reasoning", {"effort": "high", "summary": "auto"}, "gen_ai.request.reasoning.level", "high"),
    ("reasoning", {"summary": "auto"}, "gen_ai.request.reasoning.level", None),
    ("reasoning", True, "gen_ai.request.reasoning.level", None),
    ("output_config", {"effort": "medium"}, "gen_ai.request.reasoning.level", "medium"),
    ("thinking_level", "low", "gen_ai.request.reasoning.level", "low"),
    ("thinking", {"type": "adaptive"}, "gen_ai.request.reasoning.level", "adaptive"),
    ("thinking", {"type": "enabled", "budget_tokens": 9}, "langspan.request.reasoning.budget_tokens", 9),
    (
        "additional_model_request_fields",
        {"thinking": {"type": "enabled", "budget_tokens": 9}},
        "langspan.request.reasoning.budget_tokens",
        9,
    ),
    ("p", 0.9, "gen_ai.request.top_p", 0.9),
    ("k", 40, "gen_ai.request.top_k", 40),
    ("thinking_budget", 100, "langspan.request.reasoning.budget_tokens", 100),
    ("response_format", {"type": "json_object"}, "gen_ai.output.type", "json"),
    ("response_format", {"type": "json_schema", "json_schema": {}}, "gen_ai.output.type", "json"),
    ("response_format", {"type": "text"}, "gen_ai.output.type", "text"),
    ("response_format", {"type": "object", "properties": {}}, "gen_ai.output.type", "json"),
    ("response_format", Answer, "gen_ai.output.type", "json"),
    ("response_format", ["odd"], "gen_ai.output.type", None),
    ("response_format", {"type": ["odd"]}, "gen_ai.output.type", None),
    ("response_mime_type", "application/json", "gen_ai.output.type", "json"),
    ("response_schema", {"type": "OBJECT"}, "gen_ai.output.type", "json"),
    ("format", "json", "gen_ai.output.type", "json"),
    ("text", {"format": {"type": "json_schema", "name": "x"}}, "gen_ai.output.type", "json"),
    ("modalities", ["text", "audio"], "gen_ai.output.type", "speech"),
    ("response_modalities", ["IMAGE", "TEXT"], "gen_ai.output.type", "image"),
    ("response_modalities", ["TEXT"], "gen_ai.output.type", None),
    ("model_kwargs", {"temperature": 0.3}, "gen_ai.request.temperature", 0.3),
    ("generation_config", {"response_mime_type": "application/json"}, "gen_ai.output.type", "json"),
    ("options", {"num_predict": 4}, "gen_ai.request.max_tokens", 4),
]


@pytest.mark.parametrize(
    ("key", "value", "attribute", "expected"), PARAMS, ids=[f"{case[0]}={case[1]}" for case in PARAMS]
)
def test_one_argument(key, value, attribute, expected):
    assert expected == request({key: value}).get(attribute)


def test_an_effort_takes_precedence_over_a_thinking_type():
    params = {"thinking": {"type": "enabled"}, "output_config": {"effort": "low"}}
    assert "low" == request(params)["gen_ai.request.reasoning.level"]


def test_a_direct_argument_takes_precedence_over_a_nested_one():
    assert (
        0.9
        == request({"model_kwargs": {"temperature": 0.1}, "temperature": 0.9})["gen_ai.request.temperature"]
    )


def test_the_call_takes_precedence_over_the_constructor():
    found = request({"temperature": 0.9}, metadata={"ls_temperature": 0.5}, kwargs={"temperature": 0.1})
    assert 0.9 == found["gen_ai.request.temperature"]


def test_with_structured_output_asks_for_json():
    options = {
        "stop": None,
        "ls_structured_output_format": {"kwargs": {"method": "json_schema"}, "schema": {}},
    }
    assert "json" == request({}, options=options)["gen_ai.output.type"]


def test_a_users_metadata_is_not_read_as_arguments():
    assert {} == request({}, metadata={"temperature": 0.7, "base_url": "http://h", "seed": 3})


@pytest.mark.parametrize(
    ("key", "url", "address", "port"),
    [
        pytest.param("base_url", "https://api.test/v1", "api.test", 443, id="default port"),
        pytest.param(
            "azure_endpoint", "https://me.openai.azure.com/", "me.openai.azure.com", 443, id="Azure"
        ),
        pytest.param("endpoint", "http://localhost:11434/", "localhost", 11434, id="port"),
        pytest.param(
            "anthropic_api_url", "https://api.anthropic.com", "api.anthropic.com", 443, id="Anthropic"
        ),
        pytest.param("groq_api_base", "https://api.groq.com", "api.groq.com", 443, id="Groq"),
        pytest.param("fireworks_api_base", "http://h.test/v1", "h.test", 80, id="Fireworks"),
        pytest.param("base_url", "http://user:pw@h.test:1/p?key=s#f", "h.test", 1, id="secrets stay behind"),
        pytest.param("base_url", "http://[::1]:8080/v1", "::1", 8080, id="IPv6"),
        pytest.param("host", "gpu-1:8000", "gpu-1", 8000, id="no scheme"),
        pytest.param("host", "gpu-1", "gpu-1", None, id="host only"),
        pytest.param("base_url", "http://h:99999/", None, None, id="impossible port"),
        pytest.param("base_url", "http://[broken", None, None, id="no URL"),
        pytest.param("base_url", "", None, None, id="empty"),
        pytest.param("base_url", "unix:///run/x.sock", None, None, id="socket"),
        pytest.param("base_url", {"lc": 1, "type": "secret"}, None, None, id="secret placeholder"),
    ],
)
def test_server(key, url, address, port):
    found = request({}, kwargs={key: url})
    assert (address, port) == (found.get("server.address"), found.get("server.port"))


@pytest.mark.parametrize(
    ("provider", "tier", "expected"),
    [
        ("openai", "flex", "flex"),
        ("openai", "auto", None),
        ("azure", "priority", "priority"),
        ("groq", "flex", None),
    ],
)
def test_service_tier_is_openais(provider, tier, expected):
    found = request({"service_tier": tier}, metadata={"ls_provider": provider})
    assert expected == found.get("openai.request.service_tier")


@pytest.mark.parametrize(
    ("flag", "expected"), [(True, "responses"), (False, "chat_completions"), (None, None)], ids=str
)
def test_openai_api_type(flag, expected):
    found = request({}, metadata={"ls_provider": "openai"}, kwargs={"use_responses_api": flag})
    assert expected == found.get("openai.api.type")


def test_an_invalid_field_affects_only_itself():
    found = request({"temperature": object(), "top_p": 0.5, "stop": 7, "model_kwargs": "x", "thinking": []})
    assert {"gen_ai.request.top_p": 0.5} == found


def test_the_callers_data_is_not_changed():
    params = {"stop": ["a"], "model_kwargs": {"seed": 1}}
    request(params)["gen_ai.request.stop_sequences"].append("b")
    assert {"stop": ["a"], "model_kwargs": {"seed": 1}} == params
