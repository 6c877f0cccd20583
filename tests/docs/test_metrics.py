"""docs/metrics.md: the series that Prometheus sees, and queries and alerts that use them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import yaml
from langchain_core.language_models import FakeListLLM

import langspan
from docs.pages import code, page
from langspan.conventions import metrics

PAGE = page("docs/metrics.md")
TABLE = PAGE.table("Metric", "One measurement for each", "Prometheus series")
QUERIES = [block.code.strip() for block in PAGE.blocks if block.language == "promql"]
RULES = PAGE.block("Two alerts", "yaml").code
ALERTS = {rule["alert"]: rule["expr"] for rule in yaml.safe_load(RULES)["groups"][0]["rules"]}
EXPRESSIONS = pytest.mark.parametrize("expression", [*QUERIES, *ALERTS.values()])


@pytest.fixture(scope="module")
def scraped():
    """What Prometheus would scrape from the demo's shop, by OpenTelemetry's own rules for names."""
    pytest.importorskip(
        "opentelemetry.exporter.prometheus",
        reason="names the series: pip install opentelemetry-exporter-prometheus",
    )
    pytest.importorskip("langgraph", reason="the shop needs it: pip install langgraph langchain")
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider
    from prometheus_client import REGISTRY, generate_latest
    from prometheus_client.parser import text_string_to_metric_families

    from langspan.cli.scripted import ScriptedChatModel
    from langspan.cli.shop import ask

    reader = PrometheusMetricReader()
    provider = MeterProvider([reader])
    tracer_provider = TracerProvider()
    tracing = langspan.instrument(tracer_provider=tracer_provider, meter_provider=provider)
    try:
        "".join(ask(ScriptedChatModel(), tracer_provider.get_tracer("shop"), 0))
        with pytest.raises(ValueError, match="no"):
            _Failing(responses=[]).invoke("x")
    finally:
        tracing.uninstrument()
    found = list(text_string_to_metric_families(generate_latest(REGISTRY).decode()))
    provider.shutdown()
    return [family for family in found if family.name.startswith("gen_ai_")]


class _Failing(FakeListLLM):
    def _call(self, *_args, **_kwargs):
        raise ValueError("no")


def test_the_metrics_of_the_table_are_all_histograms():
    known = {metric.name: metric for metric in (*metrics.RELEASED, *metrics.ADDED)}
    told = [name for row in TABLE for name in code(row["Metric"])]
    assert {metrics.Instrument.HISTOGRAM} == {known[name].instrument for name in told}


def test_each_series_is_named_as_the_table_says(scraped):
    told = {name for row in TABLE for name in code(row["Prometheus series"])}
    assert told == {family.name for family in scraped}


def test_each_series_has_the_endings_that_the_page_tells(scraped):
    endings = {"_bucket", "_count", "_sum"}
    found = {sample.name.removeprefix(family.name) for family in scraped for sample in family.samples}
    assert endings == found - {"_created"}
    assert any(all(f"`{ending}`" in line for ending in endings) for line in PAGE.prose)


def test_each_series_stands_beside_its_metric():
    """Dots become underscores, and a unit of seconds is appended."""
    for row in TABLE:
        (name,), (series,) = code(row["Metric"]), code(row["Prometheus series"])
        assert series in (name.replace(".", "_"), f"{name.replace('.', '_')}_seconds")


@EXPRESSIONS
def test_the_expression_is_promql(expression):
    promql = pytest.importorskip("promql_parser", reason="parses PromQL: pip install promql-parser")
    promql.parse(expression)


@EXPRESSIONS
def test_the_expression_uses_series_and_labels_that_exist(expression, scraped):
    samples = {sample.name for family in scraped for sample in family.samples}
    labels = {label for family in scraped for sample in family.samples for label in sample.labels}
    used = set(re.findall(r"\b(?:gen_ai_\w+|error_type|le)\b", expression))
    assert used
    assert set() == used - samples - labels


def _series(name, values, **labels):
    shown = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{shown}}}", "values": values}


CALLS = "gen_ai_client_operation_duration_seconds_count"
FIRST = "gen_ai_client_operation_time_to_first_chunk_seconds_bucket"
MODEL = {"gen_ai_request_model": "m", "gen_ai_operation_name": "chat"}


def _streams(late):
    """Ten streams a minute begin within a second, and some more only within 10.24."""
    return [
        _series(FIRST, "0+10x60", le="1.28", **MODEL),
        _series(FIRST, f"0+{10 + late}x60", le="10.24", **MODEL),
        _series(FIRST, f"0+{10 + late}x60", le="+Inf", **MODEL),
    ]


CASES = {
    "a tenth of the calls fails": (
        "ModelCallsFail",
        [_series(CALLS, "0+9x60", **MODEL), _series(CALLS, "0+1x60", error_type="E", **MODEL)],
        True,
    ),
    "a hundredth of the calls fails": (
        "ModelCallsFail",
        [_series(CALLS, "0+99x60", **MODEL), _series(CALLS, "0+1x60", error_type="E", **MODEL)],
        False,
    ),
    "no call fails": ("ModelCallsFail", [_series(CALLS, "0+9x60", **MODEL)], False),
    "every second stream begins late": ("FirstChunkIsLate", _streams(10), True),
    "no stream begins late": ("FirstChunkIsLate", _streams(0), False),
}


@pytest.mark.parametrize("case", CASES)
def test_the_alert_fires_when_it_should_and_only_then(case, tmp_path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("runs the rules: apt install prometheus, or put promtool on the path")
    alert, series, fires = CASES[case]
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    test = {
        "rule_files": ["rules.yaml"],
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) or vector(0)',
                        "eval_time": "40m",
                        "exp_samples": [{"labels": "{}", "value": int(fires and name == alert)}],
                    }
                    for name in ALERTS
                ],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(json.dumps(test), "utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        encoding="utf-8",
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
