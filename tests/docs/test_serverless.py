"""The recipes for Lambda, Cloud Run, Celery and cron: run by the real runtime client, server and worker."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from docs.pages import REPOSITORY, page
from docs.programs import environment, paths
from docs.servers import CELERY, CLOUD_RUN, LAMBDA, TASKS, get
from support.otlp import Server, receive

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
NEVER = {"OTEL_BSP_SCHEDULE_DELAY": "3600000"}
"""Nothing is sent in the background, as where a process is frozen."""
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Runtime:
    """The side of Lambda that hands out calls and takes answers; each with what had arrived by then."""

    calls: list[dict[str, object]]
    otlp: Server
    answers: list[tuple[str, str, int]] = field(default_factory=list)
    all_answered: threading.Event = field(default_factory=threading.Event)

    def answer(self, kind: str, body: bytes) -> None:
        """Note an answer. Lambda freezes the process here."""
        self.answers.append((kind, body.decode(), len(self.otlp.received.spans)))
        if len(self.answers) == len(self.calls):
            self.all_answered.set()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_details: object) -> None:
        """Say nothing: the client was killed, as Lambda does it."""


@contextmanager
def lambda_runtime(runtime: Runtime) -> Iterator[str]:
    """Serve Lambda's Runtime API; yield its address."""
    waiting = iter(list(enumerate(runtime.calls)))
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                number, event = next(waiting)
            except StopIteration:
                ended.wait(60)  # no call comes any more
                return
            body = json.dumps(event).encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", f"call-{number}")
            self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 30_000))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu:1:function:f")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            runtime.answer(self.path.rpartition("/")[2], body)
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with _Quiet(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        ended.set()
        server.shutdown()
        thread.join()


def test_each_call_of_a_lambda_function_has_sent_its_spans_before_it_is_frozen(tmp_path: Path) -> None:
    """Also the one that raises; and the one with a caller is in the caller's trace."""
    pytest.importorskip("awslambdaric", reason="the recipe needs it: pip install awslambdaric (on Linux)")
    (tmp_path / "app.py").write_text(LAMBDA)
    calls: list[dict[str, object]] = [
        {"question": "Why?"},
        {"question": "Why?", "headers": {"traceparent": PARENT}},
        {"no question": ""},
    ]
    with receive() as otlp:
        runtime = Runtime(calls, otlp)
        with lambda_runtime(runtime) as address:
            process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", "app.handler"],
                cwd=tmp_path,
                env={
                    **environment(otlp.endpoint),
                    **NEVER,
                    "AWS_LAMBDA_RUNTIME_API": address,
                    "AWS_LAMBDA_FUNCTION_NAME": "f",
                    "PYTHONPATH": str(tmp_path),
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                assert runtime.all_answered.wait(60)
            finally:
                process.kill()
                process.wait()
        spans = otlp.received.spans
    assert [("response", 3), ("response", 6), ("error", 6)] == [
        (kind, arrived) for kind, _, arrived in runtime.answers
    ]
    assert {'"Sent before the freeze."'} == {body for kind, body, _ in runtime.answers if kind == "response"}
    assert PARENT.split("-")[1] in {span.trace_id for span in spans}


def test_the_layer_takes_what_the_function_sends() -> None:
    """The collector of the layer is another build than the one the tests have; its parts are named here."""
    config = yaml.safe_load(page("docs/recipes/lambda.md").block("With a collector as a layer", "yaml").code)
    (pipeline,) = config["service"]["pipelines"].values()
    assert (["otlp"], ["decouple"], ["otlphttp"]) == tuple(pipeline.values())
    used = [*pipeline["receivers"], *pipeline["processors"], *pipeline["exporters"]]
    assert [*config["receivers"], *config["processors"], *config["exporters"]] == used
    assert "localhost:4318" == config["receivers"]["otlp"]["protocols"]["http"]["endpoint"]


@contextmanager
def uvicorn(folder: Path, endpoint: str) -> Iterator[str]:
    """Serve the application of Cloud Run's page; yield its address."""
    (folder / "app.py").write_text(CLOUD_RUN)
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"],
        cwd=folder,
        env={**environment(endpoint), **NEVER, "PYTHONPATH": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    try:
        yield next(found[0] for line in server.stderr if (found := re.search(r"http://[\d.:]+", line)))
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


@pytest.mark.skipif(sys.platform == "win32", reason="stopped by a signal")
def test_each_request_on_cloud_run_has_sent_its_spans_before_it_is_answered(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the recipe needs it: pip install uvicorn")
    pytest.importorskip("fastapi", reason="the recipe needs it: pip install fastapi")
    arrived = []
    with receive() as otlp, uvicorn(tmp_path, otlp.endpoint) as address:
        for _ in range(2):
            assert '"Sent before the answer."' == get(f"{address}/ask?question=why")
            arrived.append([span.name for span in otlp.received.spans].count("RunnableSequence"))
    assert [1, 2] == arrived


def test_the_sidecar_on_cloud_run_is_the_shipped_collector() -> None:
    service = yaml.safe_load(
        page("docs/recipes/cloud-run.md").block("With a collector beside it", "yaml").code
    )
    spec = service["spec"]["template"]["spec"]
    app, collector = spec["containers"]
    shipped = COMPOSE["otel-collector"]
    name, _, version = collector["image"].partition(":")
    assert f"{name}:${{OTELCOL_VERSION:-{version}}}" == shipped["image"]
    assert {each["name"] for each in collector["env"]} <= shipped["environment"].keys()
    sent_to = {each["name"]: each["value"] for each in app["env"]}["OTEL_EXPORTER_OTLP_ENDPOINT"]
    assert "http://localhost:4318" == sent_to
    mounted = {each["name"] for each in collector["volumeMounts"]}
    assert mounted == {each["name"] for each in spec["volumes"]}


@pytest.mark.skipif(sys.platform == "win32", reason="Celery's workers do not run on Windows")
def test_a_task_is_in_the_trace_of_who_sent_it(tmp_path: Path) -> None:
    pytest.importorskip("celery", reason="the recipe needs it: pip install celery")
    (tmp_path / "app.py").write_text(TASKS)
    worker, sender = CELERY
    with receive() as otlp:
        env = {**environment(otlp.endpoint), "C_FORCE_ROOT": "1", "OTEL_BSP_SCHEDULE_DELAY": "100"}
        running = subprocess.Popen(
            [sys.executable, "-m", *worker.split()],
            cwd=tmp_path,
            env={**env, "PYTHONPATH": str(tmp_path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            done = subprocess.run(
                [sys.executable, *sender.split()[1:]],
                cwd=tmp_path,
                env=env,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert (0, "") == (done.returncode, done.stderr)
            got = otlp.wait_for(lambda got: len(got.spans) == 2, 60)
        finally:
            running.terminate()
            running.wait(30)
    assert ["request", "request/chat"] == paths(got.spans)
