"""The GenAI metrics: names, units, buckets, and the attributes each one carries.

There are two sets. `RELEASED` is core v1.41, which today's dashboards query. `LATEST` is from the GenAI
conventions' own repository, where inference has separate metrics and counters by modality replace the token
histogram; `OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental` selects it. `ADDED` has newer metrics
that replace nothing, so they are recorded with either set; so are those of `OWN`, which no convention has.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from langspan.conventions import names


class Instrument(enum.Enum):
    """The kinds of metric instruments."""

    HISTOGRAM = "histogram"
    COUNTER = "counter"
    UP_DOWN_COUNTER = "up-down counter"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: The metric's name.
        unit: Its unit, in UCUM: `s` or a count in braces.
        description: What it measures.
        attributes: The attributes of a measurement, as far as the span has them. Never ids of conversations,
            users, responses or calls: each value would create a new time series.
        boundaries: The bucket boundaries of a histogram; empty for a counter.
        instrument: The kind of instrument.
    """

    name: str
    unit: str
    description: str
    attributes: tuple[str, ...]
    boundaries: tuple[float, ...] = ()
    instrument: Instrument = Instrument.HISTOGRAM


SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
AGENT_SECONDS: Final = tuple(0.1 * 2**power for power in range(13))
WORKFLOW_SECONDS: Final = (1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
TOKENS: Final = tuple(4**power for power in range(14))
CALLS: Final = tuple(2**power for power in range(8))

COMMON: Final = (
    names.GEN_AI_OPERATION_NAME,
    names.GEN_AI_PROVIDER_NAME,
    names.GEN_AI_REQUEST_MODEL,
    names.GEN_AI_RESPONSE_MODEL,
    names.SERVER_ADDRESS,
    names.SERVER_PORT,
)
_FAILABLE: Final = (*COMMON, names.ERROR_TYPE)
_BY_TYPE: Final = (*COMMON, names.GEN_AI_TOKEN_TYPE)
_BY_MODALITY: Final = (*COMMON, names.GEN_AI_TOKEN_MODALITY)

# --- core v1.41 ---
OPERATION_DURATION: Final = Metric(
    "gen_ai.client.operation.duration", "s", "GenAI operation duration.", _FAILABLE, SECONDS
)
TOKEN_USAGE: Final = Metric(
    "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used.", _BY_TYPE, TOKENS
)
TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.operation.time_to_first_chunk", "s", "Time to receive the first chunk.", COMMON, SECONDS
)
TIME_PER_OUTPUT_CHUNK: Final = Metric(
    "gen_ai.client.operation.time_per_output_chunk",
    "s",
    "Time between two chunks, after the first.",
    COMMON,
    SECONDS,
)

# --- the newest names ---
INFERENCE_DURATION: Final = Metric(
    "gen_ai.client.inference.duration", "s", "Inference duration.", _FAILABLE, SECONDS
)
INFERENCE_TIME_TO_FIRST_CHUNK: Final = Metric(
    "gen_ai.client.inference.time_to_first_chunk", "s", "Time to receive the first chunk.", COMMON, SECONDS
)
INFERENCE_TIME_PER_OUTPUT_CHUNK: Final = Metric(
    "gen_ai.client.inference.time_per_output_chunk",
    "s",
    "Time between two chunks, after the first.",
    COMMON,
    SECONDS,
)
INPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.input_tokens",
    "{token}",
    "Input tokens of one call.",
    COMMON,
    TOKENS,
)
OUTPUT_TOKENS: Final = Metric(
    "gen_ai.client.inference.operation.output_tokens",
    "{token}",
    "Output tokens of one call.",
    COMMON,
    TOKENS,
)


def _counter(kind: str, description: str) -> Metric:
    return Metric(
        f"gen_ai.client.inference.usage.{kind}",
        "{token}",
        description,
        _BY_MODALITY,
        instrument=Instrument.COUNTER,
    )


