"""`langspan demo`, end to end: a real graph, the real engine, a real file and a real endpoint."""

from __future__ import annotations

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from opentelemetry.trace import NoOpTracerProvider

from langspan.cli import main
from langspan.cli.lines import Lines
from langspan.cli.otlp import read_rows
from support.otlp import closed_port, receive

pytest.importorskip("langgraph", reason="pip install 'langspan[demo]'")
pytest.importorskip("langchain", reason="pip install 'langspan[demo]'")

SHAPE = """\
invoke_workflow support_desk
   node recall
      retrieval PolicyRetriever
         embeddings word-hash-64
   node look_up
      invoke_agent order_agent
         node model
            chat scripted-1
         node tools
            execute_tool find_order
         node model
            chat scripted-1
         node tools
            execute_tool track_parcel
               GET /parcels/{id}
            execute_tool track_parcel
               GET /parcels/{id}
         node tools
            execute_tool return_date
         node model
            chat scripted-1
   node answer
      RunnableSequence
         ChatPromptTemplate
         chat scripted-1
         StrOutputParser
"""
# Older releases of LangGraph show the functions behind an agent's edges as runs.
EDGES = {"model_to_tools", "tools_to_model"}


def paths(lines):
    """Each span as the names from the root down to it, whatever the tree is drawn with.

    Sorted, for the two tools of one step run side by side and either may come first.
    """
    found, path = [], []
    for line in lines:
        text = re.sub("[│├└─]", " ", line.split("━")[0].rstrip())
        name = text.strip()
        path[(len(text) - len(name)) // 3 :] = [name]
        found += [tuple(path)] if name not in EDGES else []
    return sorted(found)


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    """Nothing of the environment decides, nothing is sent unless a test says where."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "LANGSPAN_", "LANGSMITH_", "OPENAI_")) or name in ("MODEL", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", closed_port())
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def demo(capsys):
    def run(*arguments):
        return main(["demo", "--fast", *arguments]), *capsys.readouterr()

    return run


def drawn_tree(out):
    return out.split("  cost\n")[1].split("\n\n")[0].splitlines()


def test_the_demo_draws_the_whole_tree(demo):
    code, out, _ = demo()
    lines = drawn_tree(out)
    assert (0, paths(SHAPE.splitlines())) == (code, paths(lines))
    assert 100 >= max(map(len, lines))


def test_the_shop_looks_for_the_order_first_and_asks_the_carrier_twice(traces):
    from langspan.cli.scripted import ScriptedChatModel
    from langspan.cli.shop import ask

    answer = "".join(ask(ScriptedChatModel(pause=0), traces.tracer_provider.get_tracer("shop"), 0))
    assert answer.endswith("until 20 December.")
    first, *rest = traces.tools_called()
    assert ("find_order", ["return_date", "track_parcel", "track_parcel"]) == (first, sorted(rest))
    assert ["ConnectionError: carrier is down"] == [error.message for error in traces.errors]
    traces.assert_tree("""
        invoke_workflow support_desk
        ├─ node recall
        │  └─ retrieval PolicyRetriever  2 documents
        │     └─ embeddings word-hash-64  1 text
        ├─ node look_up
        │  └─ invoke_agent order_agent
        │     ├─ node model
        │     │  ├─ chat scripted-1
        │     │  └─ ...
        │     ├─ node tools
        │     │  ├─ execute_tool find_order
        │     │  └─ ...
        │     └─ ...
        └─ node answer
           └─ RunnableSequence
              ├─ ChatPromptTemplate
              ├─ chat scripted-1
              └─ StrOutputParser
    """)


def test_the_answer_is_printed(demo):
    assert "You can send it back free until 20 December.\n" in demo()[1]


def test_a_failed_tool_and_its_second_attempt_are_both_shown(demo):
    lines = drawn_tree(demo()[1])
    attempts = [line for line in lines if "execute_tool track_parcel" in line]
    assert [True, False] == [line.endswith("✗") for line in attempts]
    assert 1 == sum("✗ ConnectionError" in line for line in lines)


def test_tokens_cache_reasoning_cost_and_first_chunk_are_shown(demo, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    _, out, _ = demo()
    assert re.search("time +chunk +in +cached +out +reasoning +cost\n", out)
    second_call = [line for line in drawn_tree(out) if "chat scripted-1" in line][1]
    assert ["249", "209", "150", "96", "$0.00032"] == second_call.split()[-5:]


def test_the_first_line_tells_what_all_of_it_costs(demo):
    """Of 862 tokens in, 458 are cached: 404 * $0.25 + 458 * $0.025 + 269 * $2, for a million of each."""
    assert " 862 tokens in, 269 out · $0.000650\n" in demo()[1]


def test_a_narrow_terminal_shows_what_it_costs_before_what_it_thought(demo):
    assert re.search("time +chunk +in +cached +out +cost\n", demo()[1])


def test_the_file_holds_the_trace_and_replaces_an_older_one(demo, tmp_path, capsys):
    path = tmp_path / "deep" / "er" / "trace.jsonl"
    demo("--output", str(path))
    _, out, _ = demo("--output", str(path))
    main(["view", str(path)])
    assert out[out.index("trace ") :].split("\n\nwritten")[0] == capsys.readouterr().out.rstrip()


def test_the_default_file_is_below_traces(demo, tmp_path):
    demo()
    assert [tmp_path / "traces" / "demo.jsonl"] == list(tmp_path.rglob("*.jsonl"))


def test_a_file_that_cannot_be_written_is_an_error(demo, tmp_path):
    code, _, err = demo("--output", str(tmp_path))
    assert 1 == code
    assert err.startswith(f"langspan: {tmp_path}: ")


def test_an_endpoint_that_answers_gets_the_trace(demo, monkeypatch):
    with receive() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.endpoint)
        monkeypatch.setenv("LANGSPAN_JAEGER_URL", closed_port())
        _, out, _ = demo()
    (trace,) = {span.trace_id for span in server.received.spans}
    names = sorted(span.name for span in server.received.spans if span.name not in EDGES)
    assert sorted(line.strip() for line in SHAPE.splitlines()) == names
    assert {"shop"} == {span.resource["service.name"] for span in server.received.spans}
    assert out.endswith(f"sent     {server.endpoint}\ntrace    {trace}\n")


@contextmanager
def served(handler):
    """A server on this machine, and its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def user_interface(content_type):
    """What answers where Jaeger's pages are."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with served(Handler) as url:
        yield url


@pytest.mark.parametrize(
    ("content_type", "told"),
    [("text/html; charset=utf-8", "look     {}/ui/trace/"), ("application/json", "trace    ")],
)
def test_a_link_is_printed_only_to_pages_that_are_there(demo, monkeypatch, content_type, told):
    with receive() as server, user_interface(content_type) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.endpoint)
        monkeypatch.setenv("LANGSPAN_JAEGER_URL", f"{url}/ui/")
        assert demo()[1].splitlines()[-1].startswith(told.format(url))


def test_no_file_is_written_if_none_is_wanted(demo, tmp_path):
    code, out, _ = demo("--no-file")
    assert (0, [], False) == (code, list(tmp_path.iterdir()), "written" in out)


def test_an_endpoint_that_refuses_is_reported_and_no_failure(demo, monkeypatch):
    with receive() as server:
        server.faults.append(400)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.endpoint)
        code, out, _ = demo()
    assert 0 == code
    assert f"not sent: {server.endpoint} did not take it: " in out


def test_no_endpoint_is_reported_and_no_failure(demo):
    code, out, _ = demo()
    assert 0 == code
    assert "not sent: nothing answers at " in out.splitlines()[-1]


def test_the_service_name_of_the_environment_wins(demo, monkeypatch, tmp_path):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "my-shop")
    demo()
    resource = json.loads((tmp_path / "traces" / "demo.jsonl").read_text())["resourceSpans"][0]["resource"]
    assert {"key": "service.name", "value": {"stringValue": "my-shop"}} in resource["attributes"]


def test_content_is_left_out(demo, tmp_path):
    demo()
    text = (tmp_path / "traces" / "demo.jsonl").read_text()
    assert "free until 20 December" not in text
    assert "Where is my order" not in text


def test_tracing_that_is_already_on_does_not_keep_the_trace_from_the_demo(demo):
    """As under opentelemetry-instrument."""
    import langspan

    langspan.instrument(tracer_provider=NoOpTracerProvider())
    assert paths(SHAPE.splitlines()) == paths(drawn_tree(demo()[1]))


def test_nothing_stays_instrumented(demo):
    demo()
    from langspan import LangSpanInstrumentor

    assert LangSpanInstrumentor().instrumentation is None


@pytest.mark.parametrize("package", ["langchain", "langgraph"])
def test_without_the_extra_it_says_what_to_install(demo, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    code, _, err = demo()
    assert (1, f"langspan: the demo needs {package}: pip install 'langspan[demo]'\n") == (code, err)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        pytest.param({"MODEL": "gpt-5"}, "MODEL=gpt-5: write it as provider:name", id="no provider"),
        pytest.param({"MODEL": "openai:gpt-5"}, "MODEL=openai:gpt-5: set OPENAI_API_KEY", id="no key"),
        pytest.param({"MODEL": "abacus:x"}, "MODEL=abacus:x: Unable to infer", id="unknown provider"),
        pytest.param({"LANGSPAN_SPANS": "some"}, "LANGSPAN_SPANS='some' is invalid", id="bad setting"),
        pytest.param({"OTEL_SDK_DISABLED": "true"}, "OTEL_SDK_DISABLED=true turns", id="disabled"),
    ],
)
def test_what_cannot_work_is_said_before_anything_runs(demo, monkeypatch, environ, problem):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    code, out, err = demo()
    assert (1, "") == (code, out)
    assert err.startswith(f"langspan: {problem}")


def test_a_missing_provider_package_is_named(demo, monkeypatch):
    # A provider that no other test uses: LangChain remembers those it has imported.
    monkeypatch.setenv("MODEL", "deepseek:deepseek-chat")
    monkeypatch.setitem(sys.modules, "langchain_deepseek", None)
    code, out, err = demo()
    assert (1, "") == (code, out)
    assert "langchain-deepseek" in err


@contextmanager
def unauthorized():
    """A model provider that refuses every key."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with served(Handler) as url:
        yield url


def test_a_real_model_that_fails_still_leaves_its_trace(demo, monkeypatch, tmp_path):
    pytest.importorskip("langchain_openai", reason="pip install langchain-openai")
    with unauthorized() as url:
        monkeypatch.setenv("MODEL", "openai:gpt-5")
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        code, out, err = demo()
    assert 1 == code
    assert err.startswith("langspan: the run above ended early: ")
    assert "AuthenticationError" in err
    assert re.search(r"chat gpt-5 .* ✗ ….*AuthenticationError", out)
    with (tmp_path / "traces" / "demo.jsonl").open("rb") as file:
        rows = read_rows(Lines(file), warn=pytest.fail)
    assert [True] == [row.failed for row in rows if row.name == "chat gpt-5"]


def test_the_installed_command_runs_the_demo(tmp_path):
    """In a process of its own, with the pauses, into a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "langspan.cli", "demo"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        timeout=120,
        check=True,
        encoding="utf-8",
    )
    assert ("", paths(SHAPE.splitlines())) == (done.stderr, paths(drawn_tree(done.stdout)))
