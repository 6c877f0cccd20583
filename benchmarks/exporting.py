"""Who traces and exports: as `benchmarks.variants`, but each with its own way out, over OTLP/HTTP.

A variant is started once in a process that has no other, and never stopped. What the standard variables say
holds for all of them alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import langspan
from benchmarks.floor import FloorHandler
from benchmarks.variants import SLOT

Flush = Callable[[], object]
"""Has everything sent; raises if the tracer itself knows that something was lost."""
Start = Callable[[], Flush]

_LONGEST_FLUSH = 60.0


class Other(NamedTuple):
    """Another package.

    Attributes:
        module: Where its instrumentor, or its handler, is.
        package: What to install.
        start: Starts it.
        environment: Turns its recording of content off.
    """

    module: str
    package: str
    start: Start
    environment: Mapping[str, str] = MappingProxyType({})


def _stock_provider() -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def untraced() -> Flush:
    return lambda: None


def floor(handler: type[FloorHandler] = FloorHandler) -> Flush:
    provider = _stock_provider()
    SLOT.handler = handler(provider.get_tracer("floor"))
    return provider.force_flush


def ours(**settings: Any) -> Flush:
    tracing = langspan.instrument(**settings)

    def flush() -> None:
        if not tracing.flush(_LONGEST_FLUSH):
            raise RuntimeError(f"not everything was sent: {tracing.stats()}")
        spans = tracing.stats().spans
        if spans.recorded != spans.sent:
            raise RuntimeError(f"recorded and sent differ: {spans}")

    return flush


def _instrumentor(module: str, name: str, **options: Any) -> Flush:
    provider = _stock_provider()
    getattr(import_module(module), name)().instrument(
        tracer_provider=provider, skip_dep_check=True, **options
    )
    return provider.force_flush


def _langfuse() -> Flush:
    # It reads its address and keys from its own variables.
    client = import_module("langfuse").Langfuse(mask=lambda **_: None)
    SLOT.handler = import_module("langfuse.langchain").CallbackHandler()
    return client.flush  # type: ignore[no-any-return]


_GENAI = "opentelemetry.instrumentation.genai.langchain"
_TRACELOOP = "opentelemetry.instrumentation.langchain"
_OPENINFERENCE = "openinference.instrumentation.langchain"
OTHERS = {
    "OpenTelemetry's own": Other(
        _GENAI,
        "opentelemetry-instrumentation-genai-langchain",
        partial(_instrumentor, _GENAI, "LangChainInstrumentor"),
    ),
    "Traceloop": Other(
        _TRACELOOP,
        "opentelemetry-instrumentation-langchain",
        partial(_instrumentor, _TRACELOOP, "LangchainInstrumentor"),
        {"TRACELOOP_TRACE_CONTENT": "false"},
    ),
    "OpenInference": Other(
        _OPENINFERENCE,
        "openinference-instrumentation-langchain",
        partial(_instrumentor, _OPENINFERENCE, "LangChainInstrumentor"),
        {"OPENINFERENCE_HIDE_INPUTS": "true", "OPENINFERENCE_HIDE_OUTPUTS": "true"},
    ),
    "Langfuse": Other(
        "langfuse.langchain",
        "langfuse",
        _langfuse,
        {"LANGFUSE_PUBLIC_KEY": "benchmark", "LANGFUSE_SECRET_KEY": "benchmark"},
    ),
}


def is_installed(other: Other) -> bool:
    """Return whether a package is there."""
    try:
        return find_spec(other.module) is not None
    except ModuleNotFoundError:
        return False


def _message(message: BaseMessage) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if isinstance(message, ToolMessage):
        part = {"type": "tool_call_response", "id": message.tool_call_id, "response": message.content}
        return {"role": "tool", "parts": [part]}
    if message.content:
        parts.append({"type": "text", "content": message.content})
    if isinstance(message, AIMessage):
        for call in message.tool_calls:
            named = {"id": call["id"], "name": call["name"], "arguments": call["args"]}
            parts.append({"type": "tool_call", **named})
    return {"role": "assistant" if message.type == "ai" else "user", "parts": parts}


def _plain(value: Any) -> Any:
    """What JSON does not know: messages, prompts, LangGraph's commands."""
    if isinstance(value, BaseMessage):
        return _message(value)
    if messages := getattr(value, "messages", None):
        return {"messages": messages}
    return {"update": value.update} if hasattr(value, "update") else str(value)


def _dumps(value: Any) -> str:
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)


class ContentFloorHandler(FloorHandler):
    """Also attaches what went in and came out of each run, as JSON: the content that langspan records."""

    def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: Any, **kwargs: Any) -> None:
        super().on_chat_model_start(serialized, messages, run_id=run_id, **kwargs)
        self._open[run_id].set_attribute("gen_ai.input.messages", _dumps(messages[0]))

    def on_llm_end(self, response: Any, *, run_id: Any, **kwargs: Any) -> None:
        answered = [
            {**_message(each.message), **(each.generation_info or {})} for each in response.generations[0]
        ]
        self._open[run_id].set_attribute("gen_ai.output.messages", _dumps(answered))
        super().on_llm_end(response, run_id=run_id, **kwargs)

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: Any, **kwargs: Any) -> None:
        super().on_chain_start(serialized, inputs, run_id=run_id, **kwargs)
        self._open[run_id].set_attribute("langchain.input", _dumps(inputs))

    def on_chain_end(self, outputs: Any, *, run_id: Any, **kwargs: Any) -> None:
        self._open[run_id].set_attribute("langchain.output", _dumps(outputs))
        super().on_chain_end(outputs, run_id=run_id, **kwargs)

    def on_tool_start(self, serialized: Any, text: Any, *, run_id: Any, **kwargs: Any) -> None:
        super().on_tool_start(serialized, text, run_id=run_id, **kwargs)
        self._open[run_id].set_attribute("gen_ai.tool.call.arguments", _dumps(kwargs.get("inputs", text)))

    def on_tool_end(self, output: Any, *, run_id: Any, **kwargs: Any) -> None:
        result = getattr(output, "content", output)
        self._open[run_id].set_attribute("gen_ai.tool.call.result", _dumps(result))
        super().on_tool_end(output, run_id=run_id, **kwargs)


OURS: dict[str, Start] = {
    "untraced": untraced,
    "floor": floor,
    "langspan": ours,
    "with metrics": ours,  # and with a variable that asks for them
    "floor with content": partial(floor, ContentFloorHandler),
    "with content": partial(ours, capture_content="span"),
}
STARTS: dict[str, Start] = OURS | {name: other.start for name, other in OTHERS.items()}
ENVIRONMENT: dict[str, Mapping[str, str]] = {
    "with metrics": {"OTEL_METRICS_EXPORTER": "otlp"},
    **{name: other.environment for name, other in OTHERS.items()},
}
