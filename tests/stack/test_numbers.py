"""A real application, the shipped collector, Prometheus and Jaeger: every panel shows something, alerts fire.

Three pairs of application and collector: one where all is well, one whose collector cannot send and has a
small queue, one whose collector samples with little room and soon gives up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.backends import (
    COLLECTOR_CONFIG,
    Collector,
    Jaeger,
    binary,
    free_ports,
    get,
    running_collector,
    running_jaeger,
    wait_until,
)
from support.prometheus import RULES, Prometheus, running_prometheus
from support.sending_apps import SteadyApp, run_app

pytest.importorskip("langgraph", reason="the application needs it: pip install langgraph langchain")

APP = Path(__file__).with_name("numbers_app.py")
FOLDER = COLLECTOR_CONFIG.parent
SAMPLING = FOLDER / "sampling.yaml"
ALERTS = {
    rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
}
WITHIN = 40.0
WINDOW = {"$__rate_interval": "5m", "$__range": "10m", "$service": ".*"}
"""What Grafana puts in place of its variables."""
NOT_HERE = {
    "ModelCallsAreSlow": "no call takes half a minute",
    "FirstChunkIsLate": "no stream takes five seconds to begin",
    "TokensBurn": "it compares with the day before",
    "CollectorIsDown": "all are up until the last test",
}
"""Alerts that do not fire in this run."""
SENDING = {
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_METRIC_EXPORT_INTERVAL": "500",
}
SMALL = {"OTEL_BSP_MAX_QUEUE_SIZE": "64", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "32"}
OFTEN = {"OTELCOL_SPAN_METRICS_EVERY": "1s"}
SMALL_QUEUE = "exporters: {otlp_grpc/jaeger: {sending_queue: {queue_size: 60000, batch: {min_size: 1000}}}}"
SAMPLED = {
    **OFTEN,
    "OTELCOL_RETRY_FOR": "5s",
    "OTELCOL_SPAN_SERIES": "5",
    "OTELCOL_SAMPLING_WAIT": "1s",
    "OTELCOL_SAMPLING_TRACES": "2",
    "OTELCOL_SAMPLING_TRACE_BYTES": "3000",
}


@dataclass(frozen=True)
class Stack:
    jaeger: Jaeger
    prometheus: Prometheus
    well: Collector
    full: Collector
    sampled: Collector


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("numbers")
    binary("prometheus")
    port, nobody = free_ports(2)
    with ExitStack() as on:
        jaeger = on.enter_context(running_jaeger(folder, prometheus=f"http://127.0.0.1:{port}"))
        well = on.enter_context(running_collector(folder, jaeger.otlp, env=OFTEN))
        small = folder / "small.yaml"
        small.write_text(SMALL_QUEUE)
        full = on.enter_context(running_collector(folder, f"127.0.0.1:{nobody}", env=OFTEN, more=[small]))
        sampled = on.enter_context(
            running_collector(folder, f"127.0.0.1:{nobody}", env=SAMPLED, more=[SAMPLING])
        )
        prometheus = on.enter_context(running_prometheus(folder, port, [well, full, sampled]))
        for collector, own in (
            (well, {"OTEL_SERVICE_NAME": "forecaster"}),
            (full, {"OTEL_SERVICE_NAME": "hurried", **SMALL}),
            (
                sampled,
                {"OTEL_SERVICE_NAME": "chosen", "PAUSE": "3"},
            ),  # more traces at once than there is room for
        ):
            on.enter_context(SteadyApp(APP, collector, **SENDING, **own))
        yield Stack(jaeger, prometheus, well, full, sampled)


def panels() -> Iterator[Any]:
    """Yield each query of each panel of each dashboard."""
    for path in sorted((FOLDER / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                yield pytest.param(target, id=f"{path.stem}: {panel['title']} {target['refId']}")


def asked(expression: str) -> str:
    for variable, value in WINDOW.items():
        expression = expression.replace(variable, value)
    return expression


def awaited(what: Any, said: str) -> Any:
    """Return what `what` returns once that is something."""
    found: list[Any] = []

    def there() -> bool:
        found[:] = [what()]
        return bool(found[0])

    wait_until(there, WITHIN, lambda: said)
    return found[0]


@pytest.mark.parametrize("target", [*panels()])
def test_a_panel_shows_something_and_names_it(stack: Stack, target: dict[str, Any]) -> None:
    """A stream of numbers, none of them missing, with every label that its legend has."""
    query = asked(target["expr"])

    series = awaited(lambda: stack.prometheus.query(query), f"no answer to {query}")

    named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
    assert named <= {label for one in series for label in one}
    assert any("NaN" != one["value"] for one in series)


@pytest.mark.parametrize("alert", [name for name in ALERTS if name not in NOT_HERE])
def test_an_alert_fires_when_there_is_cause(stack: Stack, alert: str) -> None:
    fired = awaited(lambda: stack.prometheus.firing().get(alert), f"{alert} does not fire")

    texts = " ".join(ALERTS[alert]["annotations"].values())
    assert {*re.findall(r"\$labels\.(\w+)", texts)} <= fired["labels"].keys()
    assert [] == [text for text in fired["annotations"].values() if "{{" in text or "<no value>" in text]


def test_where_all_is_well_no_alert_on_delivery_fires(stack: Stack) -> None:
    awaited(lambda: "SpansAreLost" in stack.prometheus.firing(), "nothing is lost anywhere")
    well = stack.well.own.removeprefix("http://").removesuffix("/metrics")
    fired = stack.prometheus.query('ALERTS{alertstate="firing"}')
    about = {(one["alertname"], one.get("instance"), one.get("job")) for one in fired}
    assert not {name for name, instance, _ in about if instance == well}
    assert not {
        name
        for name, _, job in about
        if job == "forecaster" and name in ("SpansAreLost", "ApplicationQueueFills")
    }


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_asks_for_series_and_labels_that_exist(stack: Stack, alert: str) -> None:
    expression = re.sub(r'"[^"]*"', "", ALERTS[alert]["expr"])
    used = set(re.findall(r"\b(?:gen_ai|langspan|otel|otelcol|traces_span|error|up)\w*", expression))
    assert used
    wait_until(
        lambda: used <= stack.prometheus.words(), WITHIN, lambda: f"{used - stack.prometheus.words()} missing"
    )


@pytest.mark.parametrize(
    "series",
    [
        "gen_ai_client_operation_duration_seconds_bucket",
        "gen_ai_invoke_agent_duration_seconds_bucket",
        "traces_span_metrics_duration_seconds_bucket",
    ],
)
def test_a_number_leads_to_its_trace(stack: Stack, series: str) -> None:
    """The span that was measured is in Jaeger, under the ids that Prometheus has."""
    of_one = f'{series}{{job="forecaster"}}'
    labels = awaited(lambda: stack.prometheus.exemplars(of_one), f"no exemplars of {series}")[-1]

    spans = {span.span_id for span in stack.jaeger.trace(labels["trace_id"])}

    wait_until(
        lambda: labels["span_id"] in {span.span_id for span in stack.jaeger.trace(labels["trace_id"])},
        WITHIN,
        lambda: f"{labels} is not among {spans}",
    )


@pytest.mark.parametrize("numbers", ["calls", "latencies", "errors"])
@pytest.mark.parametrize(
    ("kind", "operation"), [("internal", "invoke_agent forecaster"), ("client", "chat house-model")]
)
def test_the_monitor_page_of_jaeger_has_numbers(
    stack: Stack, numbers: str, kind: str, operation: str
) -> None:
    asks = "lookback=600000&step=5000&ratePer=60000&quantile=0.95&groupByOperation=true"
    url = f"{stack.jaeger.url}/api/metrics/{numbers}?service=forecaster&spanKind={kind}&{asks}"

    def seen() -> set[str]:
        metrics = json.loads(get(url) or b"{}").get("metrics", [])
        return {
            label["value"]
            for one in metrics
            if one["metricPoints"]
            for label in one["labels"]
            if label["name"] == "operation"
        }

    wait_until(lambda: operation in seen(), WITHIN, lambda: f"{url} has {seen()}")


def test_spans_are_counted_apart_up_to_a_bound(stack: Stack) -> None:
    """The rest is one series; nothing of it is lost."""
    query = 'traces_span_metrics_calls_total{{job="chosen", otel_metric_overflow{}"true"}}'
    awaited(lambda: stack.prometheus.query(query.format("=")), "no overflow")
    assert len(stack.prometheus.query(query.format("!="))) <= int(SAMPLED["OTELCOL_SPAN_SERIES"])


def test_no_series_has_an_id_of_a_conversation_a_run_or_a_call(stack: Stack) -> None:
    awaited(lambda: stack.prometheus.query(asked("traces_span_metrics_calls_total")), "no spans are counted")
    labels = {label for label in stack.prometheus.words() if label.endswith("_id")}
    assert {"collector_instance_id"} >= {label for label in labels if "service_instance" not in label}


def test_a_process_that_counted_before_it_was_looked_at_counts(stack: Stack) -> None:
    """A script that runs for a moment sends its numbers once: what it did, and not where counting begins."""
    made = run_app(
        Path(__file__).with_name("agent_app.py"),
        stack.well,
        OTEL_METRICS_EXPORTER="otlp",
        OTEL_SERVICE_NAME="moment",
    )
    tools = sum(span["name"].startswith("execute_tool") for span in made)
    query = 'sum(increase(gen_ai_execute_tool_duration_seconds_count{job="moment"}[5m]))'

    def counted() -> float:
        return float(next(iter(stack.prometheus.query(query)), {"value": "0"})["value"])

    assert 0 < tools
    wait_until(  # increase() guesses what the ends of its time hold, less and less
        lambda: counted() == pytest.approx(tools, rel=0.1), WITHIN, lambda: f"{counted()} of {tools}"
    )


def test_a_collector_that_ends_is_missed(stack: Stack) -> None:
    stack.sampled.service.kill()
    try:
        fired = awaited(lambda: stack.prometheus.firing().get("CollectorIsDown"), "nobody misses it")
    finally:
        stack.sampled.service.start()
    assert fired["labels"]["instance"] in stack.sampled.own + stack.sampled.metrics
