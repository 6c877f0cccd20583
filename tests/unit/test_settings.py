"""Settings: good values are understood, bad ones raise at once and say how to mend them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import BaseChatModel
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import langspan
from langspan._capture import ContentCapture
from langspan._settings import Settings
from support.models import ScriptedChat
from support.recording import Recording

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

INPUT_AND_OUTPUT = ContentCapture.SPAN | ContentCapture.INPUT | ContentCapture.OUTPUT
GOOD_ARGUMENTS: list[tuple[dict[str, Any], str, Any]] = [
    ({"capture_content": False}, "capture_content", ContentCapture.NONE),
    ({"capture_content": True}, "capture_content", ContentCapture.SPAN),
    ({"capture_content": "none"}, "capture_content", ContentCapture.NONE),
    ({"capture_content": "span"}, "capture_content", ContentCapture.SPAN),
    ({"capture_content": "event"}, "capture_content", ContentCapture.EVENT),
    ({"capture_content": "both"}, "capture_content", ContentCapture.BOTH),
    ({"capture_content": {"input"}}, "capture_content", ContentCapture.SPAN | ContentCapture.INPUT),
    (
        {"capture_content": ["output", "event"]},
        "capture_content",
        ContentCapture.EVENT | ContentCapture.OUTPUT,
    ),
    (
        {"capture_content": ("tool_arguments", "tool_results", "both")},
        "capture_content",
        ContentCapture.BOTH | ContentCapture.TOOL_ARGUMENTS | ContentCapture.TOOL_RESULTS,
    ),
    ({"redact": repr}, "redact", repr),
    ({"max_content_bytes": 256}, "max_content_bytes", 256),
    ({"spans": "all"}, "spans", "all"),
    ({"spans": "genai"}, "spans", "genai"),
    ({}, "link_across_processes", False),
    ({"link_across_processes": True}, "link_across_processes", True),
    ({"link_across_processes": False}, "link_across_processes", False),
]
GOOD_VARIABLES: list[tuple[str, str, str, Any]] = [
    (CAPTURE, "", "capture_content", ContentCapture.NONE),
    (CAPTURE, "NO_CONTENT", "capture_content", ContentCapture.NONE),
    (CAPTURE, "SPAN_ONLY", "capture_content", ContentCapture.SPAN),
    (CAPTURE, "event_only", "capture_content", ContentCapture.EVENT),
    (CAPTURE, " Span_And_Event ", "capture_content", ContentCapture.BOTH),
    (CAPTURE, "true", "capture_content", ContentCapture.SPAN),
    (CAPTURE, "False", "capture_content", ContentCapture.NONE),
    (CAPTURE, "input, Output", "capture_content", INPUT_AND_OUTPUT),
    (CAPTURE, "SPAN_ONLY,input,output,", "capture_content", INPUT_AND_OUTPUT),
    (CAPTURE, "event_only,system", "capture_content", ContentCapture.EVENT | ContentCapture.SYSTEM),
    ("LANGSPAN_SPANS", "", "spans", "all"),
    ("LANGSPAN_SPANS", "all", "spans", "all"),
    ("LANGSPAN_SPANS", " GenAI ", "spans", "genai"),
    ("LANGSPAN_MAX_CONTENT_BYTES", "", "max_content_bytes", 16_384),
    ("LANGSPAN_MAX_CONTENT_BYTES", " 300 ", "max_content_bytes", 300),
    ("LANGSPAN_MAX_OPEN_RUNS", "", "max_open_runs", 50_000),
    ("LANGSPAN_MAX_OPEN_RUNS", "1", "max_open_runs", 1),
    ("LANGSPAN_MAX_RUN_AGE", "", "max_run_age", 86_400),
    ("LANGSPAN_MAX_RUN_AGE", "60", "max_run_age", 60),
    ("LANGSPAN_LINK_ACROSS_PROCESSES", " True ", "link_across_processes", True),
    ("LANGSPAN_LINK_ACROSS_PROCESSES", "false", "link_across_processes", False),
    ("OTEL_SDK_DISABLED", "TRUE", "disabled", True),
    ("OTEL_SDK_DISABLED", "1", "disabled", False),
    ("OTEL_SEMCONV_STABILITY_OPT_IN", "http, gen_ai_latest_experimental", "latest_metrics", True),
    ("OTEL_SEMCONV_STABILITY_OPT_IN", "http", "latest_metrics", False),
]
BAD_ARGUMENTS: list[tuple[str, Any, type[Exception], str]] = [
    *(
        ("capture_content", value, ValueError, "use True, False, 'span', 'event', 'both' or 'none'")
        for value in ("yes", "", "SPAN", 1, 0.0, [], {}, object)
    ),
    *(
        ("capture_content", value, ValueError, "or a set of 'input', 'output', 'system'")
        for value in (
            set(),
            {"inputs"},
            ["input", "none"],
            {"span"},
            ["input", True],
            ["both", "event"],
            b"input",
        )
    ),
    *(("redact", value, TypeError, "pass a function redact(value, where)") for value in ("x", 1, True, [])),
    *(
        ("max_content_bytes", value, ValueError, "use a whole number of at least 256")
        for value in (255, 0, -1, 1.5, 1e9, "many", "", "1.5", True, [], float("nan"))
    ),
    *(
        ("spans", value, ValueError, "use 'all' for every run or 'genai'")
        for value in ("none", "", "ALL", 1, [])
    ),
    *(
        ("link_across_processes", value, ValueError, "use True or False")
        for value in ("true", "", 1, 0, [], object)
    ),
    *(
        (f"{signal}_provider", value, TypeError, f"pass an object with a get_{method}() method")
        for signal, method in (("tracer", "tracer"), ("meter", "meter"), ("logger", "logger"))
        for value in ("otlp", 1, TracerProvider)
    ),
]
BAD_VARIABLES: list[tuple[str, str, str]] = [
    *(
        (CAPTURE, value, "use NO_CONTENT, SPAN_ONLY, EVENT_ONLY or SPAN_AND_EVENT")
        for value in (
            "yes",
            "1",
            "all",
            "input;output",
            "input,inputs",
            "event_only,",
            "no_content,input",
            ",",
        )
    ),
    *(
        ("LANGSPAN_SPANS", value, "use 'all' for every run or 'genai'")
        for value in ("none", "chat", "all,genai")
    ),
    *(
        ("LANGSPAN_MAX_CONTENT_BYTES", value, "use a whole number of at least 256")
        for value in ("255", "-1", "1e4", "16kb", "9" * 5000)
    ),
    *(
        (name, value, "use a whole number of at least 1")
        for name in ("LANGSPAN_MAX_OPEN_RUNS", "LANGSPAN_MAX_RUN_AGE")
        for value in ("0", "-1", "1.5", "never")
    ),
    *(("LANGSPAN_LINK_ACROSS_PROCESSES", value, "use true or false") for value in ("1", "yes", "on")),
]


@pytest.mark.parametrize(("arguments", "field", "expected"), GOOD_ARGUMENTS, ids=str)
def test_a_good_argument_is_taken(arguments: dict[str, Any], field: str, expected: Any) -> None:
    assert expected == getattr(Settings.build({}, **arguments), field)


@pytest.mark.parametrize(("name", "value", "field", "expected"), GOOD_VARIABLES)
def test_a_good_variable_is_taken(name: str, value: str, field: str, expected: Any) -> None:
    assert expected == getattr(Settings.build({name: value}), field)


@pytest.mark.parametrize(
    ("arguments", "environ", "field", "expected"),
    [
        ({"capture_content": False}, {CAPTURE: "SPAN_ONLY"}, "capture_content", ContentCapture.NONE),
        ({"capture_content": "event"}, {CAPTURE: "nonsense"}, "capture_content", ContentCapture.EVENT),
        ({"spans": "all"}, {"LANGSPAN_SPANS": "genai"}, "spans", "all"),
        ({"max_content_bytes": 500}, {"LANGSPAN_MAX_CONTENT_BYTES": "300"}, "max_content_bytes", 500),
    ],
)
def test_an_argument_wins_over_the_environment(
    arguments: dict[str, Any], environ: dict[str, str], field: str, expected: Any
) -> None:
    assert expected == getattr(Settings.build(environ, **arguments), field)


def test_nothing_is_captured_unless_asked() -> None:
    assert ContentCapture.NONE is Settings.build({}).capture_content


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.build({}).spans = "genai"  # type: ignore[misc]


@pytest.mark.parametrize(("name", "value", "error", "fix"), BAD_ARGUMENTS)
@pytest.mark.parametrize("entry", ["instrument", "CallbackHandler"])
def test_a_bad_argument_raises_with_name_value_and_fix(
    name: str, value: Any, error: type[Exception], fix: str, entry: str
) -> None:
    if entry == "CallbackHandler" and name == "link_across_processes":
        pytest.skip("only a patch can do that")
    with pytest.raises(error) as caught:
        getattr(langspan, entry)(**{name: value})

    assert [True, True, True] == [part in str(caught.value) for part in (name, repr(value), fix)]


@pytest.mark.parametrize(("name", "value", "fix"), BAD_VARIABLES)
@pytest.mark.parametrize("entry", ["instrument", "CallbackHandler"])
def test_a_bad_variable_raises_with_name_value_and_fix(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fix: str, entry: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError) as caught:
        getattr(langspan, entry)()

    assert [True, True, True] == [part in str(caught.value) for part in (name, repr(value), fix)]


def test_a_setting_that_does_not_exist_raises() -> None:
    with pytest.raises(TypeError, match="capture_contents"):
        langspan.instrument(capture_contents=True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "pigeon"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere"),
        ("OTEL_TRACES_EXPORTER", "pigeon"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
        ("LANGSPAN_EXPORT_MAX_BYTES", "many"),
    ],
)
def test_a_bad_variable_of_the_export_raises_from_instrument(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=name) as caught:
        langspan.instrument()

    assert value in str(caught.value)


def test_after_a_bad_setting_nothing_is_patched() -> None:
    before = dict(vars(BaseChatModel))
    with pytest.raises(ValueError):
        langspan.instrument(spans="none")  # type: ignore[arg-type]

    assert before == dict(vars(BaseChatModel))


def test_after_a_bad_setting_no_provider_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = trace.get_tracer_provider()
    monkeypatch.setenv("LANGSPAN_MAX_RUN_AGE", "never")
    with pytest.raises(ValueError):
        langspan.instrument()

    assert before is trace.get_tracer_provider()


def test_after_a_bad_setting_a_good_one_works(recording: Recording) -> None:
    with pytest.raises(ValueError):
        langspan.instrument(tracer_provider=recording.provider, spans="none")  # type: ignore[arg-type]
    langspan.instrument(tracer_provider=recording.provider, spans="genai")
    ScriptedChat().invoke("hi")

    assert ["chat scripted-1"] == recording.names()


@given(st.dictionaries(st.sampled_from([name for name, *_ in GOOD_VARIABLES]), st.text(max_size=20)))
def test_any_environment_gives_settings_or_an_error_that_names_a_variable(environ: dict[str, str]) -> None:
    try:
        Settings.build(environ)
        refused = None
    except ValueError as error:
        refused = str(error)

    assert refused is None or any(refused.startswith(f"{name}={environ[name]!r} ") for name in environ)


@given(st.integers())
def test_any_whole_number_is_taken_or_refused_by_its_bound(number: int) -> None:
    try:
        assert number == Settings.build({}, max_content_bytes=number).max_content_bytes
    except ValueError:
        assert number < 256
