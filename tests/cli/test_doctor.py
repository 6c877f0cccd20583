"""`langspan doctor`: what it finds, and whether it calls that a problem."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

from langspan.cli import endpoint, main
from support.otlp import Reply, black_hole, closed_port, receive


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """Unset the variables of the environment that runs the tests."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "LANGSPAN_", "LANGSMITH_")):
            monkeypatch.delenv(name)


@pytest.fixture
def doctor(monkeypatch, capsys):
    """Run the check with these variables set; return the exit code and what was printed."""

    def run(**environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return main(["doctor"]), capsys.readouterr().out

    return run


@pytest.fixture
def server():
    with receive() as server:
        yield server


def test_a_set_up_that_works_is_exit_code_0(doctor, server):
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert (0, "Everything is in place.") == (code, out.splitlines()[-1])


def test_the_test_span_arrives_and_is_named_in_the_report(doctor, server):
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    (span,) = server.received.spans
    assert f"test span                      was taken, trace {span.trace_id}" in out


def test_the_test_span_has_a_service_of_its_own(doctor, server):
    doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, OTEL_SERVICE_NAME="shop")
    assert ["langspan-doctor"] == [span.resource["service.name"] for span in server.received.spans]


def export_section(out):
    """The lines below Export by their subjects."""
    lines = [line[4:] for line in out.split("Export\n")[1].splitlines() if line.startswith("  ")]
    return {line.split()[0]: line for line in lines}


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "GRPC_PROXY", "NO_GRPC_PROXY")
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")


@pytest.fixture
def direct(monkeypatch):
    """No proxy and no certificate is set."""
    for name in (*PROXIES, *map(str.lower, PROXIES), *CERTIFICATES):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("direct")
def test_no_proxy_and_no_certificate_is_said(doctor, server):
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert "proxies, certificates          no variable sets one" in out


@pytest.mark.usefixtures("direct")
def test_the_proxy_in_force_is_told_without_its_password(doctor, server):
    proxy = server.endpoint.replace("//", "//me:s3cret@")
    url = "http://collector.invalid:4318"
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=url, http_proxy=proxy, ALL_PROXY="http://other:1")
    found = export_section(out)
    assert f"{server.endpoint}, in force: spans go through it" in found["http_proxy"]
    assert "not in force: http_proxy comes first" in found["ALL_PROXY"]
    assert "s3cret" not in out


@pytest.mark.usefixtures("direct")
def test_a_proxy_that_the_endpoint_is_exempt_from_is_told(doctor, server):
    settings = {"http_proxy": "http://proxy.invalid:3128", "no_proxy": "127.0.0.1,localhost"}
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **settings)
    assert 0 == code
    assert "not in force: no_proxy exempts the endpoint" in export_section(out)["http_proxy"]


@pytest.mark.usefixtures("direct")
def test_over_grpc_the_proxies_of_grpc_count(doctor):
    with receive("grpc") as server:
        _, out = doctor(
            OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
            grpc_proxy="http://proxy.invalid:3128",
            no_grpc_proxy="127.0.0.1,localhost",
        )
    assert "not in force: no_grpc_proxy exempts" in export_section(out)["grpc_proxy"]


@pytest.mark.usefixtures("direct")
def test_a_certificate_is_told_with_whether_it_is_in_force(doctor, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    url = closed_port().replace("http:", "https:")
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=url, REQUESTS_CA_BUNDLE=str(tmp_path / "ca.pem"))
    assert "in force: the endpoint's certificate is checked" in export_section(out)["REQUESTS_CA_BUNDLE"]


@pytest.mark.usefixtures("direct")
def test_a_certificate_for_an_endpoint_without_tls_is_told_to_be_of_no_use(doctor, server, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    settings = {"CURL_CA_BUNDLE": str(tmp_path / "ca.pem")}
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **settings)
    assert "not in force: the endpoint has no TLS" in export_section(out)["CURL_CA_BUNDLE"]


@pytest.mark.usefixtures("direct")
def test_a_certificate_that_is_missing_is_a_warning(doctor, server, tmp_path):
    settings = {"REQUESTS_CA_BUNDLE": str(tmp_path / "none.pem")}
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **settings)
    assert "! REQUESTS_CA_BUNDLE" in out
    assert "none.pem: there is no such file" in out


def test_grpc_is_checked_over_grpc(doctor):
    with receive("grpc") as server:
        code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
        assert (0, 1) == (code, len(server.received.spans))
    assert f"{server.endpoint}         answers (grpc)" in out


def test_an_endpoint_that_does_not_answer_is_a_problem(doctor):
    url = closed_port()
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert (1, "1 problem") == (code, out.splitlines()[-1])
    assert f"✗ {url}" in out


def test_an_endpoint_that_refuses_the_span_is_a_problem_with_its_reason(doctor, server):
    server.faults.append(401)
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert 1 == code
    assert "✗ test span                      was not taken: " in out
    assert "401" in out.split("was not taken")[1]


