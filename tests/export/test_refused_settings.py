"""Settings that mean nothing stop `instrument()`, with their name, their value and the fix, and no secret."""

from __future__ import annotations

import logging
import subprocess
import traceback

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import langspan
from langspan.cli import settings_check
from support.interpreters import PYTHON, environment

SECRET = "s3cret"


@pytest.fixture
def instrument(monkeypatch):
    """Call `instrument()` with these variables, and undo it."""

    def call(environ, **arguments):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return langspan.instrument(**arguments)

    yield call
    langspan.uninstrument()


def refused(variable, value, fix, *, beside=None, shown=None, id):  # noqa: A002 - pytest's word
    return pytest.param(variable, value, fix, beside or {}, shown or f"{variable}={value!r}", id=id)


LOGS = {"OTEL_LOGS_EXPORTER": "otlp"}
METRICS = {"OTEL_METRICS_EXPORTER": "otlp"}
GRPC = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
ON = {"TRACES": {}, "METRICS": METRICS, "LOGS": LOGS}


def of_every_signal(what, value, fix, *, shown=None, beside=None, id):  # noqa: A002 - pytest's word
    """A row for the variable of all signals, and one for that of each signal that is on."""
    variables = [(f"OTEL_EXPORTER_OTLP_{what}", {})]
    variables += [(f"OTEL_EXPORTER_OTLP_{signal}_{what}", on) for signal, on in ON.items()]
    return [
        refused(
            variable,
            value,
            fix,
            beside={**on, **(beside or {})},
            shown=f"{variable}={shown}" if shown else None,
            id=f"{id} {variable.removeprefix('OTEL_EXPORTER_OTLP_')}",
        )
        for variable, on in variables
    ]


