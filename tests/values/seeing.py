"""What came of a run, in words that can be compared: no value's own code is run to find out."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import SpanProcessor

from langspan._guard import Guard
from langspan.conventions import catalogue
from langspan.conventions.catalogue import Type
from support.telemetry import Telemetry

_PLAIN = (str, float, bool, type(None))
_MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]{6,}|[0-9a-f]{32}")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_LOGGERS = ("langspan", "opentelemetry", "langchain_core.callbacks")
_ITERATORS = {type(made) for made in ((each for each in ()), iter([]), map(str, []))}
_JSON = {
    row.name
    for rows in (*catalogue.ATTRIBUTES.values(), *(event.attributes for event in catalogue.SPAN_EVENTS))
    for row in rows
    if row.type is Type.JSON
}


def portrait(thing: Any, value: Any, around: tuple[int, ...] = ()) -> Any:
    """A thing as types and plain values; the value itself wherever it is in it."""
    kind = type(thing)
    if thing is value and around:
        return "the value" if kind not in _PLAIN else thing
    if id(thing) in around or len(around) > 12:
        return "again"
    around = (*around, id(thing))
    if kind is str:
        return _MADE_UP.sub("<made up>", thing)
    if kind is int:
        return hex(thing)
    if kind in _PLAIN:
        return repr(thing)
    return kind.__name__, [portrait(part, value, around) for part in _parts(thing)]


def _parts(thing: Any) -> Any:
    kind = type(thing)
    for base in (dict, list, tuple):
        if issubclass(kind, base):
            return base.items(thing) if base is dict else base.__iter__(thing)
    if issubclass(kind, BaseException):
        return BaseException.args.__get__(thing)
    try:
        fields = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return ()
    return [] if isinstance(fields, type(type.__dict__)) else fields.items()


def left(value: Any) -> Any:
    """What a value still holds: an iterator's items are taken out by this."""
    return list(value) if type(value) in _ITERATORS else portrait(value, value)


class Count(SpanProcessor):
    """How often each span was started and ended."""

    def __init__(self) -> None:
        self.started: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.started[span.context.span_id] += 1

    def on_end(self, span: Any) -> None:
        self.ended[span.context.span_id] += 1


class NotingGuard(Guard):
    """Keeps internal errors for the test: raised, LangChain would only log them."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = []

    def report(self, where: str, error: Exception) -> None:
        self.errors.append(error)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_LOGGERS):
            self.messages.append(record.getMessage())


@contextmanager
def logged() -> Iterator[list[str]]:
    """What OpenTelemetry, langspan and LangChain's callbacks warn of."""
    handler = _Kept()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.messages
    finally:
        logging.getLogger().removeHandler(handler)


def outcome(run: Callable[[Any], Any], make: Callable[[], Any]) -> Any:
    """What a run gives or raises, and what it leaves of the value."""
    value = make()
    try:
        found: Any = ("returned", portrait((run(value),), value))
    except Exception as error:
        found = ("raised", portrait((error,), value))
    return found, left(value)


def texts(telemetry: Telemetry) -> Iterator[tuple[str, str]]:
    """Every text among the attributes of spans and of their events, by the attribute's name."""
    for span in telemetry.spans:
        yield "name", span.name if isinstance(span.name, str) else f"no text: {type(span.name)}"
        for attributes in (span.attributes or {}, *(event.attributes or {} for event in span.events)):
            for name, held in attributes.items():
                for text in held if isinstance(held, tuple) else (held,):
                    if isinstance(text, str):
                        yield name, text


def broken(telemetry: Telemetry) -> list[str]:
    """Attributes that should be JSON and are not: the strict sort, that knows no NaN."""
    found = []
    for name, text in texts(telemetry):
        if name in _JSON:
            try:
                json.loads(text, parse_constant=_refuse)
            except ValueError:
                found.append(name)
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def addresses(telemetry: Telemetry) -> list[str]:
    """Attributes that tell where in memory something was."""
    return [f"{name}: {text:.200}" for name, text in texts(telemetry) if _ADDRESS.search(text)]
