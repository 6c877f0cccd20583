"""The catalogue, compared with the tables of the GenAI conventions, which are copied here.

The tables are those of the conventions' own repository in October 2026. `R` is required, `CR` conditionally
required, `Rec` recommended, `Opt` opt-in. On spans, what may be any value is JSON text.
"""

from __future__ import annotations

from itertools import chain

import pytest

from langspan.catalogue import absent
from langspan.catalogue import telemetry as catalogue
from langspan.catalogue.entries import ALL_KINDS
from langspan.catalogue.telemetry import Level, Type
from langspan.conventions import metrics

CALL = """
    R    string    gen_ai.operation.name
    R    string    gen_ai.provider.name
    CR   string    gen_ai.request.model
    CR   string    error.type
    Rec  string    server.address
    CR   int       server.port
    Rec  string    gen_ai.response.model
    Rec  int       gen_ai.usage.input_tokens
"""
INFERENCE = f"""{CALL}
    CR   string    gen_ai.conversation.id
    CR   string    gen_ai.output.type
    CR   boolean   gen_ai.request.stream
    CR   int       gen_ai.request.choice.count
    CR   int       gen_ai.request.seed
    CR   int       gen_ai.request.top_k
    CR   string    gen_ai.prompt.name
    CR   string    gen_ai.prompt.version
    Rec  double    gen_ai.request.temperature
    Rec  double    gen_ai.request.top_p
    Rec  double    gen_ai.request.frequency_penalty
    Rec  double    gen_ai.request.presence_penalty
    Rec  int       gen_ai.request.max_tokens
    Rec  string[]  gen_ai.request.stop_sequences
    Rec  string    gen_ai.request.reasoning.level
    Rec  string    gen_ai.request.previous_response.id
    Rec  boolean   gen_ai.conversation.compacted
    Rec  string    gen_ai.response.id
    Rec  string[]  gen_ai.response.finish_reasons
    Rec  double    gen_ai.response.time_to_first_chunk
    Rec  int       gen_ai.usage.output_tokens
    Rec  int       gen_ai.usage.cache_read.input_tokens
    Rec  int       gen_ai.usage.cache_write.input_tokens
    Rec  int       gen_ai.usage.reasoning.output_tokens
    Rec  int       gen_ai.usage.text.input_tokens
    Rec  int       gen_ai.usage.image.input_tokens
    Rec  int       gen_ai.usage.audio.input_tokens
    Rec  int       gen_ai.usage.text.output_tokens
    Rec  int       gen_ai.usage.image.output_tokens
    Rec  int       gen_ai.usage.audio.output_tokens
    Rec  int       gen_ai.usage.text.cache_read.input_tokens
    Rec  int       gen_ai.usage.image.cache_read.input_tokens
    Rec  int       gen_ai.usage.audio.cache_read.input_tokens
    Opt  any       gen_ai.input.messages
    Opt  any       gen_ai.output.messages
    Opt  any       gen_ai.system_instructions
    Opt  any       gen_ai.tool.definitions
    Opt  string    gen_ai.prompt.variable.
    Rec  string    openai.api.type
    CR   string    openai.request.service_tier
    CR   string    openai.response.service_tier
    Rec  string    openai.response.system_fingerprint
"""
EMBEDDINGS = f"""{CALL}
    Rec  int       gen_ai.embeddings.dimension.count
    Rec  string[]  gen_ai.request.encoding_formats
"""
RETRIEVAL = """
    R    string    gen_ai.operation.name
    CR   string    gen_ai.provider.name
    CR   string    gen_ai.request.model
    CR   string    gen_ai.data_source.id
    CR   string    error.type
    Rec  int       gen_ai.retrieval.top_k
    Rec  string    server.address
    CR   int       server.port
    Opt  string    gen_ai.retrieval.query.text
    Opt  any       gen_ai.retrieval.documents
"""
TOOL = """
    R    string    gen_ai.operation.name
    R    string    gen_ai.tool.name
    CR   string    gen_ai.agent.name
    CR   string    gen_ai.conversation.id
    CR   string    error.type
    Rec  string    gen_ai.tool.call.id
    Rec  string    gen_ai.tool.description
    Rec  string    gen_ai.tool.type
    Opt  any       gen_ai.tool.call.arguments
    Opt  any       gen_ai.tool.call.result
"""
# Of requests to MCP servers; a tool that comes from one has them on its own span.
MCP = """
    R    string    mcp.method.name
    CR   string    error.type
    CR   string    jsonrpc.request.id
    CR   string    rpc.response.status_code
    CR   int       server.port
    Rec  string    mcp.protocol.version
    Rec  string    mcp.session.id
    Rec  string    network.transport
    Rec  string    server.address
"""
MCP_CALL = f"""{MCP}
    R    string    gen_ai.operation.name
    CR   string    gen_ai.tool.name
    Opt  any       gen_ai.tool.call.arguments
    Opt  any       gen_ai.tool.call.result
"""
MCP_OTHER = f"""{MCP}
    CR   string    gen_ai.prompt.name
    CR   string    mcp.resource.uri
    Opt  string    gen_ai.prompt.variable.
"""
AGENT = """
    R    string    gen_ai.operation.name
    CR   string    gen_ai.agent.name
    CR   string    gen_ai.agent.description
    CR   string    gen_ai.conversation.id
    CR   string    gen_ai.data_source.id
    CR   string    gen_ai.output.type
    CR   int       gen_ai.request.choice.count
    CR   int       gen_ai.request.seed
    CR   string    error.type
    Rec  string    gen_ai.request.model
    Rec  int       gen_ai.request.max_tokens
    Rec  double    gen_ai.request.temperature
    Rec  double    gen_ai.request.top_p
    Rec  string[]  gen_ai.request.stop_sequences
    Rec  double    gen_ai.request.frequency_penalty
    Rec  double    gen_ai.request.presence_penalty
    Rec  string[]  gen_ai.response.finish_reasons
    Rec  int       gen_ai.usage.input_tokens
    Rec  int       gen_ai.usage.output_tokens
    Opt  any       gen_ai.input.messages
    Opt  any       gen_ai.output.messages
    Opt  any       gen_ai.system_instructions
    Opt  any       gen_ai.tool.definitions
"""
REMOTE_AGENT = f"""{AGENT}
    R    string    gen_ai.provider.name
    CR   string    gen_ai.agent.id
    CR   string    gen_ai.agent.version
    CR   int       server.port
    Rec  string    server.address
    Rec  string    gen_ai.request.previous_response.id
    Rec  int       gen_ai.usage.cache_read.input_tokens
    Rec  int       gen_ai.usage.cache_write.input_tokens
    Rec  int       gen_ai.usage.reasoning.output_tokens
"""
WORKFLOW = """
    R    string    gen_ai.operation.name
    CR   string    gen_ai.workflow.name
    CR   string    gen_ai.conversation.id
    CR   string    error.type
    Opt  any       gen_ai.input.messages
    Opt  any       gen_ai.output.messages
"""
MEMORY = """
    R    string    gen_ai.operation.name
    CR   string    gen_ai.provider.name
    CR   string    gen_ai.memory.store.id
    CR   string    error.type
    CR   int       server.port
    Rec  int       gen_ai.memory.record.count
    Rec  string    server.address
"""
DELETED = f"""{MEMORY}
    CR   string    gen_ai.memory.record.id
"""
STORED = f"""{DELETED}
    Opt  any       gen_ai.memory.records
"""
SEARCHED = f"""{MEMORY}
    Opt  any       gen_ai.memory.records
    Opt  string    gen_ai.memory.query.text
"""
CONVENTIONS = {
    "chat": INFERENCE,
    "text_completion": INFERENCE,
    "embeddings": EMBEDDINGS,
    "retrieval": RETRIEVAL,
    "search_memory": SEARCHED,
    "upsert_memory": STORED,
    "delete_memory": DELETED,
    "execute_tool": f"{TOOL}{MCP}",
    "mcp_tool_call": MCP_CALL,
    "mcp_request": MCP_OTHER,
    "vector_search": RETRIEVAL,
    "invoke_agent": AGENT,
    "remote_agent": REMOTE_AGENT,
    "invoke_workflow": WORKFLOW,
}
LEVELS = {"Opt": Level.CONTENT, "Rec": Level.RECOMMENDED, "CR": Level.CONDITIONAL, "R": Level.REQUIRED}
RANKS = list(LEVELS.values())

