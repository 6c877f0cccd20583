"""Other instrumentations that are installed, by what they would record a second time."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from langspan.cli.findings import FINE, NOTE, WARNING, Finding

_GROUPS: Final = ("opentelemetry_instrumentor", "openinference_instrumentor")
_LANGCHAIN: Final = ("langchain", "langgraph")
# Instrumentations of what LangChain's model classes call, by the words in their entry points.
_MODEL_CLIENTS: Final = (
    *("openai", "anthropic", "google_genai", "google_generativeai", "vertexai", "bedrock", "cohere"),
    *("mistralai", "groq", "ollama", "together", "litellm", "huggingface", "transformers"),
)
_RUNS: Final = "also traces LangChain: active together, every run has two spans"
_CALLS: Final = "a second span with tokens below every model call: sums over all spans count them twice"


def other_instrumentations(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Find what traces LangChain or the clients of models, too.

    Args:
        environ: The process environment.
    """
    off = {name.strip() for name in environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")}
    runs = calls = 0
    for point in _others(point for group in _GROUPS for point in entry_points(group=group)):
        if _has(point, _LANGCHAIN):
            runs += 1
            yield _finding(point, off, WARNING, _RUNS)
        elif _has(point, _MODEL_CLIENTS):
            calls += 1
            yield _finding(point, off, WARNING if _is_active(point) else NOTE, _CALLS)
    if _langsmith_exports(environ):
        runs += 1
        yield Finding(WARNING, "langsmith", "also exports runs as OpenTelemetry spans: every run has two")
    if not runs:
        yield Finding(FINE, "LangChain", "nothing else traces it")
    if not calls:
        yield Finding(FINE, "model clients", "nothing else traces them")


def _others(points: Iterable[EntryPoint]) -> list[EntryPoint]:
    found = {(_owner(point), point.name): point for point in points if not point.value.startswith("langspan")}
    return [found[key] for key in sorted(found)]


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _has(point: EntryPoint, words: Iterable[str]) -> bool:
    told = (point.name + point.value).lower().replace("-", "_")
    return any(word in told for word in words)


def _finding(point: EntryPoint, off: Iterable[str], level: str, doubled: str) -> Finding:
    if point.name in off:
        return Finding(FINE, _owner(point), f"installed, switched off by its name '{point.name}'")
    return Finding(level, _owner(point), f"{doubled} ({'active' if _is_active(point) else 'installed'})")


def _is_active(point: EntryPoint) -> bool:
    """Return whether it instruments this process, as under `opentelemetry-instrument`."""
    instrumentor = getattr(sys.modules.get(point.module), point.attr or "", None)
    instance = getattr(instrumentor, "_instance", None)  # one for the process, kept by OpenTelemetry's base
    return bool(getattr(instance, "_is_instrumented_by_opentelemetry", False))


def _langsmith_exports(environ: Mapping[str, str]) -> bool:
    flags = (environ.get(f"LANGSMITH_OTEL_{name}", "") for name in ("ENABLED", "ONLY"))
    mode = environ.get("LANGSMITH_TRACING_MODE", "").lower()
    return mode in {"otel", "hybrid"} or any(flag.lower() == "true" for flag in flags)
