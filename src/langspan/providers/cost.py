"""What a model call costs: as its answer reports it, or by the application's own prices.

Sources: `usage.cost` of OpenRouter and of gateways that speak its dialect, `response_cost` of LiteLLM and the
header of its proxy, where LangChain's packages put them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation, localcontext
from typing import Any, Final, NamedTuple, Protocol

from langspan._prices import Number, Price, as_decimal
from langspan._reading import as_text
from langspan._values import Attributes, as_float, as_int, as_mapping, as_str
from langspan.conventions import names
from langspan.conventions.costs import CostSource
from langspan.providers.llm_result import Answer
from langspan.providers.usage_fields import stored_fields

_MILLION: Final = 1_000_000
# The application may have made Python's own decimals as coarse, or as strict, as it likes.
_EXACT: Final = Context(prec=50)
_AMOUNTS: Final = ("response_cost", "cost")
_USAGES: Final = ("token_usage", "usage")
_HEADER: Final = "x-litellm-response-cost"


class Cost(NamedTuple):
    """What a model call costs.

    Attributes:
        amount: The amount, in US dollars.
        source: A value of `CostSource`.
        price_date: The day from which the price holds, if that is known.
        price_list: The list with the price, and its version.
    """

    amount: Decimal
    source: str
    price_date: str | None = None
    price_list: str | None = None


class Billable(NamedTuple):
    """What the price of a model call depends on.

    Attributes:
        provider: `gen_ai.provider.name`, if known.
        models: The names of the model: the one that answered, then the one that was asked for.
        address: The server's address, if known.
        tokens: `gen_ai.usage.*`; input and output are among them.
        terms: On what terms the provider answered: service tier, batch processing, speed.
        at: When the call started.
    """

    provider: str | None
    models: Sequence[str]
    address: str | None
    tokens: Mapping[str, int]
    terms: Mapping[str, str]
    at: datetime


class Prices(Protocol):
    """Something that knows prices."""

    def cost_of(self, call: Billable) -> Cost | None:
        """Return what a call costs; None if the model is not known, or its counts contradict each other."""


def exact_sum(amounts: Sequence[float]) -> float:
    """Return the sum of amounts as they are written, without the small errors of binary fractions."""
    with localcontext(_EXACT):
        return float(sum(map(as_decimal, amounts), Decimal(0)))


def billable(provider: str | None, started: int, requested: Attributes, told: Attributes) -> Billable | None:
    """Return what the price of a call depends on; None if nobody counted its tokens.

    Args:
        provider: `gen_ai.provider.name`, if known.
        started: When the call started, in nanoseconds since the epoch.
        requested: The call's attributes at its start.
        told: Its attributes at its end.
    """
    tokens = {name: count for name, value in told.items() if (count := _count(name, value)) is not None}
    if names.GEN_AI_USAGE_INPUT_TOKENS not in tokens or names.GEN_AI_USAGE_OUTPUT_TOKENS not in tokens:
        return None
    models = (told.get(names.GEN_AI_RESPONSE_MODEL), requested.get(names.GEN_AI_REQUEST_MODEL))
    return Billable(
        provider,
        tuple(dict.fromkeys(model for each in models if (model := as_str(each)) is not None)),
        as_str(requested.get(names.SERVER_ADDRESS)),
        tokens,
        {},
        datetime.fromtimestamp(started // 1_000_000_000, UTC),
    )


def _count(name: str, value: object) -> int | None:
    is_usage = name.startswith("gen_ai.usage.") or name in _LIFETIMES
    return as_int(value) if is_usage else None


_LIFETIMES: Final = (
    names.LANGSPAN_USAGE_CACHE_WRITE_5M_INPUT_TOKENS,
    names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
)


def terms_of(answer: Answer, told: Attributes) -> Mapping[str, str]:
    """Return the terms that a price depends on, as the provider confirmed them.

    Args:
        answer: The answer.
        told: The call's attributes at its end.
    """
    first = answer.choices[0] if answer.choices else None
    metadata = {} if first is None else first.metadata
    usages = [stored_fields(metadata[key]) for key in ("usage", "usage_metadata") if metadata.get(key)]
    found = {
        key: text.lower()
        for key in ("service_tier", "speed")
        for source in (*usages, metadata)
        if (text := as_str(source.get(key))) is not None
    }
    tier = as_str(told.get(names.OPENAI_RESPONSE_SERVICE_TIER)) or found.get("service_tier")
    if tier is not None:
        found["service_tier"] = tier
        if tier == "batch":
            found["processing"] = tier
    return found


def reported_cost(answer: Answer) -> Cost | None:
    """Return the cost that an answer itself carries, if it does.

    Args:
        answer: The answer, or the part of it that arrived.
    """
    first = answer.choices[:1]  # the choices of a call share its cost
    for source in (*(part for choice in first for part in (choice.metadata, choice.info)), answer.output):
        for value in _amounts(source):
            amount = _amount(value)
            if amount is not None:
                return Cost(amount, CostSource.REPORTED)
    return None


def _amounts(source: Mapping[str, Any]) -> Sequence[object]:
    """Return what may be an amount, the surest first."""
    usages = [stored_fields(source[key]) for key in _USAGES if source.get(key) is not None]
    hidden = as_mapping(source.get("_hidden_params"))
    headers = as_mapping(source.get("headers"))
    return [
        *(source.get(key) for key in _AMOUNTS),
        hidden.get("response_cost"),
        *(usage.get("cost") for usage in usages),
        headers.get(_HEADER),
    ]


def _amount(value: object) -> Decimal | None:
    text = as_text(value)
    if text is None:
        number = as_float(value)
        text = None if number is None else repr(number)
    try:
        amount = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() and amount >= 0 else None


class OwnPrices:
    """The application's own prices.

    Args:
        prices: Prices by model, under the name that answers or requests have.
    """

    def __init__(self, prices: Mapping[str, Price]) -> None:
        self._prices = prices

    def cost_of(self, call: Billable) -> Cost | None:
        """Return what a call costs; None if the model is not known, or its counts contradict each other."""
        for model in call.models:
            price = self._prices.get(model)
            if price is not None:
                with localcontext(_EXACT):
                    amount = _charged(price, call.tokens)
                date = None if price.date is None else str(price.date)
                return None if amount is None else Cost(amount, CostSource.OWN, date)
        return None


def _charged(price: Price, tokens: Mapping[str, int]) -> Decimal | None:
    read = tokens.get(names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, 0)
    written = tokens.get(names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, 0)
    for_an_hour = tokens.get(names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS, 0)
    heard = tokens.get(names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS, 0) if price.input_audio is not None else 0
    said = tokens.get(names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, 0) if price.output_audio is not None else 0
    if heard and (read or written):
        return None  # nobody tells how much of the cached is audio
    taken = (
        (read, price.cache_read),
        (written - for_an_hour, price.cache_write),
        (for_an_hour, price.cache_write if price.cache_write_1h is None else price.cache_write_1h),
        (heard, price.input_audio),
    )
    given = (
        (tokens.get(names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, 0), price.reasoning),
        (said, price.output_audio),
    )
    parts = (
        _side(tokens[names.GEN_AI_USAGE_INPUT_TOKENS], price.input, taken),
        _side(tokens[names.GEN_AI_USAGE_OUTPUT_TOKENS], price.output, given),
    )
    return None if None in parts else sum(filter(None, parts), Decimal(0)) / _MILLION


def _side(total: int, usual: Number, parts: Sequence[tuple[int, Number | None]]) -> Decimal | None:
    """Return the price of a million times the tokens: of the parts, and of the rest of the total."""
    rest = total - sum(count for count, _ in parts)
    if rest < 0 or any(count < 0 for count, _ in parts):
        return None
    usual = as_decimal(usual)
    return sum((count * (usual if rate is None else as_decimal(rate)) for count, rate in parts), usual * rest)