UNAVAILABLE = {(kind.name, row.name) for row in absent.ATTRIBUTES for kind in row.on}
# Not in the tables: attributes of any run, and a name that the last release still has.
BEYOND = {
    "gen_ai.conversation.id",
    "gen_ai.prompt.name",
    "gen_ai.prompt.version",
    "gen_ai.usage.cache_creation.input_tokens",
    "user.id",
}

# Opt-in in the conventions, but ids and scores are not content, so they are always recorded.
ALWAYS_RECORDED = {"gen_ai.retrieval.documents"}
# More than opt-in in the conventions, but applications make keys out of what is personal.
PERSONAL = {"gen_ai.memory.record.id"}


def standard():
    """Yield kind, name, type and level of every line of the tables."""
    for kind, table in CONVENTIONS.items():
        for line in filter(None, map(str.split, table.splitlines())):
            level, type_, name = line
            yield kind, name, type_.replace("any", "string, JSON"), LEVELS[level]


STANDARD = list(standard())
ROWS = {row.name: row for row in chain.from_iterable(catalogue.ATTRIBUTES.values())}


def ours(kind, name):
    """Return the entry of an attribute if spans of the kind have it."""
    row = ROWS.get(name)
    return row if row is not None and kind in {each.name for each in row.on} else None


def is_available(kind, name):
    return (kind, name) not in UNAVAILABLE


