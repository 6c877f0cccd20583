"""The dashboards: what each panel says and what it asks Prometheus."""

from __future__ import annotations

from typing import Final

from dashboards_panels import (
    FAILED,
    MINE,
    Board,
    Panel,
    durations,
    failing,
    increase,
    lost,
    mean,
    number,
    quantile,
    rate,
    total,
)

CALLS: Final = "gen_ai_client_operation_duration_seconds"
TOKENS: Final = "gen_ai_client_token_usage"
BUDGETS: Final = "langspan_budget_exceeded_total"
COST: Final = "langspan_usage_cost_total"
FIRST: Final = "gen_ai_client_operation_time_to_first_chunk_seconds"
CHUNK: Final = "gen_ai_client_operation_time_per_output_chunk_seconds"
TOOLS: Final = "gen_ai_execute_tool_duration_seconds"
AGENTS: Final = "gen_ai_invoke_agent_duration_seconds"
WORKFLOWS: Final = "gen_ai_invoke_workflow_duration_seconds"
STEPS: Final = "traces_span_metrics"
SENT: Final = "otel_sdk_exporter_span_exported_total"
QUEUE_SIZE: Final = "otel_sdk_processor_span_queue_size"
QUEUE_CAPACITY: Final = "otel_sdk_processor_span_queue_capacity"
QUEUED: Final = "otel_sdk_processor_span_processed_total"
SAMPLING: Final = "otelcol_processor_tail_sampling"


MODEL: Final = "gen_ai_request_model"
AGENT: Final = "gen_ai_agent_name"
TOOL: Final = "gen_ai_tool_name"
CALL: Final = f"gen_ai_operation_name, {MODEL}"
A_CALL: Final = "{{gen_ai_operation_name}} {{gen_ai_request_model}}"
A_MODEL: Final = "{{gen_ai_request_model}}"
AN_AGENT: Final = "{{gen_ai_agent_name}}"
A_TOOL: Final = "{{gen_ai_tool_name}}"
A_WORKFLOW: Final = "{{gen_ai_workflow_name}}"
WORKFLOW: Final = "gen_ai_workflow_name"
NODES: Final = 'service_name=~"$service", span_name=~"node .*"'