def test_a_web_page_is_no_endpoint(doctor, server):
    server.always = Reply(200, "<!DOCTYPE html><title>Jaeger UI</title>")
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert 1 == code
    assert "a web page answers: this is not the address of a collector" in out


def test_a_path_that_is_added_to_the_endpoint_is_to_be_left_out(doctor, server):
    server.always = Reply(404, "404 page not found")
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=f"{server.endpoint}/v1/traces")
    assert "/v1/traces is added to OTEL_EXPORTER_OTLP_ENDPOINT: leave it out there" in out


def test_an_endpoint_that_answers_with_a_redirect_is_a_problem_with_its_target(doctor, server):
    """Such as one that serves https only."""
    server.always = Reply(301, headers={"Location": "https://collector:4318/v1/traces?key=s3cret"})
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert 1 == code
    assert "a redirect (301) to https://collector:4318, which is not followed; use https" in out
    assert "s3cret" not in out


def test_an_endpoint_that_accepts_a_part_is_a_problem_with_its_reason(doctor, server):
    server.always = Reply(rejected=1, text="quota exceeded for tenant")
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert 1 == code
    assert "quota exceeded for tenant" in out


def test_an_endpoint_that_hangs_is_given_up(doctor, monkeypatch):
    monkeypatch.setattr(endpoint, "_SEND_SECONDS", 0.2)
    with black_hole() as url:
        code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=url)
    assert 1 == code
    assert "was not taken" in out


def test_the_endpoint_of_traces_wins_over_the_general_one(doctor, server):
    traces = f"{server.endpoint}/v1/traces"
    code, _ = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=closed_port(), OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=traces)
    assert (0, 1) == (code, len(server.received.spans))


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        pytest.param({"OTEL_SDK_DISABLED": "true"}, "turns OpenTelemetry off", id="disabled"),
        pytest.param({"OTEL_TRACES_EXPORTER": "none"}, "none: spans go nowhere", id="no exporter"),
        pytest.param({"OTEL_TRACES_SAMPLER": "always_off"}, "samples nothing", id="no sampling"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "morse"}, "'morse' is not supported", id="unknown protocol"
        ),
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[:1"}, "is not a URL", id="bad address"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_COMPRESSION": "zip"}, "'zip' is not supported", id="unknown compression"
        ),
    ],
)
def test_a_setting_that_stops_all_export_is_a_problem(doctor, server, environ, text):
    code, out = doctor(**{"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint} | environ)
    assert 1 == code
    assert text in out.split("Export\n")[1]


def test_without_otlp_there_is_no_endpoint_to_check(doctor):
    code, out = doctor(OTEL_TRACES_EXPORTER="console")
    assert 0 == code
    assert "no OTLP asked for" in out


def test_variables_are_listed_without_their_secrets(doctor, server):
    _, out = doctor(
        OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS="authorization=s3cret",
        OTEL_SERVICE_NAME="shop",
    )
    assert "OTEL_EXPORTER_OTLP_HEADERS     authorization=(hidden)\n" in out
    assert "OTEL_SERVICE_NAME              shop\n" in out
    assert "s3cret" not in out


def test_the_password_of_the_endpoint_is_not_shown_even_when_it_fails(doctor):
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=closed_port().replace("//", "//me:s3cret@"))
    assert "s3cret" not in out


def test_the_password_of_a_malformed_endpoint_is_not_shown(doctor):
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT="ftp://me:s3cret@host")
    assert (1, False) == (code, "s3cret" in out)