def case(kind, name, *rest):
    return pytest.param(kind, name, *rest, id=f"{kind} {name}")


AVAILABLE = [case(*line) for line in STANDARD if is_available(*line[:2])]


@pytest.mark.parametrize(("kind", "name", "type_", "level"), AVAILABLE)
def test_a_standard_attribute_has_the_type_of_the_table(kind, name, type_, level):
    assert Type(type_) is ours(kind, name).type


@pytest.mark.parametrize(("kind", "name", "type_", "level"), AVAILABLE)
def test_a_standard_attribute_has_at_least_the_level_of_the_table(kind, name, type_, level):
    assert RANKS.index(level) <= RANKS.index(ours(kind, name).level) or name in PERSONAL


@pytest.mark.parametrize(
    ("kind", "name"), [case(kind, name) for kind, name, _, level in STANDARD if level is Level.CONTENT]
)
def test_opt_in_attributes_of_the_table_are_content(kind, name):
    row = ours(kind, name)
    assert row is None or row.is_content or name in ALWAYS_RECORDED


@pytest.mark.parametrize(
    ("kind", "name"), [case(kind, name) for kind, name, *_ in STANDARD if not is_available(kind, name)]
)
def test_unavailable_attributes_are_not_in_the_catalogue(kind, name):
    assert ours(kind, name) is None


def test_only_attributes_of_the_tables_are_called_absent():
    assert set() == UNAVAILABLE - {(kind, name) for kind, name, *_ in STANDARD}


def test_what_is_absent_has_a_reason_of_one_sentence():
    reasons = [row.reason for row in (*absent.ATTRIBUTES, *absent.SIGNALS)]
    assert [] == [reason for reason in reasons if reason.count(".") != 1 or not reason.endswith(".")]


@pytest.mark.parametrize("kind", CONVENTIONS, ids=str)
def test_standard_names_are_only_on_spans_where_the_tables_have_them(kind):
    allowed = {name for of, name, *_ in STANDARD if of is kind}
    written = {row.name for row in ROWS.values() if kind in row.on and row.source.value != "langspan"}
    assert set() == written - allowed - BEYOND


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gen_ai.output.type", {"text", "json", "image", "speech"}),
        ("openai.api.type", {"chat_completions", "responses"}),
        ("gen_ai.tool.type", {"function"}),
        (
            "gen_ai.operation.name",
            {
                "chat",
                "text_completion",
                "classify",
                "generate_content",
                "embeddings",
                "retrieval",
                "execute_tool",
                "invoke_agent",
                "invoke_workflow",
                "search_memory",
                "upsert_memory",
                "delete_memory",
                "get_memory",
                "list_memory_namespaces",
                "batch_memory",
            },
        ),
        ("langspan.outcome", {"cancelled", "closed", "drained", "incomplete", "interrupted"}),
    ],
)
def test_the_values_of_an_attribute(name, values):
    assert values == set(ROWS[name].values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gen_ai.token.type", {"input", "output"}),
        ("gen_ai.token.modality", {"text", "image", "audio", "unknown"}),
    ],
)
def test_the_values_of_an_attribute_of_metrics(name, values):
    (row,) = [row for row in catalogue.METRIC_ATTRIBUTES if row.name == name]
    assert values == set(row.values)


