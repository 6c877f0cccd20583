"""The blocks of the page on other backends: what they send, where to, and within which limits."""

from __future__ import annotations

import functools
import gzip
import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from docs.pages import page
from docs.programs import environment
from support.otlp_data import Span, decode

PAGE = page("docs/recipes/backends.md")
# One model call with more content than most of them take.
APP = """
from langchain_core.language_models import FakeListChatModel

import langspan

langspan.instrument(capture_content=True)
FakeListChatModel(responses=["word " * 10_000]).invoke("word " * 10_000)
"""


@dataclass(frozen=True)
class Documented:
    """What a backend's documentation asks for: the address, the headers, the longest value in characters."""

    url: str
    headers: Mapping[str, str]
    longest: int = 64 * 1024
    request: int = 4 * 1024 * 1024


DOCUMENTED = {
    "Langfuse": Documented(
        "https://cloud.langfuse.com/api/public/otel/v1/traces",
        {"authorization": r"Basic \S+", "x-langfuse-ingestion-version": "4"},
    ),
    "Phoenix": Documented("http://localhost:6006/v1/traces", {}),
    "Datadog": Documented(
        "https://otlp.datadoghq.com/v1/traces", {"dd-api-key": r"\S+", "dd-otlp-source": "llmobs"}
    ),
    "Honeycomb": Documented("https://api.honeycomb.io/v1/traces", {"x-honeycomb-team": r"\S+"}),
    "Grafana Cloud and Tempo": Documented(
        "https://otlp-gateway-prod-eu-west-0.grafana.net/otlp/v1/traces", {"authorization": r"Basic \S+"}
    ),
    "New Relic": Documented("https://otlp.nr-data.net/v1/traces", {"api-key": r"\S+"}, 4095, 1_000_000),
    "Elastic": Documented(
        "https://ID.ingest.REGION.aws.elastic.cloud:443/v1/traces", {"authorization": r"ApiKey \S+"}
    ),
    "AWS": Documented("https://xray.eu-central-1.amazonaws.com/v1/traces", {"authorization": r"Bearer \S+"}),
}
each = pytest.mark.parametrize("backend", DOCUMENTED)


@dataclass
class Taken:
    """The requests that arrived: path, headers in small letters, and body."""

    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def spans(self) -> list[Span]:
        """The spans in them."""
        messages = [ExportTraceServiceRequest.FromString(body) for _, _, body in self.traces()]
        return [item for message in messages for item in decode(message) if isinstance(item, Span)]

    def traces(self) -> list[tuple[str, dict[str, str], bytes]]:
        """The requests that hold traces; metrics are sent too where the block says so."""
        return [request for request in self.requests if request[0].endswith("/v1/traces")]


@contextmanager
def stand_in() -> Iterator[tuple[str, Taken]]:
    """Take whatever is sent to whichever path; yield the address and what came."""
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
            taken.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", taken
        server.shutdown()
        thread.join()


def variables(backend: str) -> dict[str, str]:
    """What a reader has exported after the last block of the section."""
    blocks = [block for block in PAGE.blocks if (block.section, block.language) == (backend, "sh")]
    exports = [shlex.split(line)[1] for line in blocks[-1].code.splitlines()]
    return dict(export.split("=", 1) for export in exports)


def run(backend: str, folder: Path) -> Taken:
    """Run a program with a block's variables; only the host is another."""
    (folder / "app.py").write_text(APP)
    with stand_in() as (address, taken):
        exported = {
            name: re.sub(r"^https?://[^/]+", f"http://{address}", value)
            for name, value in variables(backend).items()
        }
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=folder,
            env={k: v for k, v in environment("").items() if v} | exported,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (0, "") == (done.returncode, done.stderr)
    return taken


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Taken]:
    """What each backend was sent."""
    return functools.cache(lambda backend: run(backend, tmp_path_factory.mktemp("app")))


@each
def test_traces_go_where_the_backend_takes_them_with_the_headers_that_it_wants(
    backend: str, sent: Callable[[str], Taken]
) -> None:
    documented = DOCUMENTED[backend]
    taken = sent(backend)
    (host,) = {
        re.sub(r"^(https?://[^/]+).*", r"\1", value)
        for name, value in variables(backend).items()
        if name.endswith("ENDPOINT")
    }
    assert {documented.url} == {host + path for path, _, _ in taken.traces()}
    for name, pattern in documented.headers.items():
        assert re.fullmatch(pattern, taken.traces()[0][1][name])
    assert "application/x-protobuf" == taken.traces()[0][1]["content-type"]


@each
def test_values_and_requests_are_within_the_backends_limits(
    backend: str, sent: Callable[[str], Taken]
) -> None:
    documented = DOCUMENTED[backend]
    taken = sent(backend)
    (chat,) = taken.spans()
    assert documented.longest >= max(len(str(value)) for value in chat.attributes.values())
    assert documented.request >= max(len(body) for _, _, body in taken.requests)
    assert 255 >= max(map(len, chat.attributes))
    for name in ("gen_ai.input.messages", "gen_ai.output.messages"):
        assert json.loads(chat.attributes[name])[0]["parts"][0]["type"] == "text"


def test_datadog_is_given_what_tells_it_the_kind_of_a_span(sent: Callable[[str], Taken]) -> None:
    """The GenAI conventions from 1.37 on: provider and messages by these names."""
    (chat,) = sent("Datadog").spans()
    assert {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.input.messages",
    } <= chat.attributes.keys()
    assert "my-app" == chat.resource["service.name"]


def test_langfuse_and_phoenix_are_spoken_to_in_their_own_words(sent: Callable[[str], Taken]) -> None:
    (langfuse,), (phoenix,) = (sent(backend).spans() for backend in ("Langfuse", "Phoenix"))
    assert "generation" == langfuse.attributes["langfuse.observation.type"]
    assert "LLM" == phoenix.attributes["openinference.span.kind"]


def test_every_backend_of_the_table_has_a_section() -> None:
    rows = PAGE.table("Backend", "Longest value")
    named = [re.sub(r"\[(.+)\].*", r"\1", row["Backend"]) for row in rows]
    assert named == [heading for heading in PAGE.headings[1:] if heading != "What is checked"]
    assert DOCUMENTED.keys() <= {*named}


@pytest.mark.parametrize("backend", ["Google Cloud", "AWS"])
def test_what_is_added_to_the_collector_is_complete(backend: str) -> None:
    """These parts are not in the tests' collector: the exporter's authenticator is an extension beside it."""
    added = yaml.safe_load(PAGE.block(backend, "yaml").code)
    (exporter,) = added["exporters"].values()
    assert exporter["auth"]["authenticator"] in added["extensions"]
    assert exporter["endpoint"].startswith("https://")


def test_a_limit_in_the_table_is_the_one_that_is_tested() -> None:
    """As numbers, where the table has one in characters or bytes."""
    (row,) = [row for row in PAGE.table("Backend", "Longest value") if "New Relic" in row["Backend"]]
    assert f"{DOCUMENTED['New Relic'].longest} characters" == row["Longest value"]
