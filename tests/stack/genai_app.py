"""An agent with content on, for what Jaeger's GenAI tab reads. Run as a script by the tests.

It prints the trace's id and the number of its spans.
"""

import json

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import langspan
from support.models import ScriptedChat, tool_call, usage


@tool
def weather(city: str) -> str:
    """Look up the weather."""
    return f"rain in {city}"


def answers() -> tuple[AIMessage, AIMessage]:
    """A call of the tool, then an answer with a thought before it; with tokens of every sort."""
    call = tool_call("weather", "c1", city="Tromsø")
    details = {
        "input_token_details": {"cache_read": 8, "cache_creation": 4},
        "output_token_details": {"reasoning": 3},
    }
    call.usage_metadata = usage(20, 5, **details)  # type: ignore[assignment]
    call.response_metadata = {"model_name": "scripted-1-2026", "finish_reason": "tool_calls"}
    parts = [{"type": "reasoning", "reasoning": "It is wet."}, {"type": "text", "text": "Regen ☔"}]
    answer = AIMessage(parts, response_metadata=dict(call.response_metadata, finish_reason="stop"))  # type: ignore[arg-type]
    answer.usage_metadata = usage(30, 6, **details)  # type: ignore[assignment]
    return call, answer


def main() -> None:
    handle = langspan.instrument(capture_content=True)
    ended = InMemorySpanExporter()
    trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(ended))  # type: ignore[attr-defined]
    agent = create_agent(
        ScriptedChat(answers=answers()), [weather], system_prompt="Be brief.", name="forecaster"
    )
    agent.invoke({"messages": [("user", "Weather in Tromsø?")]})
    assert handle.flush(20)
    spans = ended.get_finished_spans()
    made = {"trace_id": f"{spans[0].context.trace_id:032x}", "spans": len(spans)}
    print(json.dumps(made))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
