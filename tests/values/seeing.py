"""What came of a run, in words that can be compared: no value's own code is run to find out."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from langspan._guard import Guard
from langspan.catalogue import telemetry as catalogue
from langspan.catalogue.telemetry import Type
from langspan.conventions import names
from support.telemetry import Telemetry

_MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]{6,}|[0-9a-f]{32}")
_PLAIN: dict[type, Callable[[Any], str]] = {
    str: lambda text: _MADE_UP.sub("<made up>", text),
    int: hex,  # a huge one has no other text
    float: repr,
    bool: repr,
    type(None): repr,
}
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
    if kind is RecursionError:  # says how it was noticed, which hangs on how deep the stack was
        return kind.__name__
    if thing is value and around:
        return "the value" if kind not in _PLAIN else thing
    if id(thing) in around or len(around) > 12:
        return "again"
    around = (*around, id(thing))
    if kind in _PLAIN:
        return _PLAIN[kind](thing)
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


class Outcome(NamedTuple):
    """What a run gives or raises, and what it leaves of the value."""

    returned: bool
    result: Any
    rest: Any


def outcome(run: Callable[[Any], Any], make: Callable[[], Any]) -> Outcome:
    """Run with a new value."""
    value = make()
    try:
        result, returned = portrait((run(value),), value), True
    except Exception as error:
        result, returned = portrait((error,), value), False
    return Outcome(returned, result, left(value))


class _Count(SpanProcessor):
    """How often each span was started and ended."""

    def __init__(self) -> None:
        self.started: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self.started[span.context.span_id] += 1

    def on_end(self, span: Any) -> None:
        self.ended[span.context.span_id] += 1


class _NotingGuard(Guard):
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


class Watched:
    """An instrumented application: what it records, what our own code fails at, what is logged meanwhile.

    Args:
        content: Where content is recorded.

    Attributes:
        has_recorded: There was a span, in one of the runs at least.
    """

    def __init__(self, content: str) -> None:
        self._content = content
        self._telemetry, self._guard, self._logged = Telemetry(), _NotingGuard(), _Kept()
        self._count = _Count()
        self._telemetry.provider.add_span_processor(self._count)
        self.has_recorded = False

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._telemetry.instrumented(self._guard, capture_content=self._content))
            logging.getLogger().addHandler(self._logged)
            stack.callback(logging.getLogger().removeHandler, self._logged)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def forget(self) -> None:
        """Begin anew with the next run."""
        self._telemetry.clear()
        self._guard.errors.clear()
        self._logged.messages.clear()
        self._count.started.clear()
        self._count.ended.clear()

    def problems(self, *, must_record: bool, may_be_lost: bool, addresses: bool) -> Iterator[str]:
        """What is wrong with what was recorded.

        Args:
            must_record: There was a run.
            may_be_lost: What is known of the value's own field may be missing.
            addresses: Addresses in memory are ours to hide.
        """
        spans = self._telemetry.spans
        self.has_recorded |= bool(spans)
        if must_record and not spans:
            yield "no span"
        if set(self._count.ended.values()) - {1} or self._count.started != self._count.ended:
            yield "a span did not end once"
        if not all(type(span.name) is str for span in spans):
            yield "a span's name is no text"
            return
        if self._guard.errors and not may_be_lost:
            yield f"internal errors: {self._guard.errors!r}"
        yield from self._export()
        for name, text in _texts(spans):
            if name in _JSON and not _is_json(text):
                yield f"{name} is no JSON: {text:.200}"
            if addresses and name != names.EXCEPTION_MESSAGE and _ADDRESS.search(text):
                yield f"{name} tells an address: {text:.200}"

    def _export(self) -> Iterator[str]:
        try:
            for request in self._telemetry.requests():
                request.SerializeToString()
        except Exception as error:
            yield f"cannot be exported: {error!r}"
        yield from (f"logged: {message:.200}" for message in self._logged.messages)


def _texts(spans: list[ReadableSpan]) -> Iterator[tuple[str, str]]:
    """Every text among the attributes of spans and of their events, by the attribute's name."""
    for span in spans:
        yield "name", span.name
        for attributes in (span.attributes or {}, *(event.attributes or {} for event in span.events)):
            for name, held in attributes.items():
                for text in held if isinstance(held, tuple) else (held,):
                    if isinstance(text, str):
                        yield name, text


def _is_json(text: str) -> bool:
    """Whether a text is JSON of the strict sort, that knows no NaN."""
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