def test_span_names_and_kinds():
    assert {
        "chat {model}": "CLIENT",
        "text_completion {model}": "CLIENT",
        "classify {model}": "CLIENT",
        "generate_content {model}": "CLIENT",
        "embeddings {model}": "CLIENT",
        "retrieval {retriever}": "CLIENT",  # the conventions' data source is nothing LangChain knows
        "search_memory": "CLIENT",
        "upsert_memory": "CLIENT",
        "delete_memory": "CLIENT",
        "get_memory": "CLIENT",
        "list_memory_namespaces": "CLIENT",
        "batch_memory": "CLIENT",
        "shared memory batch {store}": "INTERNAL",
        "retrieval {store}": "CLIENT",
        "add_documents {store}": "CLIENT",
        "delete_documents {store}": "CLIENT",
        "index_documents {store}": "INTERNAL",
        "compress_documents {compressor}": "INTERNAL",
        "execute_tool {tool}": "INTERNAL",
        "invoke_agent {agent}": "INTERNAL",
        "invoke_agent {assistant}": "CLIENT",
        "invoke_workflow {graph}": "INTERNAL",
        "node {node}": "INTERNAL",
        "tools/call {tool}": "CLIENT",
        "its name: its method, and the name of a prompt": "CLIENT",
        "checkpoint {operation}": "INTERNAL",
        "its name": "INTERNAL",
    } == {span.name: span.kind.span_kind.name for span in catalogue.SPANS}


def test_every_kind_of_run_has_a_span_name():
    assert set(ALL_KINDS) == {span.kind for span in catalogue.SPANS}


# -- metrics

COMMON = (
    "gen_ai.operation.name gen_ai.provider.name gen_ai.request.model gen_ai.response.model"
    " server.address server.port"
)
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
OF_AGENTS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6)
OF_WORKFLOWS = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
CALLS = (1, 2, 4, 8, 16, 32, 64, 128)
MODALITY = f"{COMMON} gen_ai.token.modality"
ERROR = f"{COMMON} error.type"
INFERENCE_ = "gen_ai.client.inference."

RELEASED = {
    "gen_ai.client.operation.duration": ("histogram", "s", ERROR, SECONDS),
    "gen_ai.client.token.usage": ("histogram", "{token}", f"{COMMON} gen_ai.token.type", TOKENS),
    "gen_ai.client.operation.time_to_first_chunk": ("histogram", "s", COMMON, SECONDS),
    "gen_ai.client.operation.time_per_output_chunk": ("histogram", "s", COMMON, SECONDS),
}
LATEST = {
    "gen_ai.client.operation.duration": ("histogram", "s", ERROR, SECONDS),
    f"{INFERENCE_}duration": ("histogram", "s", ERROR, SECONDS),
    f"{INFERENCE_}time_to_first_chunk": ("histogram", "s", COMMON, SECONDS),
    f"{INFERENCE_}time_per_output_chunk": ("histogram", "s", COMMON, SECONDS),
    f"{INFERENCE_}operation.input_tokens": ("histogram", "{token}", COMMON, TOKENS),
    f"{INFERENCE_}operation.output_tokens": ("histogram", "{token}", COMMON, TOKENS),
    f"{INFERENCE_}usage.input_tokens": ("counter", "{token}", MODALITY, ()),
    f"{INFERENCE_}usage.output_tokens": ("counter", "{token}", MODALITY, ()),
    f"{INFERENCE_}usage.cache_read.input_tokens": ("counter", "{token}", MODALITY, ()),
    f"{INFERENCE_}usage.cache_write.input_tokens": ("counter", "{token}", MODALITY, ()),
    f"{INFERENCE_}usage.reasoning.output_tokens": ("counter", "{token}", MODALITY, ()),
}
AGENT_NAME = "gen_ai.agent.name"
ADDED = {
    "gen_ai.invoke_agent.duration": (
        "histogram",
        "s",
        f"{AGENT_NAME} gen_ai.request.model error.type",
        OF_AGENTS,
    ),
    "gen_ai.invoke_agent.inference_calls": ("histogram", "{inference_call}", AGENT_NAME, CALLS),
    "gen_ai.invoke_agent.tool_calls": ("histogram", "{tool_call}", AGENT_NAME, CALLS),
    "gen_ai.invoke_workflow.duration": ("histogram", "s", "gen_ai.workflow.name error.type", OF_WORKFLOWS),
    "gen_ai.execute_tool.duration": (
        "histogram",
        "s",
        f"gen_ai.tool.name gen_ai.tool.type {AGENT_NAME} error.type",
        SECONDS,
    ),
}


