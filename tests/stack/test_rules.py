"""The alerts of rules.yml, run by Prometheus' own tool: each fires when it should, and else does not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.backends import binary
from support.prometheus import CONFIG, RULES

GROUPS = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
CALLS = "gen_ai_client_operation_duration_seconds"
FIRST = "gen_ai_client_operation_time_to_first_chunk_seconds"
TOKENS = "gen_ai_client_token_usage_sum"
TOOLS = "gen_ai_execute_tool_duration_seconds_count"
AGENTS = "gen_ai_invoke_agent_duration_seconds_count"
QUEUED = "otel_sdk_processor_span_processed_total"
SENT = "otel_sdk_exporter_span_exported_total"
GIVEN_UP = "otelcol_exporter_send_failed_spans"
SAMPLING = "otelcol_processor_tail_sampling"
CHAT = {"job": "app", "gen_ai_operation_name": "chat", "gen_ai_request_model": "m"}
TOOL = {"job": "app", "gen_ai_tool_name": "t"}
AGENT = {"job": "app", "gen_ai_agent_name": "a"}
APP = {"job": "app", "instance": "1"}
COLLECTOR = {"job": "collector", "instance": "c", "exporter": "jaeger"}

Series = dict[str, str]


def series(name: str, values: str, **labels: str) -> Series:
    shown = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{shown}}}", "values": values}


def outcomes(name: str, labels: dict[str, str], well: int, failed: int, last: str = "x300") -> list[Series]:
    """So many a minute end well, and so many do not."""
    return [
        series(name, f"0+{well}{last}", **labels),
        series(name, f"0+{failed}{last}", error_type="E", **labels),
    ]


def waits(name: str, fast: int, slow: int, bounds: tuple[str, str]) -> list[Series]:
    """So many a minute are below the first bound, and so many more only below the second."""
    return [
        series(f"{name}_bucket", f"0+{fast}x300", le=bounds[0], **CHAT),
        *(series(f"{name}_bucket", f"0+{fast + slow}x300", le=le, **CHAT) for le in (bounds[1], "+Inf")),
    ]


def tokens(before: int, now: int) -> list[Series]:
    """So many tokens a minute for a day, and so many in the hour after it."""
    return [series(TOKENS, f"0+{before}x1440 {1440 * before}+{now}x120", **CHAT)]


def queue(name: str, size: int, labels: dict[str, str]) -> list[Series]:
    return [series(f"{name}_size", f"{size}x300", **labels), series(f"{name}_capacity", "100x300", **labels)]


def refused(refused: int, failed: int) -> list[Series]:
    return [
        series("otelcol_receiver_refused_spans", f"0+{refused}x300", instance="c", receiver="otlp"),
        series("otelcol_receiver_failed_spans", f"0+{failed}x300", instance="c", receiver="otlp"),
    ]


FIRES: dict[str, dict[str, list[Series]]] = {
    "ModelCallsFail": {"a tenth fails": outcomes(f"{CALLS}_count", CHAT, 90, 10)},
    "ModelCallsAreSlow": {"one in ten is slow": waits(CALLS, 9, 1, ("20.48", "81.92"))},
    "FirstChunkIsLate": {"one in ten is late": waits(FIRST, 9, 1, ("2.56", "20.48"))},
    "ToolCallsFail": {"every second fails": outcomes(TOOLS, TOOL, 1, 1)},
    "AgentRunsFail": {"a fifth fails": outcomes(AGENTS, AGENT, 8, 2)},
    "TokensBurn": {"ten times the day before": tokens(10_000, 100_000)},
    "CostBurns": {"a dollar in four minutes": [series("langspan_usage_cost_total", "0+0.25x300", **CHAT)]},
    "BudgetsAreExceeded": {"one a minute": [series("langspan_budget_exceeded_total", "0+1x300", **APP)]},
    "SpansAreLost": {
        "before the queue": [series(QUEUED, "0+1x300", error_type="queue_full", **APP)],
        "on their way": [series(SENT, "0+1x300", error_type="unavailable", **APP)],
    },
    "ApplicationQueueFills": {"nine tenths": queue("otel_sdk_processor_span_queue", 90, APP)},
    "CollectorIsDown": {
        "its own page": [series("up", "0x300", job="collector", instance="c")],
        "the page of the applications": [series("up", "0x300", job="applications", instance="c")],
    },
    "CollectorQueueFills": {"two thirds": queue("otelcol_exporter_queue", 67, COLLECTOR)},
    "CollectorRefusesSpans": {"it refuses": refused(1, 0), "what is behind it does": refused(0, 1)},
    "CollectorLosesSpans": {
        "for the first time": [series(GIVEN_UP, "_x1495 7x5", **COLLECTOR)],
        "again": [series(GIVEN_UP, "7x1495 9x5", **COLLECTOR)],
    },
    "SpanSeriesAreCut": {
        "one is for the rest": [
            series("traces_span_metrics_calls_total", "5x300", otel_metric_overflow="true", **APP)
        ]
    },
    "SamplingHasTooLittleRoom": {
        "one a minute": [series(f"{SAMPLING}_sampling_trace_dropped_too_early", "0+1x1500", **COLLECTOR)]
    },
    "SamplingDropsLargeTraces": {
        "for the first time": [series(f"{SAMPLING}_traces_dropped_too_large", "_x1495 7x5", **COLLECTOR)],
        "again": [series(f"{SAMPLING}_traces_dropped_too_large", "7x1495 9x5", **COLLECTOR)],
    },
}
SILENT: dict[str, dict[str, list[Series]]] = {
    "ModelCallsFail": {
        "a hundredth fails": outcomes(f"{CALLS}_count", CHAT, 990, 10),
        "one of two fails at night": outcomes(f"{CALLS}_count", CHAT, 0, 0, "x1490 1x10"),
        "nothing fails": [series(f"{CALLS}_count", "0+9x300", **CHAT)],
    },
    "ModelCallsAreSlow": {"one in a hundred is slow": waits(CALLS, 99, 1, ("20.48", "81.92"))},
    "FirstChunkIsLate": {"one in a hundred is late": waits(FIRST, 99, 1, ("2.56", "20.48"))},
    "ToolCallsFail": {"one in ten fails": outcomes(TOOLS, TOOL, 9, 1)},
    "AgentRunsFail": {"one in twenty fails": outcomes(AGENTS, AGENT, 19, 1)},
    "TokensBurn": {
        "twice the day before": tokens(10_000, 20_000),
        "ten times next to nothing": tokens(100, 1_000),
        "the first hour of all": [series(TOKENS, "_x1440 0+100000x60", **CHAT)],
    },
    "CostBurns": {"a dollar in ten minutes": [series("langspan_usage_cost_total", "0+0.1x300", **CHAT)]},
    "BudgetsAreExceeded": {"four an hour": [series("langspan_budget_exceeded_total", "0+0.06x300", **APP)]},
    "SpansAreLost": {"all are sent": [series(QUEUED, "0+9x300", **APP), series(SENT, "0+9x300", **APP)]},
    "ApplicationQueueFills": {"half": queue("otel_sdk_processor_span_queue", 50, APP)},
    "CollectorIsDown": {"it is up": [series("up", "1x300", job="collector", instance="c")]},
    "CollectorQueueFills": {"half": queue("otelcol_exporter_queue", 50, COLLECTOR)},
    "CollectorRefusesSpans": {"nothing is refused": refused(0, 0)},
    "CollectorLosesSpans": {"long ago": [series(GIVEN_UP, "7x1500", **COLLECTOR)]},
    "SpanSeriesAreCut": {"all have one": [series("traces_span_metrics_calls_total", "5x300", **APP)]},
    "SamplingHasTooLittleRoom": {
        "long ago": [series(f"{SAMPLING}_sampling_trace_dropped_too_early", "7x1500", **COLLECTOR)]
    },
    "SamplingDropsLargeTraces": {
        "long ago": [series(f"{SAMPLING}_traces_dropped_too_large", "7x1500", **COLLECTOR)]
    },
}
CASES = [
    pytest.param(alert, given, fires, id=f"{alert}: {case}")
    for fires, cases in ((True, FIRES), (False, SILENT))
    for alert, named in cases.items()
    for case, given in named.items()
]


def promtool(*arguments: Any, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [binary("promtool"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=60, check=False)


def test_prometheus_accepts_its_configuration_and_the_rules(tmp_path: Path) -> None:
    result = promtool("check", "config", CONFIG, cwd=tmp_path)
    assert (0, f"SUCCESS: {len(ALERTS)} rules found") == (
        result.returncode,
        result.stdout.strip().splitlines()[-1].strip(),
    )


def test_every_alert_is_tried_both_ways() -> None:
    assert [*ALERTS] == [*FIRES] == [*SILENT]


def test_every_alert_says_what_to_do_and_how_much_it_matters() -> None:
    for rule in ALERTS.values():
        assert {"summary", "do"} == rule["annotations"].keys()
        assert rule["labels"]["severity"] in ("page", "ticket")


@pytest.mark.parametrize(("alert", "given", "fires"), CASES)
def test_an_alert_fires_when_it_should_and_only_then(
    alert: str, given: list[Series], fires: bool, tmp_path: Path
) -> None:
    """No other alert fires at the same cause either."""
    ends = "1500m" if any("1440" in one["values"] or "149" in one["values"] for one in given) else "120m"
    firing = [
        {
            "expr": f'count(ALERTS{{alertname="{name}", alertstate="firing"}}) or vector(0)',
            "eval_time": ends,
            "exp_samples": [{"labels": "{}", "value": int(fires and name == alert)}],
        }
        for name in ALERTS
    ]
    test = {
        "rule_files": [str(RULES)],
        "tests": [{"interval": "1m", "input_series": given, "promql_expr_test": firing}],
    }
    (tmp_path / "test.yaml").write_text(json.dumps(test), "utf-8")

    result = promtool("test", "rules", "test.yaml", cwd=tmp_path)

    assert 0 == result.returncode, result.stdout + result.stderr
