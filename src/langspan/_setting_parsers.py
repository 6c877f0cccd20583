"""A row of the table of settings, and parsers from an argument or a variable's text to a value.

An invalid value raises an error that names the setting, the value and the fix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

Redact: TypeAlias = Callable[[Any, str], Any]
Spans: TypeAlias = Literal["all", "genai"]
UsageSums: TypeAlias = Literal["all", "agents", "none"]
Parser: TypeAlias = Callable[[str, Any], Any]
"""A function of the name of an argument or variable and its value, that returns the setting's value."""


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: The name: a field of `Settings`, unless another part reads the setting by itself.
        variable: The environment variable, or None. An empty variable counts as unset.
        default: The default, in the form of an argument.
        parse: The parser for the default and for an argument.
        parse_variable: The parser for the text of the variable.
        meaning: What the setting does, as Markdown for the documentation.
        is_argument: Whether `instrument()` takes it as an argument.
    """

    name: str
    variable: str | None
    default: Any
    parse: Parser
    parse_variable: Parser
    meaning: str
    is_argument: bool = False

    def read(self, environ: Mapping[str, str], argument: object = None) -> Any:
        """Return the value of the setting: the argument, else the variable, else the default.

        Args:
            environ: The process environment, or a substitute.
            argument: The argument, or None if there is none.

        Raises:
            ValueError: The value is invalid; the message names the setting, the value and the fix.
            TypeError: A function is expected, and the value is not one.
        """
        if argument is not None:
            return self.parse(self.name, argument)
        written = environ.get(self.variable, "") if self.variable is not None else ""
        if self.variable is not None and written.strip():
            return self.parse_variable(self.variable, written)
        return self.parse(self.name, self.default)


def _one_of(meanings: Mapping[str, str]) -> tuple[Parser, Parser]:
    """Return parsers of an argument and of a variable that take one of a few words."""
    choices = " or ".join(f"{word!r} for {meaning}" for word, meaning in meanings.items())

    def parse(name: str, value: object) -> object:
        if not isinstance(value, str) or value not in meanings:
            raise ValueError(f"{name}={value!r} is invalid; use {choices}")
        return value

    def parse_variable(name: str, value: str) -> object:
        word = value.strip().lower()
        return word if word in meanings else parse(name, value)

    return parse, parse_variable


spans, spans_variable = _one_of({"all": "every run", "genai": "GenAI operations only"})
usage_sums, usage_sums_variable = _one_of(
    {"all": "agents and the root of a trace", "agents": "agents only", "none": "no sums"}
)


def keys(name: str, value: object) -> tuple[str, ...]:
    """Read a sequence of keys."""
    if (
        isinstance(value, str)
        or not isinstance(value, Sequence)
        or not all(isinstance(key, str) for key in value)
    ):
        raise ValueError(f"{name}={value!r} is invalid; use a list of strings, such as ['order_id']")
    return tuple(value)


def keys_variable(_name: str, value: str) -> tuple[str, ...]:
    """Read keys separated by commas."""
    return tuple(key.strip() for key in value.split(",") if key.strip())


def function(signature: str) -> Parser:
    """Return a parser for an optional function.

    Args:
        signature: The signature that the error message shows, such as `redact(value, where)`.
    """

    def parse(name: str, value: object) -> object:
        if value is not None and not callable(value):
            raise TypeError(f"{name}={value!r} is not callable; pass a function {signature}")
        return value

    return parse


def at_least(least: int) -> Parser:
    """Return a parser for whole numbers that are not below `least`."""

    def parse(name: str, value: object) -> int:
        try:
            number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or number < least:
            raise ValueError(f"{name}={value!r} is invalid; use a whole number of at least {least}")
        return number

    return parse


def is_true(_name: str, value: object) -> bool:
    """Return whether a value is `true` in any case, as for booleans in OpenTelemetry's specification."""
    return str(value).strip().lower() == "true"


def switch(name: str, value: object) -> bool:
    """Parse an argument that switches something on or off."""
    if value is True or value is False:
        return value
    raise ValueError(f"{name}={value!r} is invalid; use True or False")


def switch_variable(name: str, value: str) -> bool:
    """Parse a variable that switches something on or off."""
    word = value.strip().lower()
    if word not in ("true", "false"):
        raise ValueError(f"{name}={value!r} is invalid; use true or false")
    return word == "true"


def opts_in(_name: str, value: str) -> bool:
    """Return whether a list of opt-ins has that for the latest GenAI conventions."""
    return "gen_ai_latest_experimental" in {word.strip() for word in value.split(",")}


def text(_name: str, value: str) -> str:
    """Return the text without surrounding whitespace."""
    return value.strip()


def trace_address(name: str, value: str) -> str:
    """Parse the address of a trace, with a place for its id."""
    address = value.strip()
    if "{trace_id}" not in address:
        raise ValueError(f"{name} has no place for the trace's id; write {{trace_id}} where it belongs")
    return address


def check_providers(tracer_provider: object, meter_provider: object, logger_provider: object) -> None:
    """Check the OpenTelemetry providers that were passed in; None counts as omitted.

    Raises:
        TypeError: One of them is not a provider; the message names the argument, the value and the fix.
    """
    for name, provider, method in (
        ("tracer_provider", tracer_provider, "get_tracer"),
        ("meter_provider", meter_provider, "get_meter"),
        ("logger_provider", logger_provider, "get_logger"),
    ):
        if provider is not None and (isinstance(provider, type) or not hasattr(provider, method)):
            raise TypeError(f"{name}={provider!r} is no provider; pass an object with a {method}() method")


def is_same(value: object, former: object) -> bool:
    """Return whether two arguments are the same, without calling the `__eq__` of application objects.

    Args:
        value: An argument.
        former: The argument of that name in an earlier call.
    """
    if value is former:
        return True
    return _is_plain(value) and _is_plain(former) and value == former


def _is_plain(value: object) -> bool:
    if type(value) in (list, tuple, set, frozenset):
        return all(type(item) is str for item in value)  # type: ignore[attr-defined] # one of these two
    if is_dataclass(value) and type(value).__module__.startswith("langspan."):
        return True
    return type(value) in (str, int, bool)
