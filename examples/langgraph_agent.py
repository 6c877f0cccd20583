"""A LangGraph agent with a conversation, a person's approval, and a span of the application's own.

Start a collector and Jaeger (`docker compose up -d`), run this file (offline), then look for the service
"langgraph-agent" at http://localhost:16686. There are two traces, as the conversation stops in between: the
first ends interrupted; the second goes on after the approval and links back to it. Both carry the same
`gen_ai.conversation.id`. The span `UPDATE orders` is made by hand and hangs below the tool that made it.
"""

import os

from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from opentelemetry import trace

import langspan

os.environ.setdefault("OTEL_SERVICE_NAME", "langgraph-agent")
# Content (prompts, answers, arguments, results) is recorded only because this asks for it.
tracing = langspan.instrument(capture_content=True)
tracer = trace.get_tracer("shop")


class OfflineModel(GenericFakeChatModel):
    """Gives prepared answers; a real one comes from `init_chat_model("provider:name")`."""

    def bind_tools(self, *_tools, **_options):
        return self


def cancel_order(order_id: str) -> str:
    """Cancel an order, once a person has agreed."""
    if interrupt(f"Cancel order {order_id}?") != "yes":
        return f"Order {order_id} stays."
    with tracer.start_as_current_span("UPDATE orders"):
        return f"Order {order_id} is cancelled."


def main() -> None:
    call = {"name": "cancel_order", "args": {"order_id": "1042"}, "id": "call-1"}
    model = OfflineModel(
        messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Done: order 1042 is gone.")])
    )
    agent = create_agent(model, [cancel_order], name="order_agent", checkpointer=InMemorySaver())
    conversation = {"configurable": {"thread_id": "customer-17"}}

    state = agent.invoke({"messages": [HumanMessage("Please cancel order 1042.")]}, conversation)
    print("agent:", state["__interrupt__"][0].value)
    print("you:   yes")
    state = agent.invoke(Command(resume="yes"), conversation)
    print("agent:", state["messages"][-1].text)


if __name__ == "__main__":
    main()
    # Optional: spans are exported at exit as well. It tells whether all of them were.
    if not tracing.flush(timeout=5):
        print("some spans were not exported; `langspan doctor` says why")