CASES = [
    *of_every_signal("ENDPOINT", "  ", "is blank; write it as 'http://host:4318'", id="blank"),
    *of_every_signal("ENDPOINT", "http://a b:4318", "is not a URL", id="space"),
    *of_every_signal("ENDPOINT", "ftp://collector:4318", "is not a URL", id="scheme"),
    *of_every_signal("ENDPOINT", "ftp://collector", "is not a URL", beside=GRPC, id="scheme, gRPC"),
    *of_every_signal(
        "ENDPOINT", f"ftp://me:{SECRET}@c", "is not a URL", shown="'ftp://***@c'", id="scheme with login"
    ),
    *of_every_signal(
        "ENDPOINT", f"ftp://c/?key={SECRET}", "is not a URL", shown="'ftp://c/?***'", id="scheme with query"
    ),
    *of_every_signal("CERTIFICATE", "/no/ca.pem", "cannot be read (No such file or directory)", id="missing"),
    *of_every_signal("CERTIFICATE", "/no/ca.pem", "cannot be read", beside=GRPC, id="missing, gRPC"),
    *of_every_signal("CLIENT_CERTIFICATE", "/no/client.pem", "cannot be read", id="missing"),
    *of_every_signal("CLIENT_KEY", "/no/key.pem", "has no certificate; set ", id="alone"),
    *of_every_signal("TIMEOUT", "10s", "is not a positive number", id="text"),
    *of_every_signal("TIMEOUT", "0", "is not a positive number", id="zero"),
    *of_every_signal("TIMEOUT", "-1", "is not a positive number", id="negative"),
    *of_every_signal("TIMEOUT", "nan", "is not a positive number", id="nan"),
    *of_every_signal("TIMEOUT", "1e30", "is too large; use at most 9223372036", id="endless"),
    *of_every_signal("TIMEOUT", "", "is read as a value by the gRPC exporter", beside=GRPC, id="empty"),
    *of_every_signal("INSECURE", "yes", "is unknown; use false or true", beside=GRPC, id="word"),
    *of_every_signal("PROTOCOL", "http/json", "is not supported; set it to 'grpc'", id="unknown"),
    *of_every_signal("COMPRESSION", "brotli", "is not supported with http/protobuf", id="unknown"),
    *of_every_signal(
        "HEADERS", f"Bearer {SECRET}", "has no header name in part 1", shown="(hidden)", id="no name"
    ),
    *of_every_signal(
        "HEADERS",
        f"a=1,={SECRET}",
        "has no header name in part 2",
        shown="(hidden)",
        id="no name but a value",
    ),
    *of_every_signal(
        "HEADERS", f"a b={SECRET}", "has no header name in part 1", shown="(hidden)", id="a space in the name"
    ),
    *of_every_signal(
        "HEADERS",
        f'authorization=Digest user="{SECRET}"',
        "has the header 'authorization' with a character that cannot be sent",
        shown="(hidden)",
        id="quotes",
    ),
    *of_every_signal(
        "HEADERS",
        f"authorization={SECRET}%0Anext",
        "has the header 'authorization' with a character that cannot be sent",
        shown="(hidden)",
        id="line feed",
    ),
    *of_every_signal(
        "HEADERS",
        f"tenant=%E6%97%A5{SECRET}",
        "has the header 'tenant' with a character that cannot be sent",
        shown="(hidden)",
        id="beyond Latin-1",
    ),
    *of_every_signal(
        "HEADERS",
        f"x!y={SECRET}",
        "has the header 'x!y', a name that gRPC does not allow",
        shown="(hidden)",
        beside=GRPC,
        id="name that gRPC does not take",
    ),
    *of_every_signal(
        "HEADERS",
        f"tenant=%C3%A9{SECRET}",
        "has the header 'tenant' with a character that cannot be sent",
        shown="(hidden)",
        beside=GRPC,
        id="value that gRPC does not take",
    ),
    refused("OTEL_TRACES_SAMPLER", "sometimes", "is unknown; use always_off or always_on", id="sampler"),
    refused("OTEL_TRACES_SAMPLER", " always_on", "is unknown", id="sampler that the SDK does not strip"),
    *[
        refused(
            "OTEL_TRACES_SAMPLER_ARG",
            value,
            "is no ratio; use a number from 0 to 1",
            beside={"OTEL_TRACES_SAMPLER": sampler},
            id=f"{sampler} {value}",
        )
        for sampler in ("traceidratio", "parentbased_traceidratio")
        for value in ("half", "1.5", "-0.1", "nan", "50%")
    ],
    *[
        refused(f"{prefix}_{name}", value, "is not a positive whole number", beside=on, id=f"{name} {value}")
        for prefix, on in (("OTEL_BSP", {}), ("OTEL_BLRP", LOGS))
        for name in ("SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE")
        for value in ("soon", "0", "-1", "1.5")
    ],
    *[
        refused(f"{prefix}_{name}", value, fix, beside=on, shown=f"{prefix}_{name}=", id=f"{name} {value}")
        for prefix, on in (("OTEL_BSP", {}), ("OTEL_BLRP", LOGS))
        for name, value, fix in (
            ("SCHEDULE_DELAY", "9" * 20, "is too large; use at most"),
            ("EXPORT_TIMEOUT", "9" * 20, "is too large; use at most"),
            (
                "MAX_QUEUE_SIZE",
                "9" * 15,
                "is more than this machine's or container's memory holds; use at most",
            ),
            (
                "MAX_QUEUE_SIZE",
                "9" * 30,
                "is more than this machine's or container's memory holds; use at most",
            ),
            ("MAX_EXPORT_BATCH_SIZE", "5000", "is more than the queue holds; raise"),
        )
    ],
    *[
        refused(f"OTEL_METRIC_EXPORT_{name}", value, fix, beside=METRICS, id=f"{name} {value}")
        for name in ("INTERVAL", "TIMEOUT")
        for value, fix in (
            ("soon", "is not a positive number"),
            ("0", "is not a positive number"),
            ("-1", "is not a positive number"),
            ("9" * 20, "is too large"),
        )
    ],
    *[
        refused(f"OTEL_{signal}_EXPORTER", value, fix, id=f"{signal} {value}")
        for signal in ("TRACES", "METRICS", "LOGS")
        for value, fix in (
            ("console,console", "names 'console' twice; name it once"),
            ("otlp,otlp_proto_http", "sends everything twice, by otlp and otlp_proto_http; keep one"),
            ("none,console", "names 'none' beside another exporter; leave one of them out"),
            ("carrier_pigeon", "names no installed exporter; install its package or choose from: console"),
        )
    ],
    refused("OTEL_PYTHON_TRACER_PROVIDER", "x", "which no installed package provides", id="tracer provider"),
    refused("OTEL_PYTHON_METER_PROVIDER", "x", "which no installed package provides", id="meter provider"),
    refused("OTEL_PYTHON_LOGGER_PROVIDER", "x", "which no installed package provides", id="logger provider"),
    refused("OTEL_PYTHON_TRACER_PROVIDER", "", "which no installed package provides", id="empty provider"),
    refused(
        "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
        "process,cloud",
        "names 'cloud', which no installed package provides; install its package or choose from: ",
        id="resource detector",
    ),
    refused("OTEL_PROPAGATORS", "tracecontext,b4", "names 'b4', which no installed package", id="propagator"),
    refused("OTEL_LOG_LEVEL", "loud", "is unknown; use all or critical or debug", id="log level"),
    refused("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many", "is not a whole number of at least 0", id="limit"),
    refused(
        "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
        "-1",
        "is not a whole number of at least 0",
        beside=LOGS,
        id="limit of log records",
    ),
    *[
        refused(variable, "other", "is unknown; use ", beside=METRICS, id=variable)
        for variable in (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "OTEL_METRICS_EXEMPLAR_FILTER",
        )
    ],
]


