"""What was never on the wire: facts that an API does not have, and facts that few of them have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from support.providers import facts as f

_NO_SEED = "the API has no seed"
_NO_PENALTIES = "the API has no penalties"
_NO_TOP_K = "the API has no top k"
_ONE_CHOICE = "the API gives one answer"
_NO_LEVELS = "the API has no reasoning levels"
_NOTHING_WRITTEN = "the API does not count cache writes"
_WITHIN_OUTPUT = "the API counts reasoning within the output"
_TOTALS_ONLY = "the API counts totals only"
_NO_ID = "the API gives no id"
_PENALTIES = (f.FREQUENCY, f.PRESENCE)

NEVER_SENT: Final[Mapping[str, Mapping[str, str]]] = {
    "ChatOpenAI": {f.TOP_K: _NO_TOP_K},
    "AzureChatOpenAI": {f.TOP_K: _NO_TOP_K},
    "ChatOpenAI, Responses API": {
        f.TOP_K: _NO_TOP_K,
        f.SEED: _NO_SEED,
        f.STOP: "the API has no stop sequences",
        **dict.fromkeys(_PENALTIES, _NO_PENALTIES),
        f.CHOICES: _ONE_CHOICE,
    },
    "OpenAI": {
        f.TOP_K: _NO_TOP_K,
        f.CACHE_WRITE: _NOTHING_WRITTEN,
        f.LEVEL: "completion models do not reason",
        f.OUTPUT_TYPE: "the API gives text only",
    },
    "ChatAnthropic": {
        f.SEED: _NO_SEED,
        **dict.fromkeys(_PENALTIES, _NO_PENALTIES),
        f.CHOICES: _ONE_CHOICE,
    },
    "ChatGoogleGenerativeAI": {f.CACHE_WRITE: _NOTHING_WRITTEN},
    "ChatGoogleGenerativeAI, Vertex AI": {f.CACHE_WRITE: _NOTHING_WRITTEN},
    "ChatBedrockConverse": {
        f.ID: "the API gives an id of the request only",
        f.RESPONSE_MODEL: "the API does not name the model",
        f.REASONING: _WITHIN_OUTPUT,
        f.SEED: _NO_SEED,
        **dict.fromkeys(_PENALTIES, _NO_PENALTIES),
        f.CHOICES: _ONE_CHOICE,
    },
    "ChatCohere": {
        f.RESPONSE_MODEL: "the API does not name the model",
        f.CACHE_WRITE: _NOTHING_WRITTEN,
        f.REASONING: _WITHIN_OUTPUT,
        f.LEVEL: _NO_LEVELS,
        f.CHOICES: _ONE_CHOICE,
    },
    "ChatOllama": {
        f.ID: _NO_ID,
        f.CACHE_READ: _TOTALS_ONLY,
        f.CACHE_WRITE: _TOTALS_ONLY,
        f.REASONING: _TOTALS_ONLY,
        **dict.fromkeys(_PENALTIES, "langchain-ollama does not send them"),
        f.CHOICES: _ONE_CHOICE,
    },
    "ChatMistralAI": {
        f.TOP_K: _NO_TOP_K,
        f.CACHE_WRITE: _NOTHING_WRITTEN,
        f.REASONING: _WITHIN_OUTPUT,
        f.LEVEL: _NO_LEVELS,
    },
    "ChatGroq": {f.TOP_K: _NO_TOP_K, f.CACHE_WRITE: _NOTHING_WRITTEN},
    "ChatDeepSeek": {
        f.TOP_K: _NO_TOP_K,
        f.SEED: _NO_SEED,
        f.CHOICES: _ONE_CHOICE,
        f.CACHE_WRITE: _NOTHING_WRITTEN,
    },
    "ChatXAI": {f.TOP_K: _NO_TOP_K, f.CACHE_WRITE: _NOTHING_WRITTEN},
    "ChatTogether": dict.fromkeys((f.CACHE_READ, f.CACHE_WRITE, f.REASONING), _TOTALS_ONLY),
    "ChatFireworks": {f.CACHE_WRITE: _NOTHING_WRITTEN},
    "ChatHuggingFace": {
        f.ID: "the server's id is empty",
        f.TOP_K: _NO_TOP_K,
        f.CHOICES: _ONE_CHOICE,
        f.LEVEL: _NO_LEVELS,
        **dict.fromkeys((f.CACHE_READ, f.CACHE_WRITE, f.REASONING), _TOTALS_ONLY),
    },
}

_OPENAI: Final = ("ChatOpenAI", "ChatOpenAI, Responses API", "AzureChatOpenAI")
_GEMINI: Final = ("ChatGoogleGenerativeAI", "ChatGoogleGenerativeAI, Vertex AI")
_AUDIO: Final = ("ChatOpenAI", "AzureChatOpenAI", "OpenAI", "ChatXAI")

ONLY_SENT_BY: Final[Mapping[str, tuple[str, ...]]] = {
    f.CACHE_5M: ("ChatAnthropic",),
    f.CACHE_1H: ("ChatAnthropic",),
    f.TEXT_IN: (*_GEMINI, "ChatXAI"),
    f.IMAGE_IN: ("ChatXAI",),
    f.AUDIO_IN: _AUDIO,
    f.AUDIO_OUT: _AUDIO,
    f.BUDGET: ("ChatAnthropic", *_GEMINI, "ChatBedrockConverse"),
    f.PREVIOUS: ("ChatOpenAI, Responses API",),
    f.API_TYPE: _OPENAI,
    f.TIER_ASKED: _OPENAI,
    f.TIER: _OPENAI,
    f.FINGERPRINT: ("ChatOpenAI", "AzureChatOpenAI", "OpenAI"),
}