def test_a_malformed_header_is_quoted_nowhere(server):
    """Also not by OpenTelemetry's own warnings, which bypass the report; hence a process of its own."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": server.endpoint, "OTEL_EXPORTER_OTLP_HEADERS": "Bearer s3cret"}
    command = [sys.executable, "-m", "langspan.cli", "doctor"]
    done = subprocess.run(command, env=environ | settings, capture_output=True, timeout=60, check=False)
    assert b"OTEL_EXPORTER_OTLP_HEADERS=(hidden) has no header name in part 1" in done.stdout
    assert b"s3cret" not in done.stdout + done.stderr


def test_a_header_that_cannot_be_sent_is_a_problem_and_not_quoted(doctor, server):
    headers = {"OTEL_EXPORTER_OTLP_HEADERS": "key=s3cret%0Aline"}
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **headers)
    assert 1 == code
    assert "(hidden) has the header 'key' with a character that cannot be sent" in out.split("Export\n")[1]
    assert "s3cret" not in out


def test_behind_a_proxy_the_address_itself_is_not_tried(doctor, server, monkeypatch):
    """The proxy is the test server: a request through it arrives, a connection past it would not."""
    monkeypatch.setenv("http_proxy", server.endpoint)
    monkeypatch.delenv("no_proxy", raising=False)
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.invalid:4318")
    assert "http://collector.invalid:4318  answers" in out


def test_no_variables_are_said_to_be_none(doctor, monkeypatch):
    monkeypatch.setattr(endpoint, "_DEFAULTS", {"http/protobuf": closed_port()})
    assert "none set, defaults hold" in doctor()[1]


@pytest.mark.parametrize("name", ["python", "langspan", "langchain-core", "opentelemetry-sdk", "wrapt"])
def test_versions_are_listed(doctor, name):
    _, out = doctor(OTEL_TRACES_EXPORTER="none")
    assert any(line.split()[:1] == [name] and line.split()[1][0].isdigit() for line in out.splitlines())


@pytest.fixture
def rival(tmp_path, monkeypatch):
    """An installed package that registers to trace LangChain under the name that all of them use."""
    info = tmp_path / "rival_tracer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rival-tracer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[opentelemetry_instrumentor]\nlangchain = rival_tracer:Instrumentor\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert str(tmp_path) in sys.path


@pytest.mark.usefixtures("rival")
def test_another_instrumentation_is_a_warning_and_no_problem(doctor, server):
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert (0, "1 warning") == (code, out.splitlines()[-1])
    assert "! rival-tracer                   also traces LangChain" in out
    assert "every run has two spans (installed)" in out


@pytest.fixture
def client_tracer(tmp_path, monkeypatch):
    """An installed instrumentation of a model's client."""
    info = tmp_path / "client_tracer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: client-tracer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[opentelemetry_instrumentor]\nopenai = client_tracer:Tracer\n")
    (tmp_path / "client_tracer.py").write_text(
        "from opentelemetry.instrumentation.instrumentor import BaseInstrumentor\n"
        "class Tracer(BaseInstrumentor):\n"
        "    def instrumentation_dependencies(self): return ()\n"
        "    def _instrument(self, **_): pass\n"
        "    def _uninstrument(self, **_): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("client_tracer", None)


@pytest.mark.usefixtures("client_tracer")
def test_what_traces_the_clients_of_models_is_told_with_what_it_doubles(doctor, server):
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert 0 == code
    assert "    client-tracer                  a second span with tokens below every model call" in out
    assert "count them twice (installed)" in out


@pytest.mark.usefixtures("client_tracer")
def test_an_instrumentation_that_is_active_is_a_warning(doctor, server):
    importlib.import_module("client_tracer").Tracer().instrument()
    _, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)
    assert "! client-tracer" in out
    assert "count them twice (active)" in out


@pytest.mark.usefixtures("rival")
def test_another_instrumentation_that_is_switched_off_is_fine(doctor, server):
    settings = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "requests,langchain"}
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **settings)
    assert (0, "Everything is in place.") == (code, out.splitlines()[-1])


@pytest.mark.parametrize(
    "environ", [{"LANGSMITH_OTEL_ENABLED": "true"}, {"LANGSMITH_TRACING_MODE": "hybrid"}]
)
def test_a_second_exporter_of_the_same_runs_is_a_warning(doctor, server, environ):
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **environ)
    assert (0, "1 warning") == (code, out.splitlines()[-1])


def test_this_package_is_not_its_own_rival(doctor, server):
    assert "nothing else traces it" in doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint)[1]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        pytest.param("LANGSPAN_SPANS", "foo", "'foo'", id="choice"),
        pytest.param("LANGSPAN_MAX_CONTENT_BYTES", "abc", "'abc'", id="number"),
        pytest.param("OTEL_TRACES_EXPORTER", "nonsense,otlp", "names no installed exporter", id="exporter"),
        pytest.param("OTEL_METRICS_EXPORTER", "nonsense", "names no installed exporter", id="metrics"),
        pytest.param("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "is not a positive whole number", id="queue"),
    ],
)
def test_a_value_that_instrument_rejects_is_a_problem(doctor, server, name, value, text):
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **{name: value})
    assert (1, "1 problem") == (code, out.splitlines()[-1])
    (line,) = [line for line in out.split("Settings\n")[1].splitlines() if f"✗ {name}" in line]
    assert text in line


def test_a_file_that_cannot_be_written_is_a_problem(doctor, tmp_path):
    code, out = doctor(OTEL_TRACES_EXPORTER="langspan_file", LANGSPAN_FILE=str(tmp_path / "none" / "x.jsonl"))
    assert 1 == code
    assert "✗ LANGSPAN_FILE" in out


def test_a_file_is_checked_without_making_it(doctor, tmp_path):
    code, _ = doctor(OTEL_TRACES_EXPORTER="langspan_file", LANGSPAN_FILE=str(tmp_path / "x.jsonl"))
    assert (0, []) == (code, list(tmp_path.iterdir()))


@pytest.mark.parametrize(
    ("name", "text"),
    [("LANGSPAN_SPAN", "did you mean LANGSPAN_SPANS?"), ("LANGSPAN_QWERTY", "is no setting")],
)
def test_a_misspelt_setting_is_a_warning(doctor, server, name, text):
    code, out = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=server.endpoint, **{name: "x"})
    assert (0, "1 warning") == (code, out.splitlines()[-1])
    assert text in out
