"""An application as a user would write it: one call at start-up, then an agent. Run as a script by the tests.

It prints the spans that ended in its own process, as JSON, for comparison with what the backend holds.
"""

import json
import os
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import langspan
from support.models import ScriptedChat, tool_call, usage

LARGE = int(os.environ.get("LARGE_SPANS", "0"))


@tool
def flaky(city: str) -> str:
    """Look up the weather."""
    tracer = trace.get_tracer("application")
    with tracer.start_as_current_span("http"):
        for number in range(LARGE):
            tracer.start_span(f"large {number}", attributes={"body": "x" * 200_000}).end()
        if city == "Nowhere":
            raise LookupError(city)
        return "rain"


def described(span: ReadableSpan) -> dict[str, Any]:
    tokens = {
        name: value for name, value in (span.attributes or {}).items() if name.startswith("gen_ai.usage.")
    }
    return {
        "name": span.name,
        "span_id": f"{span.context.span_id:016x}",
        "trace_id": f"{span.context.trace_id:032x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "error": (span.attributes or {}).get("error.type"),
        "tokens": tokens,
    }


def main() -> None:
    handle = langspan.instrument()
    ended = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(ended))  # type: ignore[attr-defined]
    first, second, answer = (
        tool_call("flaky", "c1", city="Nowhere"),
        tool_call("flaky", "c2", city="Oslo"),
        "rain",
    )
    first.usage_metadata = usage(20, 5, input_token_details={"cache_read": 8})  # type: ignore[assignment]
    second.usage_metadata = usage(30, 6)  # type: ignore[assignment]
    flaky.handle_tool_error = True
    model = ScriptedChat(answers=(second, answer) if LARGE else (first, second, answer))
    agent = create_agent(model, [flaky], name="forecaster")
    try:
        agent.invoke({"messages": [("user", "Weather?")]})
    except LookupError:
        # The first call fails for good; the application asks again.
        agent.invoke({"messages": [("user", "Weather?")]})
    assert handle.flush(20)
    print(json.dumps([described(span) for span in ended.get_finished_spans()]))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