def facts(group):
    return {
        metric.name: (metric.instrument.value, metric.unit, set(metric.attributes), metric.boundaries)
        for metric in group
    }


@pytest.mark.parametrize(
    ("expected", "group"),
    [(RELEASED, metrics.RELEASED), (LATEST, metrics.LATEST), (ADDED, metrics.ADDED)],
    ids=["released", "latest", "added"],
)
def test_metrics_are_those_of_the_tables(expected, group):
    """Instrument, unit, attributes and exact buckets."""
    wanted = {
        name: (instrument, unit, set(attributes.split()), buckets)
        for name, (instrument, unit, attributes, buckets) in expected.items()
    }
    assert wanted == facts(group)


# -- events


def test_log_events_are_those_of_the_tables():
    assert {
        "gen_ai.client.inference.operation.details": ("DEBUG", []),
        "gen_ai.client.operation.exception": ("WARN", ["exception.type", "exception.message"]),
        "gen_ai.evaluation.result": (
            "INFO",
            [
                "gen_ai.evaluation.name",
                "gen_ai.evaluation.score.value",
                "gen_ai.evaluation.score.label",
                "gen_ai.evaluation.explanation",
                "langchain.run.id",
            ],
        ),
    } == {
        event.name: (event.severity, [row.name for row in event.attributes]) for event in catalogue.LOG_EVENTS
    }


def test_span_events_and_their_attributes():
    """Only the first of them is standard."""
    assert {
        "exception": {"exception.type": "string", "exception.message": "string"},
        "langchain.retry": {"langchain.retry.attempt": "int", "error.type": "string"},
        "langchain.tool_call.skipped": {
            "gen_ai.tool.name": "string",
            "gen_ai.tool.call.id": "string",
            "gen_ai.tool.call.arguments": "string, JSON",
            "gen_ai.tool.call.result": "string, JSON",
            "langchain.tool_call.reason": "string",
        },
        "langchain.custom_event": {
            "langchain.event.name": "string",
            "langchain.event.data": "string, JSON",
        },
        "langgraph.interrupt": {
            "langgraph.interrupt.status": "string",
            "langgraph.interrupt.count": "int",
            "langgraph.interrupt.values": "string, JSON",
            "langgraph.checkpoint.id": "string",
        },
        "langgraph.resume": {"langgraph.checkpoint.id": "string"},
        "langgraph.replay": {"langgraph.checkpoint.id": "string"},
        "langspan.budget.exceeded": {
            "langspan.budget.per": "string",
            "langspan.budget.measure": "string",
            "langspan.budget.limit": "double",
            "langspan.budget.spent": "double",
        },
        "langchain.text": {"langchain.text": "string, JSON"},
        "langchain.agent.action": {
            "gen_ai.tool.name": "string",
            "gen_ai.tool.call.arguments": "string, JSON",
        },
        "langchain.agent.finish": {"langchain.output": "string, JSON"},
    } == {
        event.name: {row.name: row.type.value for row in event.attributes} for event in catalogue.SPAN_EVENTS
    }
