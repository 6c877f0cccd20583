"""The examples run as they are, offline, and leave the traces that they promise."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.interpreters import PYTHON
from support.otlp import receive

pytest.importorskip("langgraph", reason="pip install 'langspan[demo]'")
pytest.importorskip("langchain", reason="pip install 'langspan[demo]'")

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name):
    """Run an example against an endpoint; return what it printed and the spans that arrived."""
    settings = ("OTEL_", "LANGSPAN_", "LANGSMITH_", "MODEL")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(settings)}
    with receive() as server:
        done = subprocess.run(
            [*PYTHON, str(EXAMPLES / name)],
            env={**environ, "OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint},
            capture_output=True,
            timeout=120,
            text=True,
            check=False,
        )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout, server.received.spans


def by_parent(spans):
    """The names of the spans below each span, root spans below None."""
    names = {span.span_id: span.name for span in spans}
    return sorted((names.get(span.parent_id, ""), span.name) for span in spans)


def test_every_example_is_tested_here():
    assert {"quickstart.py", "langgraph_agent.py"} == {path.name for path in EXAMPLES.glob("*.py")}


def test_the_quickstart_exports_its_chain_at_exit():
    out, spans = run("quickstart.py")
    assert "Because it has a tree of spans.\n" == out
    steps = ["ChatPromptTemplate", "StrOutputParser", "chat"]
    assert [("", "RunnableSequence"), *(("RunnableSequence", step) for step in steps)] == by_parent(spans)
    assert {"quickstart"} == {span.resource["service.name"] for span in spans}


def test_the_agent_is_interrupted_and_goes_on_in_a_linked_trace():
    out, spans = run("langgraph_agent.py")
    assert out.endswith("agent: Done: order 1042 is gone.\n")
    first, second = sorted((span for span in spans if not span.parent_id), key=lambda span: span.start)
    assert [first.trace_id] == [link.trace_id for link in second.links]
    assert ["customer-17"] * 2 == [root.attributes["gen_ai.conversation.id"] for root in (first, second)]
    assert ("execute_tool cancel_order", "UPDATE orders") in by_parent(spans)
