"""What the policies of sampling.yaml mean, said once more: which traces arrive can be computed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SLOW_MS, TOKENS, USD, PERCENT = 300, 5000, 0.05, 30
SETTINGS = {
    "OTELCOL_SAMPLING_WAIT": "2s",
    "OTELCOL_SAMPLING_SLOW_MS": str(SLOW_MS),
    "OTELCOL_SAMPLING_TOKENS": str(TOKENS),
    "OTELCOL_SAMPLING_USD": str(USD),
    "OTELCOL_SAMPLING_PERCENT": str(PERCENT),
}

Trace = Sequence[Mapping[str, Any]]


def by_id(spans: Trace) -> dict[str, Trace]:
    """Return the traces that the application of the mix has made."""
    found = defaultdict(list)
    for span in spans:
        found[span["trace_id"]].append(span)
    return dict(found)


def wanted(traces: Mapping[str, Trace]) -> dict[str, set[str]]:
    """Return the ids of the spans of each trace that some policy keeps."""
    return {
        trace_id: {span["span_id"] for span in trace}
        for trace_id, trace in traces.items()
        if any(keeps(trace) for keeps in POLICIES.values())
    }


def decided(page: bytes | str | None) -> int:
    """Return on how many traces the collector has decided, by the page of its own metrics."""
    name = "otelcol_processor_tail_sampling_global_count_traces_sampled"
    text = page.decode() if isinstance(page, bytes) else page or ""
    return sum(int(float(count)) for count in re.findall(rf"^{name}{{.*}} (\S+)$", text, re.MULTILINE))


def values(trace: Trace, name: str) -> list[Any]:
    """Return what the spans of a trace have for an attribute."""
    return [span["attributes"][name] for span in trace if name in span["attributes"]]


def share(trace: Trace) -> bool:
    """Whether the id alone keeps a trace: the collector's own rule, a hash against a threshold."""
    hashed = 0xCBF29CE484222325
    for byte in b"default-hash-seed" + bytes.fromhex(trace[0]["trace_id"]):
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return hashed <= PERCENT / 100 * (2**64 - 1)


def tokens(span: Mapping[str, Any]) -> int:
    attributes = span["attributes"]
    return sum(attributes.get(f"gen_ai.usage.{way}_tokens", 0) for way in ("input", "output"))


def milliseconds(trace: Trace) -> int:
    nanoseconds: int = max(span["end"] for span in trace) - min(span["start"] for span in trace)
    return nanoseconds // 1_000_000


POLICIES: dict[str, Callable[[Trace], bool]] = {
    "errors": lambda trace: any(span["is_error"] for span in trace),
    "outcomes": lambda trace: bool(
        {"interrupted", "cancelled", "drained", "incomplete"} & {*values(trace, "langspan.outcome")}
    ),
    "slow": lambda trace: milliseconds(trace) >= SLOW_MS,
    "tokens": lambda trace: any(tokens(span) > TOKENS for span in trace),
    "cost": lambda trace: any(amount > USD for amount in values(trace, "langspan.cost.amount")),
    "evaluated": lambda trace: bool(values(trace, "langspan.evaluation.name")),
    "share": share,
}
