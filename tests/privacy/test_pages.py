"""What shows the traces of a file shows content where it was asked for, and nothing of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import langspan
from langspan.cli import main
from langspan.export.file import OtlpJsonFileExporter
from support.canary import canary, sighted

SHOWN = [
    ["view", "--html", "-"],
    ["diff", "--html", "-", "--full"],
    ["diff", "--json"],
    ["diff", "--full"],
]


@tool
def search(query: str) -> str:
    """Search."""
    return canary("result")


def answer(question: str, config: Any) -> str:
    search.invoke({"query": canary("query")}, config)
    return FakeListChatModel(responses=[canary("answer")]).invoke(question, config).text


def _shown(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    paths = [folder / "a.jsonl", folder / "b.jsonl"]
    for number, path in enumerate(paths):
        provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(OtlpJsonFileExporter(path)))
        langspan.instrument(tracer_provider=provider, **settings)
        RunnableLambda(answer).invoke(f"{number} {canary('question')}")
        langspan.uninstrument()
        provider.shutdown()
    files = paths if arguments[0] == "diff" else paths[:1]
    assert 0 == main([*arguments, *map(str, files)])
    return capsys.readouterr().out


@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
def test_without_content_none_is_shown(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set() == sighted(_shown(arguments, tmp_path, capsys).encode())


def test_with_content_the_page_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = _shown(SHOWN[0], tmp_path, capsys, capture_content=True)
    assert {"question", "query", "result", "answer"} == sighted(shown.encode())


@pytest.mark.parametrize("arguments", SHOWN, ids=" ".join)
def test_nothing_of_the_machine_is_shown(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _shown(arguments, tmp_path, capsys)
    here = {str(tmp_path), str(Path.home())}
    assert [] == [text for text in here if text in shown]
