"""The application's own prices of models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

Number: TypeAlias = Decimal | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs, in US dollars per million tokens. A number or its text, such as "0.15", is exact.

    What has no price of its own is charged as `input` or `output`.

    Attributes:
        input: Input tokens.
        output: Output tokens.
        cache_read: Input tokens read from the provider's cache.
        cache_write: Input tokens written to it.
        cache_write_1h: Those that are kept there for an hour; else as `cache_write`.
        reasoning: Output tokens used for reasoning.
        input_audio: Input tokens of audio.
        output_audio: Output tokens of audio.
        date: The day from which the price holds, as a date or as "2026-11-28"; it is recorded.

    Raises:
        ValueError: A price is invalid; the message names it, the value and the fix.
    """

    input: Number
    output: Number
    cache_read: Number | None = None
    cache_write: Number | None = None
    cache_write_1h: Number | None = None
    reasoning: Number | None = None
    input_audio: Number | None = None
    output_audio: Number | None = None
    date: dt.date | str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "date":
                if value is not None and not _is_date(value):
                    raise ValueError(f"date={value!r} is invalid; use a date, such as '2026-11-28'")
            elif (value is not None or field.default is not None) and not _is_price(value):
                raise ValueError(
                    f"{field.name}={value!r} is invalid; use US dollars per million tokens, such as 2.5"
                )


def as_decimal(value: Number) -> Decimal:
    """Return the number as it is written: 0.1 is a tenth, not the float next to it."""
    return Decimal(str(value))


def _is_price(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        return False
    try:
        number = as_decimal(value)
    except InvalidOperation:
        return False
    return number.is_finite() and number >= 0


def _is_date(value: object) -> bool:
    if isinstance(value, dt.datetime):
        return False
    try:
        return isinstance(value, dt.date) or bool(dt.date.fromisoformat(str(value)))
    except ValueError:
        return False


def checked(name: str, value: object) -> Mapping[str, Price]:
    """Return prices by model, as an argument gives them.

    Args:
        name: The argument.
        value: Its value.

    Raises:
        ValueError: They are no prices by model; the message names the argument, the value and the fix.
    """
    if not isinstance(value, dict) or not all(
        isinstance(model, str) and model and isinstance(price, Price) for model, price in value.items()
    ):
        raise ValueError(
            f"{name}={value!r} is invalid; use a dictionary of models and their prices, such as "
            "{'my-model': langspan.Price(input=0.5, output=1.5)}"
        )
    return dict(value)
