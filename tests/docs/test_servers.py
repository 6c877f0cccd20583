"""The recipes that take a server: FastAPI under uvicorn and gunicorn, and a notebook's kernel."""

from __future__ import annotations

import json
import subprocess

import pytest

from docs.programs import environment, paths
from docs.servers import GUNICORN, NOTEBOOK, UVICORN, get, served
from support.otlp import closed_port, receive

TREE = [
    "GET /ask",
    "GET /ask/RunnableSequence",
    "GET /ask/RunnableSequence/ChatPromptTemplate",
    "GET /ask/RunnableSequence/chat",
]


def needs(*modules):
    """Skip without these modules; names of packages are the same but for a hyphen."""
    for module in modules:
        package = module.rpartition("opentelemetry.")[2].replace("_", "-").replace(".", "-")
        package = f"opentelemetry-{package}" if module.startswith("opentelemetry.") else package
        pytest.importorskip(module, reason=f"the recipe needs it: pip install {package}")


@pytest.mark.parametrize(
    ("command", "module"),
    [(UVICORN, "uvicorn"), (GUNICORN, "gunicorn"), (f"{GUNICORN} --preload", "gunicorn")],
    ids=["uvicorn", "gunicorn", "gunicorn --preload"],
)
def test_each_request_is_one_trace(command, module, tmp_path):
    needs("fastapi", "opentelemetry.instrumentation.fastapi", module, "uvicorn_worker")
    with receive() as endpoint:
        with served(command, tmp_path, endpoint.endpoint) as address:
            answers = [get(f"{address}/ask?question=why") for _ in range(3)]
        spans = endpoint.received.spans
    assert ['"One trace for each request."'] * 3 == answers
    assert 3 == len({span.trace_id for span in spans})
    assert sorted(3 * TREE) == paths(spans)


def test_the_notebook_draws_its_trace_below_the_last_cell(tmp_path):
    needs("nbclient", "ipykernel")
    cells = [
        {"cell_type": "code", "id": f"cell-{number}", "source": code, "metadata": {}, "outputs": []}
        for number, code in enumerate(NOTEBOOK)
    ]
    book = {"cells": [{**cell, "execution_count": None} for cell in cells], "metadata": {}}
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps({**book, "nbformat": 4, "nbformat_minor": 5}), "utf-8")

    done = subprocess.run(
        ["jupyter-execute", "--inplace", path.name],
        cwd=tmp_path,
        env={**environment(closed_port()), "IPYTHONDIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        timeout=120,
        encoding="utf-8",
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    outputs = [cell["outputs"] for cell in json.loads(path.read_text("utf-8"))["cells"]]
    shown = ["".join("".join(output.get("text", "")) for output in each) for each in outputs]
    assert "A tree of spans.\n" == shown[1]
    html = "".join(outputs[2][0]["data"]["text/html"])
    assert html.startswith('<iframe sandbox="allow-scripts" srcdoc="')
    assert "ChatPromptTemplate" in html
    assert all(name in shown[3] for name in ("RunnableSequence", "ChatPromptTemplate", "chat"))