OVERVIEW: Final = Board(
    "langspan-overview",
    "Overview",
    "Calls, errors, latency, tokens and cost, by model and agent.",
    f"{CALLS}_count",
    [
        number("Calls", "short", increase(f"{CALLS}_count")),
        number(
            "Calls that fail",
            "percentunit",
            f"({increase(f'{CALLS}_count', FAILED)} or vector(0)) / {increase(f'{CALLS}_count')}",
        ),
        number("Tokens", "short", increase(f"{TOKENS}_sum")),
        number("Cost", "currencyUSD", increase(COST), "Needs `cost` or `prices`."),
        Panel("Calls a second", "reqps", [(rate(f"{CALLS}_count", CALL), A_CALL)]),
        Panel(
            "Share of calls that fail",
            "percentunit",
            [(failing(CALLS, CALL), A_CALL)],
            "Alert: ModelCallsFail.",
        ),
        Panel(
            "Errors by type",
            "reqps",
            [(rate(f"{CALLS}_count", f"{MODEL}, error_type", FAILED), f"{A_MODEL} {{{{error_type}}}}")],
        ),
        durations("Latency", CALLS, CALL, A_CALL, "Alert: ModelCallsAreSlow. A point leads to its trace."),
        Panel(
            "Tokens a second",
            "short",
            [(rate(f"{TOKENS}_sum", f"{MODEL}, gen_ai_token_type"), f"{A_MODEL} {{{{gen_ai_token_type}}}}")],
            "Alert: TokensBurn.",
        ),
        Panel(
            "Tokens of a call",
            "short",
            [(mean(TOKENS, f"{MODEL}, gen_ai_token_type"), f"{A_MODEL} {{{{gen_ai_token_type}}}}")],
            "The mean. Rising input: a history or documents that grow.",
        ),
        Panel(
            "Cost an hour, by model",
            "currencyUSD",
            [(f"3600 * {rate(COST, MODEL)}", A_MODEL)],
            "Alert: CostBurns.",
        ),
        Panel(
            "Cost an hour, by agent",
            "currencyUSD",
            [(f"3600 * {rate(COST, AGENT)}", AN_AGENT)],
            "Calls outside of agents have no name here.",
        ),
        Panel(
            "Budgets exceeded a minute",
            "short",
            [
                (
                    f"60 * {rate(BUDGETS, 'langspan_budget_per, langspan_budget_measure')}",
                    "{{langspan_budget_measure}} of a {{langspan_budget_per}}",
                )
            ],
            "Alert: BudgetsAreExceeded.",
        ),
    ],
)
STREAMS: Final = Board(
    "langspan-streams",
    "Streams",
    "How long readers wait for the first words, and for each of the next.",
    f"{FIRST}_count",
    [
        durations("Time to the first chunk", FIRST, MODEL, A_MODEL, "Alert: FirstChunkIsLate."),
        durations("Time per chunk", CHUNK, MODEL, A_MODEL, "After the first."),
        Panel("Streams a second", "reqps", [(rate(f"{FIRST}_count", MODEL), A_MODEL)]),
        Panel("Chunks a second", "short", [(rate(f"{CHUNK}_count", MODEL), A_MODEL)]),
        Panel(
            "Chunks of a stream",
            "short",
            [(f"{rate(f'{CHUNK}_count', MODEL)} / {rate(f'{FIRST}_count', MODEL)}", A_MODEL)],
            "The mean, without the first.",
        ),
        Panel(
            "First chunks by time",
            "s",
            [(f"sum by (le) (increase({FIRST}_bucket{{{MINE}}}[$__rate_interval]))", "{{le}}")],
            kind="heatmap",
        ),
    ],
)
TOOLS_BOARD: Final = Board(
    "langspan-tools",
    "Tools",
    "What agents call, how long it takes, and what fails.",
    f"{TOOLS}_count",
    [
        Panel("Calls a second", "reqps", [(rate(f"{TOOLS}_count", TOOL), A_TOOL)]),
        Panel(
            "Share of calls that fail",
            "percentunit",
            [(failing(TOOLS, TOOL), A_TOOL)],
            "Alert: ToolCallsFail.",
        ),
        Panel(
            "Errors by type",
            "reqps",
            [(rate(f"{TOOLS}_count", f"{TOOL}, error_type", FAILED), f"{A_TOOL} {{{{error_type}}}}")],
        ),
        durations("Duration", TOOLS, TOOL, A_TOOL),
        Panel(
            "Calls a second, by agent",
            "reqps",
            [(rate(f"{TOOLS}_count", f"{AGENT}, {TOOL}"), f"{AN_AGENT}: {A_TOOL}")],
        ),
        Panel(
            "Time in tools",
            "percentunit",
            [(rate(f"{TOOLS}_sum", TOOL), A_TOOL)],
            "How many calls run at a time: 200 % are two.",
        ),
    ],
)
AGENTS_BOARD: Final = Board(
    "langspan-agents",
    "Agents and workflows",
    "Runs of agents and graphs, what they need, and where their time goes.",
    f"{AGENTS}_count",
    [
        Panel("Runs of agents a second", "reqps", [(rate(f"{AGENTS}_count", AGENT), AN_AGENT)]),
        Panel(
            "Share of runs that fail",
            "percentunit",
            [(failing(AGENTS, AGENT), AN_AGENT)],
            "Alert: AgentRunsFail.",
        ),
        durations("Duration of agents", AGENTS, AGENT, AN_AGENT),
        Panel(
            "Model calls of a run",
            "short",
            [(mean("gen_ai_invoke_agent_inference_calls", AGENT), AN_AGENT)],
            "The mean. Rising: it goes round in circles.",
        ),
        Panel(
            "Tool calls of a run",
            "short",
            [(mean("gen_ai_invoke_agent_tool_calls", AGENT), AN_AGENT)],
            "The mean.",
        ),
        Panel(
            "Cost of a run",
            "currencyUSD",
            [(f"{rate(COST, AGENT)} / {rate('gen_ai_invoke_agent_inference_calls_count', AGENT)}", AN_AGENT)],
            "The mean of the agent's own calls.",
        ),
        Panel("Runs of workflows a second", "reqps", [(rate(f"{WORKFLOWS}_count", WORKFLOW), A_WORKFLOW)]),
        durations("Duration of workflows", WORKFLOWS, WORKFLOW, A_WORKFLOW),
        Panel(
            "Slowest nodes",
            "s",
            [
                (
                    f"topk(10, {quantile(0.95, f'{STEPS}_duration_seconds', 'span_name', NODES)})",
                    "p95 {{span_name}}",
                )
            ],
            "From the spans themselves, whether the application records metrics or not.",
            exemplars=True,
        ),
    ],
)
DELIVERY: Final = Board(
    "langspan-delivery",
    "Delivery",
    "langspan's own ledger: what was recorded, sent, lost and waits, in each application.",
    SENT,
    [
        Panel("Spans recorded a second", "short", [(rate(QUEUED, "job"), "{{job}}")]),
        Panel("Spans sent a second", "short", [(rate(SENT, "job", f'{MINE}, error_type=""'), "{{job}}")]),
        Panel(
            "Spans lost",
            "short",
            [
                (lost(SENT), "{{job}}: {{error_type}}"),
                (lost(QUEUED), "{{job}}: {{error_type}}, before the queue"),
            ],
            "Alert: SpansAreLost. In the dashboard's time, by reason.",
        ),
        Panel(
            "How full the queue is",
            "percentunit",
            [
                (
                    f"{total(QUEUE_SIZE, 'job, instance')} / {total(QUEUE_CAPACITY, 'job, instance')}",
                    "{{job}} {{instance}}",
                )
            ],
            "Alert: ApplicationQueueFills.",
        ),
        Panel(
            "Spans on their way",
            "short",
            [(total("otel_sdk_exporter_span_inflight", "job"), "{{job}}")],
        ),
        Panel(
            "Log records sent a second",
            "short",
            [(rate("otel_sdk_exporter_log_exported_total", "job", f'{MINE}, error_type=""'), "{{job}}")],
            "Where events are exported.",
        ),
    ],
)
COLLECTOR: Final = Board(
    "langspan-collector",
    "Collector",
    "What the collector takes, refuses, sends and holds, and what its sampling keeps.",
    "",
    [
        Panel(
            "Pages that answer",
            "short",
            [('up{job=~"applications|collector"}', "{{job}}")],
            "Alert: CollectorIsDown.",
        ),
        Panel(
            "Spans taken a second",
            "short",
            [
                (
                    rate("otelcol_receiver_accepted_spans", "instance, transport", ""),
                    "{{instance}} {{transport}}",
                )
            ],
        ),
        Panel(
            "Spans refused a second",
            "short",
            [
                (rate("otelcol_receiver_refused_spans", "instance", ""), "{{instance}} refused"),
                (rate("otelcol_receiver_failed_spans", "instance", ""), "{{instance}} failed"),
            ],
            "Alert: CollectorRefusesSpans. Applications are told to try again.",
        ),
        Panel(
            "How full the queue is",
            "percentunit",
            [("otelcol_exporter_queue_size / otelcol_exporter_queue_capacity", "{{instance}} {{exporter}}")],
            "Alert: CollectorQueueFills.",
        ),
        Panel("Bytes in the queue", "bytes", [("otelcol_exporter_queue_size", "{{instance}} {{exporter}}")]),
        Panel(
            "Spans sent a second",
            "short",
            [(rate("otelcol_exporter_sent_spans", "instance, exporter", ""), "{{instance}} {{exporter}}")],
        ),
        Panel(
            "Spans given up",
            "short",
            [
                (
                    rate("otelcol_exporter_send_failed_spans", "instance, exporter", ""),
                    "{{instance}} {{exporter}}",
                )
            ],
            "Alert: CollectorLosesSpans. Nothing to see is good.",
        ),
        Panel("Memory", "bytes", [("otelcol_process_memory_rss", "{{instance}}")]),
        Panel(
            "Processor time",
            "percentunit",
            [(rate("otelcol_process_cpu_seconds", "instance", ""), "{{instance}}")],
        ),
        Panel(
            "Time series",
            "short",
            [('scrape_samples_scraped{job="applications"}', "{{instance}}")],
            "What the applications' page holds: it must not grow with time.",
        ),
        Panel(
            "Traces decided a second",
            "short",
            [(rate(f"{SAMPLING}_global_count_traces_sampled", "decision", ""), "{{decision}}")],
            "Only with sampling.yaml, like the two that follow.",
        ),
        Panel(
            "Traces kept a second, by reason",
            "short",
            [(rate(f"{SAMPLING}_count_traces_sampled", "policy", 'decision="sampled"'), "{{policy}}")],
            "A trace with two reasons counts twice.",
        ),
        Panel(
            "Traces that wait for their decision",
            "short",
            [
                (f"{SAMPLING}_sampling_traces_on_memory", "{{instance}}"),
                (
                    rate(f"{SAMPLING}_sampling_trace_dropped_too_early", "instance", ""),
                    "{{instance}} dropped a second",
                ),
            ],
            "Alert: SamplingHasTooLittleRoom.",
        ),
    ],
)
BOARDS: Final = (OVERVIEW, STREAMS, TOOLS_BOARD, AGENTS_BOARD, DELIVERY, COLLECTOR)
