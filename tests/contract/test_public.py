"""What users rely on: names, signatures, descriptions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

import langspan

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = [
    "Budget",
    "BudgetExceeded",
    "CallbackHandler",
    "DialectSpanProcessor",
    "Instrumentation",
    "Keep",
    "KeepSpanProcessor",
    "LangSpanInstrumentor",
    "LastTrace",
    "Price",
    "Router",
    "RunInfo",
    "SignalStats",
    "Stats",
    "context",
    "current_run",
    "extract",
    "inject",
    "instrument",
    "last_trace",
    "record_evaluation",
    "redact",
    "trace_url",
    "uninstrument",
]
SETTINGS = [
    *("capture_content", "redact", "max_content_bytes", "spans"),
    *("usage_sums", "cost", "prices", "budgets", "metadata_keys"),
    *(
        "link_across_processes",
        "checkpoints",
        "read_baggage",
        "keep",
        "keep_last_traces",
        "dialect",
        "on_start",
        "on_end",
    ),
]
# What takes a patch, or a provider that is built.
OF_PATCHES = {"link_across_processes", "checkpoints", "keep", "keep_last_traces", "dialect"}
PROVIDERS = ["tracer_provider", "meter_provider", "logger_provider"]


def _parameters(function: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Kind and default of each parameter by name, without `self`."""
    return {
        name: (parameter.kind.name, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    }


def _keyword_only(*names: str) -> dict[str, tuple[Any, Any]]:
    return dict.fromkeys(names, ("KEYWORD_ONLY", None))


def _documented(text: str) -> list[str]:
    """Names below `Args:` in a Google-style docstring."""
    section = re.search(r"^Args:\n((?:    .*\n?|\n)+)", inspect.cleandoc(text) + "\n", re.MULTILINE)
    return re.findall(r"^    (\w+):", section[1], re.MULTILINE) if section else []


def test_the_public_names_are_these() -> None:
    assert NAMES == langspan.__all__


def test_the_list_of_public_names_is_sorted() -> None:
    assert sorted(langspan.__all__) == langspan.__all__


def test_nothing_else_is_public() -> None:
    modules = {name for name, value in vars(langspan).items() if inspect.ismodule(value)} - set(NAMES)

    assert set(NAMES) == {name for name in dir(langspan) if not name.startswith("_")} - modules


def test_instrument_takes_keywords_only_and_needs_none() -> None:
    assert _keyword_only(*PROVIDERS, *SETTINGS) == _parameters(langspan.instrument)


def test_the_handler_takes_the_same_settings_and_first_of_all_a_provider() -> None:
    assert {
        "tracer_provider": ("POSITIONAL_OR_KEYWORD", None),
        **_keyword_only(*PROVIDERS[1:], *(name for name in SETTINGS if name not in OF_PATCHES)),
    } == _parameters(langspan.CallbackHandler)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (langspan.uninstrument, {}),
        (langspan.Instrumentation.uninstrument, {}),
        (langspan.Instrumentation.flush, {"timeout": ("POSITIONAL_OR_KEYWORD", 5.0)}),
        (langspan.Instrumentation.aflush, {"timeout": ("POSITIONAL_OR_KEYWORD", 5.0)}),
        (langspan.Instrumentation.stats, {}),
        (langspan.Instrumentation.find, {"run_id": ("POSITIONAL_OR_KEYWORD", inspect.Parameter.empty)}),
        (langspan.CallbackHandler.find, {"run_id": ("POSITIONAL_OR_KEYWORD", inspect.Parameter.empty)}),
        (langspan.current_run, {}),
        (langspan.trace_url, {"of": ("POSITIONAL_OR_KEYWORD", None)}),
        (langspan.Instrumentation.shutdown, {"timeout": ("POSITIONAL_OR_KEYWORD", 5.0)}),
    ],
)
def test_a_function_takes_just_this(function: Callable[..., Any], expected: dict[str, Any]) -> None:
    assert expected == _parameters(function)


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (langspan.instrument, "Instrumentation"),
        (langspan.uninstrument, "None"),
        (langspan.Instrumentation.flush, "bool"),
        (langspan.Instrumentation.aflush, "bool"),
        (langspan.Instrumentation.stats, "Stats"),
        (langspan.Instrumentation.shutdown, "None"),
        (langspan.Instrumentation.uninstrument, "None"),
    ],
)
def test_a_function_says_what_it_returns(function: Callable[..., Any], result: str) -> None:
    assert result == inspect.signature(function).return_annotation


def test_a_handle_offers_these_things() -> None:
    offered = [name for name in vars(langspan.Instrumentation) if not name.startswith("_")]

    assert ["aflush", "find", "flush", "open_runs", "shutdown", "stats", "uninstrument"] == sorted(offered)


def test_the_handler_is_a_handler_of_langchain() -> None:
    assert issubclass(langspan.CallbackHandler, BaseCallbackHandler)


def test_the_instrumentor_is_an_instrumentor_of_opentelemetry() -> None:
    assert issubclass(langspan.LangSpanInstrumentor, BaseInstrumentor)


def test_the_instrumentor_names_what_it_instruments() -> None:
    assert ("langchain-core >= 1.0",) == langspan.LangSpanInstrumentor().instrumentation_dependencies()


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_described(name: str) -> None:
    assert inspect.getdoc(getattr(langspan, name))


@pytest.mark.parametrize("name", ["instrument", "CallbackHandler"])
def test_every_setting_is_described(name: str) -> None:
    public = getattr(langspan, name)

    assert list(_parameters(public)) == _documented(public.__doc__)


@pytest.mark.parametrize("name", ["instrument", "CallbackHandler"])
def test_the_errors_of_bad_settings_are_described(name: str) -> None:
    text = getattr(langspan, name).__doc__

    assert [True, True, True] == [word in text for word in ("Raises:", "ValueError:", "TypeError:")]


def test_the_readme_names_nothing_that_is_not_public() -> None:
    named = re.findall(r"\blangspan\.([A-Za-z]\w*)\(", (REPOSITORY / "README.md").read_text())

    assert set() == set(named) - set(NAMES)
