"""A real Phoenix server shows everything of a trace in the dialect that it reads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.backends import free_ports
from support.interpreters import ask

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = """
import json
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
import langspan
from support.models import ScriptedChat

class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document("Parcels take two days.", id="d-1")]

@tool
def find_order(order: str) -> str:
    "Find an order."
    return f"{order} is on its way"

def usage(read, written):
    return {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}

call = {"name": "find_order", "args": {"order": "A-7"}, "id": "c1", "type": "tool_call"}
model = ScriptedChat(answers=[
    AIMessage("", tool_calls=[call], usage_metadata=usage(20, 5)),
    AIMessage("It is on its way.", usage_metadata=usage(30, 7)),
])
handle = langspan.instrument(dialect="openinference", capture_content=True)
agent = create_agent(model, [find_order], name="support", system_prompt="Be brief.")

def answer(question):
    Shelf().invoke(question)
    return agent.invoke({"messages": [("user", question)]})["messages"][-1].content

with langspan.context(session_id="s-1", user_id="u-1", tags=["shop"], metadata={"plan": "free"}):
    (RunnableLambda(str.strip) | RunnableLambda(answer)).invoke(" Where is A-7? ")
langspan.record_evaluation("brevity", score=1, trace_id=1, span_id=2)
print(json.dumps(handle.flush(20)))
"""


def _command() -> str | None:
    beside = REPOSITORY / ".phoenix" / "bin" / "phoenix"
    return str(beside) if beside.exists() else shutil.which("phoenix")


class Phoenix:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.endpoint + path, timeout=10) as answer:
            return json.load(answer)

    def is_up(self) -> bool:
        try:
            return bool(self.get("/v1/projects"))
        except OSError:
            return False

    def spans(self) -> list[dict[str, Any]]:
        return list(self.get("/v1/projects/default/spans?limit=100")["data"])


def _wait(condition: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    command = _command()
    if command is None:
        pytest.skip(
            "Phoenix is not installed: python -m venv .phoenix && .phoenix/bin/pip install arize-phoenix"
        )
    folder, (port, grpc_port) = tmp_path_factory.mktemp("phoenix"), free_ports(2)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "PYTHON"))} | {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([command, "serve"], env=environ, stdout=log, stderr=log)
    try:
        server = Phoenix(port)
        _wait(server.is_up, 120)
        yield server
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def spans(phoenix: Phoenix) -> dict[str, dict[str, Any]]:
    pytest.importorskip("langchain.agents", reason="the agent is LangChain's: pip install langchain")
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": phoenix.endpoint, "PYTHONPATH": str(REPOSITORY / "tests")}
    assert ask(PROGRAM, environ)
    _wait(lambda: len(phoenix.spans()) >= 11, 30)
    return {
        f"{span['name']} {number}" if number else span["name"]: span
        for spans in _by_name(phoenix.spans()).values()
        for number, span in enumerate(spans)
    }


def _by_name(spans: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for span in sorted(spans, key=lambda span: span["start_time"]):
        found.setdefault(span["name"], []).append(span)
    return found


def _of(spans: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return dict(spans[name]["attributes"])


def test_every_span_has_its_kind(spans: Any) -> None:
    assert {
        "RunnableSequence": "CHAIN",
        "strip": "CHAIN",
        "answer": "CHAIN",
        "retrieval Shelf": "RETRIEVER",
        "invoke_agent support": "AGENT",
        "node model": "CHAIN",
        "node model 1": "CHAIN",
        "node tools": "CHAIN",
        "chat scripted-1": "LLM",
        "chat scripted-1 1": "LLM",
        "execute_tool find_order": "TOOL",
        "evaluate brevity": "EVALUATOR",
    } == {name: span["span_kind"] for name, span in spans.items()}


def test_every_run_has_its_input_and_output(spans: Any) -> None:
    bare = [
        name
        for name, span in spans.items()
        if not {"input.value", "output.value"} <= span["attributes"].keys() and name != "evaluate brevity"
    ]
    assert [] == bare
    assert (" Where is A-7? ", "It is on its way.") == (
        _of(spans, "RunnableSequence")["input.value"],
        _of(spans, "RunnableSequence")["output.value"],
    )
    assert {"order": "A-7"} == json.loads(_of(spans, "execute_tool find_order")["input.value"])
    assert "Where is A-7?" == _of(spans, "retrieval Shelf")["input.value"]


def test_models_have_their_messages(spans: Any) -> None:
    first = json.dumps(_of(spans, "chat scripted-1"))
    second = json.dumps(_of(spans, "chat scripted-1 1"))
    assert [True] * 4 == [
        text in first for text in ("Be brief.", "Where is A-7?", "find_order", "llm.input_messages")
    ]
    assert "A-7 is on its way" in second


def test_documents_have_their_texts(spans: Any) -> None:
    assert "Parcels take two days." in json.dumps(_of(spans, "retrieval Shelf"))


def test_each_token_is_counted_once(spans: Any, phoenix: Phoenix) -> None:
    counted = [
        (span["attributes"]["llm.token_count.prompt"], span["attributes"]["llm.token_count.completion"])
        for span in spans.values()
        if "llm.token_count.prompt" in span["attributes"]
    ]
    assert [(20, 5), (30, 7)] == sorted(counted)


def test_every_span_knows_session_user_tags_and_metadata(spans: Any) -> None:
    runs = {name: span["attributes"] for name, span in spans.items() if not name.startswith("evaluate")}
    assert {("s-1", "u-1")} == {(held["session.id"], held["user.id"]) for held in runs.values()}
    assert [] == [name for name, held in runs.items() if "free" not in json.dumps(held)]
    assert [] == [name for name, held in runs.items() if "shop" not in json.dumps(held.get("tag.tags"))]


def test_the_session_is_one_of_phoenix(spans: Any, phoenix: Phoenix) -> None:
    sessions = phoenix.get("/v1/projects/default/sessions")["data"]
    assert ["s-1"] == [session["session_id"] for session in sessions]