USAGE_INPUT_TOKENS: Final = _counter("input_tokens", "Input tokens used.")
USAGE_OUTPUT_TOKENS: Final = _counter("output_tokens", "Output tokens used.")
USAGE_CACHE_READ: Final = _counter("cache_read.input_tokens", "Input tokens read from a provider's cache.")
USAGE_CACHE_WRITE: Final = _counter("cache_write.input_tokens", "Input tokens written to a provider's cache.")
USAGE_REASONING: Final = _counter("reasoning.output_tokens", "Output tokens used for reasoning.")

# --- new, without a predecessor ---
AGENT_DURATION: Final = Metric(
    "gen_ai.invoke_agent.duration",
    "s",
    "Duration of an agent's run.",
    (names.GEN_AI_AGENT_NAME, names.GEN_AI_REQUEST_MODEL, names.ERROR_TYPE),
    AGENT_SECONDS,
)
AGENT_INFERENCE_CALLS: Final = Metric(
    "gen_ai.invoke_agent.inference_calls",
    "{inference_call}",
    "Model calls of one agent's run, nested agents not counted.",
    (names.GEN_AI_AGENT_NAME,),
    CALLS,
)
AGENT_TOOL_CALLS: Final = Metric(
    "gen_ai.invoke_agent.tool_calls",
    "{tool_call}",
    "Tool calls of one agent's run, nested agents not counted.",
    (names.GEN_AI_AGENT_NAME,),
    CALLS,
)
WORKFLOW_DURATION: Final = Metric(
    "gen_ai.invoke_workflow.duration",
    "s",
    "Duration of a workflow's run.",
    (names.GEN_AI_WORKFLOW_NAME, names.ERROR_TYPE),
    WORKFLOW_SECONDS,
)
TOOL_DURATION: Final = Metric(
    "gen_ai.execute_tool.duration",
    "s",
    "Duration of a tool's run.",
    (names.GEN_AI_TOOL_NAME, names.GEN_AI_TOOL_TYPE, names.GEN_AI_AGENT_NAME, names.ERROR_TYPE),
    SECONDS,
)

COST: Final = Metric(
    "langspan.usage.cost",
    "{USD}",
    "What model calls cost, in US dollars.",
    (
        names.GEN_AI_PROVIDER_NAME,
        names.GEN_AI_REQUEST_MODEL,
        names.GEN_AI_RESPONSE_MODEL,
        names.GEN_AI_AGENT_NAME,
        names.LANGSPAN_COST_SOURCE,
    ),
    instrument=Instrument.COUNTER,
)

BUDGET_EXCEEDED: Final = Metric(
    "langspan.budget.exceeded",
    "{budget}",
    "Budgets that were exceeded.",
    (names.LANGSPAN_BUDGET_PER, names.LANGSPAN_BUDGET_MEASURE),
    instrument=Instrument.COUNTER,
)

RELEASED: Final = (OPERATION_DURATION, TOKEN_USAGE, TIME_TO_FIRST_CHUNK, TIME_PER_OUTPUT_CHUNK)
LATEST: Final = (
    OPERATION_DURATION,
    INFERENCE_DURATION,
    INFERENCE_TIME_TO_FIRST_CHUNK,
    INFERENCE_TIME_PER_OUTPUT_CHUNK,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    USAGE_INPUT_TOKENS,
    USAGE_OUTPUT_TOKENS,
    USAGE_CACHE_READ,
    USAGE_CACHE_WRITE,
    USAGE_REASONING,
)
ADDED: Final = (
    AGENT_DURATION,
    AGENT_INFERENCE_CALLS,
    AGENT_TOOL_CALLS,
    WORKFLOW_DURATION,
    TOOL_DURATION,
)
OWN: Final = (COST,)
OF_BUDGETS: Final = (BUDGET_EXCEEDED,)
"""What no kind of run measures."""
ALL: Final = tuple(dict.fromkeys((*RELEASED, *LATEST, *ADDED, *OWN)))
OF_INFERENCE: Final = tuple(dict.fromkeys((*RELEASED, *LATEST, COST)))
"""The metrics of a model call, under either set of names."""
