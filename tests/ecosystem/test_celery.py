"""Celery: a task that runs an agent; what real workers make of it is in tests/processes."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent

from support.drawing import drawn, written
from support.ecosystem import Counting, check_counted, needed
from support.models import StreamingChat, tool_call
from support.recording import Recording

celery = needed("celery")


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def test_a_task_is_the_tree_of_its_agent(traced: Recording) -> None:
    counting = Counting()
    app = celery.Celery("sums", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True

    @app.task
    def ask() -> str:
        answers = [tool_call("add", a=2, b=2), "4"]
        agent: Any = create_agent(StreamingChat(answers=answers, model_name="m"), [add], name="sums")
        told = agent.invoke({"messages": [("user", "2 + 2?")]}, {"callbacks": [counting]})
        return str(told["messages"][-1].text)

    assert "4" == ask.delay().get()

    assert drawn(traced.spans) == written("""
        invoke_agent sums
          node model
            chat m
          node tools
            execute_tool add
          node model
            chat m
    """)
    check_counted(counting, traced)
