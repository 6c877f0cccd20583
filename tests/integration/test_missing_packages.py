"""LangChain and LangGraph are optional: without them the rest is traced."""

from __future__ import annotations

from support.interpreters import ask

CORE = """
import json
import langspan
from langchain_core.output_parsers import StrOutputParser
from langchain_core.tools import tool
from support.models import ScriptedChat, ScriptedRetriever
from support.recording import Recording, instrumented

recording = Recording()

@tool
def double(a: int) -> int:
    "Double it."
    return 2 * a

def use():
    (ScriptedChat(body=recording.tracer) | StrOutputParser()).invoke("hi")
    double.invoke({"a": 1})
    ScriptedRetriever(body=recording.tracer).invoke("hi")

with instrumented(recording):
    use()
"""

CORE_TREE = [
    "RunnableSequence",
    "RunnableSequence/StrOutputParser",
    "RunnableSequence/chat scripted-1",
    "RunnableSequence/chat scripted-1/http",
    "execute_tool double",
    "retrieval ScriptedRetriever",
    "retrieval ScriptedRetriever/http",
]


def test_langchain_core_alone_is_traced() -> None:
    assert CORE_TREE == ask(
        f"{CORE}\nprint(json.dumps(recording.paths()))", without=("langchain", "langgraph", "langgraph_sdk")
    )


def test_langchain_core_alone_leaves_nothing_behind() -> None:
    program = (
        f"{CORE}\nrecording.clear()\nuse()\nprint(json.dumps([n for n in recording.names() if n != 'http']))"
    )

    assert [] == ask(program, without=("langchain", "langgraph", "langgraph_sdk"))


def test_langgraph_without_langchain_is_traced() -> None:
    assert ["invoke_workflow flow", "invoke_workflow flow/node answer"] == ask(
        """
        import json
        import langspan
        from support.recording import Recording, instrumented
        from support.small_graph import graph

        recording = Recording()
        with instrumented(recording):
            graph().invoke({"text": "hi"})
        print(json.dumps(recording.paths()))
        """,
        without=("langchain",),
    )


def test_instrumenting_imports_no_optional_package() -> None:
    assert [] == ask(
        """
        import json, sys
        import langspan
        from support.recording import Recording, instrumented

        with instrumented(Recording()):
            pass
        print(json.dumps([name for name in ("langchain", "langgraph", "grpc") if name in sys.modules]))
        """
    )
