"""Prices from the package `genai-prices`.

It is imported only where costs are asked for, and never told to update itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, localcontext
from importlib import import_module
from typing import Any, Final

from langspan.conventions import names
from langspan.conventions.costs import CostSource
from langspan.providers.cost import Billable, Cost

PACKAGE: Final = "genai_prices"
_EXACT: Final = Context(prec=28)
# The list's names of providers, where they are not the conventions'.
_PROVIDERS: Final[Mapping[str, str]] = {
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "aws.bedrock": "aws",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
}
# Others that speak OpenAI's API, so that its model class is used with them.
_OF_ADDRESS: Final[Mapping[str, str]] = {
    "api.cerebras.ai": "cerebras",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.moonshot.ai": "moonshotai",
    "api.perplexity.ai": "perplexity",
    "api.together.xyz": "together",
    "api.x.ai": "x-ai",
    "openrouter.ai": "openrouter",
}
_AZURE: Final = ".openai.azure.com"
_USAGE: Final[Mapping[str, str]] = {
    names.GEN_AI_USAGE_INPUT_TOKENS: "input_tokens",
    names.GEN_AI_USAGE_OUTPUT_TOKENS: "output_tokens",
    names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: "cache_read_tokens",
    names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: "cache_write_tokens",
    names.LANGSPAN_USAGE_CACHE_WRITE_5M_INPUT_TOKENS: "cache_write_5m_tokens",
    names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS: "cache_write_1h_tokens",
    names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: "output_reasoning_tokens",
    names.GEN_AI_USAGE_TEXT_INPUT_TOKENS: "input_text_tokens",
    names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS: "input_image_tokens",
    names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS: "input_audio_tokens",
    names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS: "output_text_tokens",
    names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: "output_image_tokens",
    names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: "output_audio_tokens",
}


class PriceList:
    """The prices of the package.

    Args:
        package: The package.
    """

    def __init__(self, package: Any) -> None:
        self._calculate: Callable[..., Any] = package.calc_price
        self._usage: Callable[..., Any] = package.Usage
        self._label = f"genai-prices {package.__version__}"

    def cost_of(self, call: Billable) -> Cost | None:
        """Return what a call costs; None if the model is not known, or its counts contradict each other."""
        provider = _provider(call)
        if provider is None:
            return None
        counts = {_USAGE[name]: count for name, count in call.tokens.items() if name in _USAGE}
        with localcontext(_EXACT):
            for model in call.models:
                try:
                    found = self._calculate(
                        self._usage(**counts),
                        model,
                        provider_id=provider,
                        genai_request_timestamp=call.at,
                        price_context=call.terms,
                    )
                except LookupError:
                    continue
                except ValueError:  # such as more cached tokens than tokens
                    return None
                return Cost(found.total_price, CostSource.LIST, _price_date(found, call), self._named(found))
        return None

    def _named(self, found: Any) -> str:
        """Return the list's name; the application itself may have updated it."""
        updated = found.auto_update_timestamp
        return self._label if updated is None else f"{self._label}, updated {updated.date().isoformat()}"


def load() -> PriceList | None:
    """Return the prices of the package; None if it is not installed."""
    try:
        package: Any = import_module(PACKAGE)
    except ModuleNotFoundError as missing:
        if missing.name == PACKAGE:
            return None
        raise
    # The prices themselves are imported with the first calculation: not in the middle of a call.
    package.calc_price(package.Usage(input_tokens=0, output_tokens=0), "gpt-4o", provider_id="openai")
    return PriceList(package)


def _provider(call: Billable) -> str | None:
    provider = call.provider
    if provider == "openai" and call.address is not None:
        if call.address.endswith(_AZURE):
            return "azure"
        provider = _OF_ADDRESS.get(call.address, provider)
    return None if provider is None else _PROVIDERS.get(provider, provider)


def _price_date(found: Any, call: Billable) -> str | None:
    """Return the day from which the price holds, where the list says so."""
    prices = found.model.prices
    for each in reversed(prices if type(prices) is list else []):
        if each.constraint is None or each.constraint.active(call.at):
            start = getattr(each.constraint, "start_date", None)
            return None if start is None else str(start.isoformat())
    return None