@pytest.mark.parametrize(("variable", "value", "fix", "beside", "shown"), CASES)
def test_a_setting_that_means_nothing_is_refused(instrument, caplog, variable, value, fix, beside, shown):
    """Nothing that is secret is in the message, in what is chained to it, or in the log."""
    with pytest.raises(ValueError) as caught:
        instrument({**beside, variable: value})
    assert str(caught.value).startswith(shown)
    assert fix in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text


@pytest.mark.parametrize(("variable", "value", "fix", "beside", "shown"), CASES)
def test_doctor_says_what_instrument_says(variable, value, fix, beside, shown, capsys, monkeypatch):
    from langspan.cli import main

    for name, text in {**beside, variable: value}.items():
        monkeypatch.setenv(name, text)
    assert 1 == main(["doctor"])
    out = capsys.readouterr().out
    assert fix in out
    assert SECRET not in out


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "", "OTEL_BLRP_SCHEDULE_DELAY": "x"}, id="logs"),
        pytest.param({"OTEL_METRIC_EXPORT_INTERVAL": "x", "OTEL_METRICS_EXEMPLAR_FILTER": "x"}, id="metrics"),
        pytest.param(
            {"OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "x"}, id="no metrics"
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/no", "OTEL_EXPORTER_OTLP_HEADERS": "x"}, id="no OTLP"
        ),
        pytest.param({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_SAMPLER": "x"}, id="disabled"),
        pytest.param({"OTEL_TRACES_SAMPLER": "always_on", "OTEL_TRACES_SAMPLER_ARG": "x"}, id="no argument"),
    ],
)
def test_what_is_off_or_unused_is_not_refused(instrument, environ):
    instrument({"OTEL_TRACES_EXPORTER": "none", **environ})
    assert [] == [*settings_check.rejected({"OTEL_TRACES_EXPORTER": "none", **environ})]


def test_a_provider_of_the_application_is_no_reason_to_refuse(instrument):
    """Its own settings are its own affair."""
    provider = TracerProvider(shutdown_on_exit=False)
    instrument({"OTEL_EXPORTER_OTLP_HEADERS": "x", "OTEL_BSP_SCHEDULE_DELAY": "x"}, tracer_provider=provider)


def test_a_provider_that_is_set_needs_no_name(instrument):
    trace.set_tracer_provider(provider := TracerProvider(shutdown_on_exit=False))
    instrument({"OTEL_PYTHON_TRACER_PROVIDER": "unknown"})
    assert provider is trace.get_tracer_provider()


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_TRACES_SAMPLER": "ParentBased_TraceIdRatio", "OTEL_TRACES_SAMPLER_ARG": "0.5"},
        {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "process, otel"},
        {"OTEL_PROPAGATORS": "tracecontext, baggage"},
        {"OTEL_PROPAGATORS": "none"},
        {"OTEL_LOG_LEVEL": "INFO"},
        {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic dTpw==, x-tenant = a%20b,"},
        {"OTEL_EXPORTER_OTLP_INSECURE": "true", **GRPC, "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "dns:///localhost:4317", **GRPC},
        {"OTEL_BSP_MAX_QUEUE_SIZE": "100000", "OTEL_BSP_EXPORT_TIMEOUT": "30000"},
    ],
)
def test_a_setting_that_means_something_is_taken(environ):
    """Every one of them as OpenTelemetry reads it."""
    assert [] == [*settings_check.rejected({**environ, "OTEL_TRACES_EXPORTER": "otlp_proto_http"})]


def test_an_unknown_propagator_is_named_where_opentelemetry_looks_for_it():
    """That is when it is imported: a process that starts with such a setting fails at `import langspan`."""
    script = "try:\n import langspan\nexcept ValueError as error:\n print(error)"
    environ = environment(OTEL_PROPAGATORS="tracecontext,b4")
    done = subprocess.run([*PYTHON, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("OTEL_PROPAGATORS='tracecontext,b4' is invalid: Propagator b4 not found.")
    assert done.stdout.endswith("misspelled or not installed. Correct or unset it\n")


def test_the_error_of_the_api_is_still_told_in_the_log(instrument, caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(ValueError, match="OTEL_PYTHON_TRACER_PROVIDER"):
        instrument({"OTEL_PYTHON_TRACER_PROVIDER": "unknown"})
