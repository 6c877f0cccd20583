"""The tables of the pages say what the code does."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import inspect
import re
import tomllib

import opentelemetry.environment_variables
import opentelemetry.instrumentation.environment_variables
import opentelemetry.sdk.environment_variables
import pytest
from langchain_core.language_models import FakeListLLM
from langgraph.pregel.remote import RemoteGraph

import langspan
from docs.pages import REPOSITORY, SETTINGS, code, page
from langspan._export_settings import FILE, JAEGER_URL, QUEUE_MAX_BYTES
from langspan._settings import CAPTURE_CONTENT, TRACE_URL, Settings
from langspan.catalogue.entries import ALL_KINDS
from langspan.cli.endpoint import endpoint_of
from langspan.conventions import metrics
from langspan.conventions.costs import CostSource
from langspan.conventions.names import EventName
from langspan.export import otlp_settings
from langspan.export import settings as export
from langspan.recording import outcomes
from support.agent_server import serve
from support.application import stores, vector_stores
from support.application.observe import observe
from support.typed_runs import QUESTION, Typed

DEFAULT = Settings.build({})
OURS = SETTINGS.table("Argument", "Variable", "Default", "Meaning")
VARIABLES = SETTINGS.table("Variable", "Default", "Meaning")
STANDARD = SETTINGS.table("Variable", "Default", "Here")
CONTENT = page("docs/content.md").table("Argument", "Variable", "Content goes to")
SPANS = page("docs/spans.md").table("Run", "Span name", "`gen_ai.operation.name`", "Kind")
OUTCOMES = page("docs/spans.md").table("`langspan.outcome`")
EVENTS = page("docs/metrics.md").table("Event", "When")
METRICS = page("docs/metrics.md").table("Metric", "One measurement for each")
VERSIONS = page("docs/versions.md").table("Needs", "From")
DEFAULTS = {
    name: row["Default"].strip("`") for row in OURS + VARIABLES + STANDARD for name in code(row["Variable"])
}


def string_constants():
    """Every string in the source."""
    for path in (REPOSITORY / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_the_arguments_are_those_of_instrument():
    assert list(inspect.signature(langspan.instrument).parameters) == [
        name for row in OURS for name in code(row["Argument"])
    ]


def test_the_handler_takes_the_same_arguments_but_for_those_of_patches_and_providers():
    of_patches = {"link_across_processes", "checkpoints", "keep", "keep_last_traces", "dialect"}
    taken = [name for name in inspect.signature(langspan.instrument).parameters if name not in of_patches]
    assert taken == [*inspect.signature(langspan.CallbackHandler).parameters]


def test_the_facts_on_a_run_are_those_of_its_class():
    rows = page("docs/recipes/attributes.md").table("`info` has", "Meaning")
    told = [name for row in rows for name in code(row["`info` has"])]
    assert [field.name for field in dataclasses.fields(langspan.RunInfo)] == told


def test_the_kinds_of_run_are_those_of_the_code():
    rows = page("docs/recipes/attributes.md").table("`info` has", "Meaning")
    (row,) = [row for row in rows if "kind" in code(row["`info` has"])]
    assert {kind.name for kind in ALL_KINDS} == set(code(row["Meaning"]))


def test_our_variables_are_those_that_the_source_reads():
    read = {text for text in string_constants() if re.fullmatch(r"LANGSPAN_[A-Z_]*[A-Z]", text)}
    assert read == {name for name in DEFAULTS if name.startswith("LANGSPAN_")}


def test_other_variables_are_opentelemetrys_own_or_read_by_us():
    modules = (
        opentelemetry.environment_variables,
        opentelemetry.instrumentation.environment_variables,
        opentelemetry.sdk.environment_variables,
    )
    known = {name for module in modules for name in vars(module)} | set(string_constants())
    assert set() == {name for name in DEFAULTS if not name.startswith("LANGSPAN_")} - known


@pytest.mark.parametrize(
    ("variable", "default"),
    {
        "LANGSPAN_MAX_CONTENT_BYTES": DEFAULT.max_content_bytes,
        "LANGSPAN_SPANS": DEFAULT.spans,
        "LANGSPAN_MAX_OPEN_RUNS": DEFAULT.max_open_runs,
        "LANGSPAN_MAX_RUN_AGE": int(DEFAULT.max_run_age),
        "LANGSPAN_EXPORT_MAX_BYTES": export.max_bytes({}),
        "LANGSPAN_QUEUE_MAX_BYTES": QUEUE_MAX_BYTES.default,
        "LANGSPAN_FILE": FILE.read({}),
        "LANGSPAN_JAEGER_URL": JAEGER_URL.read({}),
        "LANGSPAN_TRACE_URL": TRACE_URL.read({}),
        "OTEL_SDK_DISABLED": str(export.disabled({})).lower(),
        "OTEL_TRACES_EXPORTER": ",".join(export.exporter_names({}, "traces") or ()),
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint_of({}).url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": otlp_settings.protocol({}, "traces"),
        "OTEL_EXPORTER_OTLP_COMPRESSION": otlp_settings.compression({}, "traces", otlp_settings.HTTP),
    }.items(),
)
def test_the_default_is_that_of_the_code(variable, default):
    assert str(default) == DEFAULTS[variable]


def test_the_page_on_content_says_what_each_value_does():
    for row in CONTENT:
        values = map(ast.literal_eval, code(row["Argument"]))
        found = {Settings.build({}, capture_content=value).capture_content for value in values}
        (name,) = code(row["Variable"])
        assert {Settings.build({CAPTURE_CONTENT.variable: name}).capture_content} == found


def test_content_is_off_by_default():
    assert Settings.build({}, capture_content=False).capture_content == DEFAULT.capture_content


def test_the_limits_on_open_runs_are_those_of_the_code():
    text = " ".join(page("docs/spans.md").prose)
    assert f"at most {DEFAULT.max_open_runs} at a time, none for longer than a day" in text
    assert 86_400 == DEFAULT.max_run_age


def test_grpc_is_the_default_for_its_port():
    assert "grpc" == otlp_settings.protocol(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}, "traces"
    )


def pattern_of(row):
    """What the names of a row's spans match."""
    return re.sub(r" ?\{\w+\}", "( .+)?", "".join(code(row["Span name"]))) or ".+"


