"""`langspan demo`: run the shop, draw its trace, write it to a file and send it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Final

from langchain_core.language_models import BaseChatModel
from opentelemetry._logs import NoOpLoggerProvider
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from langspan._export_settings import JAEGER_URL
from langspan._instrumentor import instrument, uninstrument
from langspan._prices import Price
from langspan.cli.endpoint import connection_error, endpoint_of, send
from langspan.cli.masking import without_credentials
from langspan.cli.nesting import by_trace
from langspan.cli.rows import row_of
from langspan.cli.terminal import CliError, Style
from langspan.cli.tree import draw
from langspan.cli.web import has_pages
from langspan.export import settings
from langspan.export.file import OtlpJsonFileExporter

_PAUSE: Final = 0.02
_API_KEY_VARIABLES: Final = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistralai": "MISTRAL_API_KEY",
}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the demo."""

    output: str | None
    content: bool = False
    fast: bool = False


def run(options: Options, environ: Mapping[str, str], style: Style) -> int:
    """Run the demo.

    Args:
        options: The options from the command line.
        environ: The process environment.
        style: How to draw.

    Returns:
        The exit code 0.

    Raises:
        CliError: A package or a key is missing, the model failed, or the file cannot be written.
    """
    _check_requirements(environ)
    pause = 0.0 if options.fast else _PAUSE
    model = _build_model(environ, pause)
    spans, failure = _run_traced(model, options, pause, _prices(environ))
    for rows in by_trace(map(row_of, spans)).values():
        print("", *draw(rows, style), "", sep="\n")
    if options.output is not None:
        _write_file(spans, options.output)
    _send(spans, environ)
    if failure is not None:
        raise CliError(f"the run above ended early: {type(failure).__name__}: {failure}") from failure
    return 0


def _check_requirements(environ: Mapping[str, str]) -> None:
    missing = [name for name in ("langchain", "langgraph") if find_spec(name) is None]
    if missing:
        raise CliError(f"the demo needs {' and '.join(missing)}: pip install 'langspan[demo]'")
    if settings.disabled(environ):
        raise CliError("OTEL_SDK_DISABLED=true turns OpenTelemetry off, so there would be nothing to show")


def _build_model(environ: Mapping[str, str], pause: float) -> BaseChatModel:
    name = environ.get("MODEL", "")
    if not name:
        from langspan.cli.scripted import ScriptedChatModel  # noqa: PLC0415 - LangChain is slow to import

        return ScriptedChatModel(pause=pause)
    provider, colon, _ = name.partition(":")
    if not colon:
        raise CliError(f"MODEL={name}: write it as provider:name, for example openai:gpt-5-mini")
    key = _API_KEY_VARIABLES.get(provider)
    if key and not environ.get(key):
        raise CliError(f"MODEL={name}: set {key}, or unset MODEL to run offline")
    from langchain.chat_models import init_chat_model  # noqa: PLC0415 - optional

    try:
        return init_chat_model(name)
    except Exception as error:  # each provider has its own exception types
        raise CliError(f"MODEL={name}: {error}") from error


def _prices(environ: Mapping[str, str]) -> Mapping[str, Price] | None:
    """Return the script's prices; a real model has those of the list, so None where that is not installed."""
    from langspan.cli.scripted import PRICES  # noqa: PLC0415 - as above

    return None if environ.get("MODEL") and find_spec("genai_prices") is None else PRICES


def _run_traced(
    model: BaseChatModel, options: Options, pause: float, prices: Mapping[str, Price] | None
) -> tuple[Sequence[ReadableSpan], Exception | None]:
    """Ask the shop's question with tracing on, and return the spans and the exception that stopped it."""
    from langspan.cli.shop import QUESTION, ask  # noqa: PLC0415 - needs the extra, which was checked before

    with _recording(options, prices) as (provider, memory):
        print(f"Q: {QUESTION}\nA: ", end="")
        failure = None
        try:
            for piece in ask(model, provider.get_tracer("shop"), pause):
                print(piece, end="", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever a model raises, its trace is worth showing
            failure = error
        print()
    return memory.get_finished_spans(), failure


@contextmanager
def _recording(
    options: Options, prices: Mapping[str, Price] | None
) -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    """Trace into memory, independently of the providers that the environment configures."""
    memory = InMemorySpanExporter()
    uninstrument()  # in case the command was started through opentelemetry-instrument
    try:
        provider = TracerProvider(sampler=ALWAYS_ON, resource=_resource())
        provider.add_span_processor(SimpleSpanProcessor(memory))
        tracing = instrument(
            tracer_provider=provider,
            meter_provider=NoOpMeterProvider(),
            logger_provider=NoOpLoggerProvider(),
            capture_content=options.content or None,
            prices=prices,
        )
    except ValueError as error:  # a variable has an invalid value
        raise CliError(str(error)) from error
    try:
        yield provider, memory
    finally:
        tracing.uninstrument()
        provider.shutdown()


def _resource() -> Resource:
    """Return the resource from the environment, with the shop's name if it has none."""
    given = Resource.create()
    unnamed = str(given.attributes.get("service.name", "")).startswith("unknown_service")
    return given.merge(Resource({"service.name": "shop"})) if unnamed else given


def _write_file(spans: Sequence[ReadableSpan], output: str) -> None:
    path = Path(output)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() or path.is_symlink():
            path.unlink()
        exporter = OtlpJsonFileExporter(path)
        written = exporter.export(spans) is SpanExportResult.SUCCESS
        exporter.shutdown()
    except OSError as error:
        raise CliError(f"{output}: {error.strerror or error}") from error
    if not written:
        raise CliError(f"{output}: not written")  # the exporter has logged why
    command = "langspan" if which("langspan") else sys.argv[0]  # as typed: its venv may not be active
    print(f"written  {output}  (Jaeger UI > Search > Upload, or: {command} view {output})")


def _send(spans: Sequence[ReadableSpan], environ: Mapping[str, str]) -> None:
    endpoint = endpoint_of(environ)
    if connection_error(endpoint) is not None:
        hint = "docker compose up -d --wait starts Jaeger"
        print(f"not sent: nothing answers at {endpoint.display_url}  ({hint})")
        return
    refused = send(endpoint, environ, spans)
    if refused is not None:
        print(f"not sent: {endpoint.display_url} did not take it: {refused}")
        return
    print(f"sent     {endpoint.display_url}")
    jaeger = JAEGER_URL.read(environ).rstrip("/")
    shows = has_pages(jaeger)
    for trace in by_trace(map(row_of, spans)):
        print(f"look     {without_credentials(jaeger)}/trace/{trace}" if shows else f"trace    {trace}")