def matches(row, span):
    """Whether a row of the table is about a span; what stands in braces may be missing."""
    operation = "".join(code(row["`gen_ai.operation.name`"]))
    found = (span.kind.name, span.attributes.get("gen_ai.operation.name", ""))
    return re.fullmatch(pattern_of(row), span.name) and (row["Kind"], operation) == found


def test_runs_become_the_spans_of_the_table(traced):
    """The demo's shop, and models of the kinds that it has not: every kind of run but requests."""
    from langspan.cli.scripted import ScriptedChatModel
    from langspan.cli.shop import ask

    "".join(ask(ScriptedChatModel(), traced.tracer, 0))
    FakeListLLM(responses=["x"]).invoke("y")
    for given in (QUESTION, "y"):
        Typed("llm", "x").invoke(given)
    for use_store in vector_stores.SCENARIOS:
        asyncio.run(observe(use_store))
    stores.store_every_operation(None)
    stores.store_batch(None)
    asyncio.run(stores.store_batching_for_many(None))
    with serve() as server:
        RemoteGraph("echo", url=server.url, api_key="k").invoke({"text": "Hi"})
    spans = [span for span in traced.spans if span.instrumentation_scope.name == "langspan"]
    known = [row for row in SPANS if not any(of in row["Run"] for of in ("MCP server", "checkpoints=True"))]
    rows = [next(row for row in known if matches(row, span)) for span in spans]
    seen = {(pattern_of(row), row["Kind"]) for row in rows}  # a retriever and a vector store have the same
    assert [] == [row["Run"] for row in known if (pattern_of(row), row["Kind"]) not in seen]


def test_the_metrics_are_those_of_the_conventions_that_are_recorded_by_default():
    told = [name for row in METRICS for name in code(row["Metric"])]
    assert sorted(told) == sorted(metric.name for metric in (*metrics.RELEASED, *metrics.ADDED))


def test_the_events_are_those_of_the_code():
    told = {name for row in EVENTS for name in code(row["Event"])}
    assert {EventName.EVALUATION_RESULT, EventName.EXCEPTION, EventName.OPERATION_DETAILS} == told


def test_the_outcomes_are_those_of_the_code():
    told = [name for row in OUTCOMES for name in code(row["`langspan.outcome`"])]
    assert sorted(told) == sorted(
        value for name, value in vars(outcomes).items() if name.isupper() and isinstance(value, str)
    )


def test_the_versions_are_those_that_the_package_asks_for():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["demo"]]
    lowest = dict(re.match(r"([\w-]+)>=([\w.]+)", requirement).groups() for requirement in wanted)
    lowest["Python"] = project["requires-python"].removeprefix(">=")
    said = {row["Needs"]: row["From"] for row in VERSIONS}
    assert {
        "Python": lowest["Python"],
        "langchain-core": lowest["langchain-core"],
        "langgraph, langchain": lowest["langgraph"],
        "OpenTelemetry API, SDK, OTLP exporter": lowest["opentelemetry-api"],
        "wrapt": lowest["wrapt"],
    } == said
    assert lowest["langgraph"] == lowest["langchain"]
    assert lowest["opentelemetry-api"] == lowest["opentelemetry-sdk"] == lowest["opentelemetry-exporter-otlp"]
    assert any(
        f"opentelemetry-instrumentation {lowest['opentelemetry-instrumentation']}" in line
        for line in page("docs/versions.md").prose
    )


def test_the_sources_of_a_cost_are_those_of_the_code():
    rows = page("docs/cost.md").table("`langspan.cost.source`", "The amount is")
    told = [name for row in rows for name in code(row["`langspan.cost.source`"])]
    assert [CostSource.REPORTED, CostSource.OWN, CostSource.LIST] == told
