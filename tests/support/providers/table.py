"""Provider by fact: what a span can know, and what LangChain loses between the wire and its callbacks.

Every cell is one of three: kept (the default: the span says what the wire said), lost (`LOSSES`, for some
situations or all), or never on the wire (`NEVER_SENT`). `tests/providers/test_table.py` holds each of them
against real exchanges, and a page of documentation can be made from this data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from support.providers import facts as f

Situation = Literal["whole", "streamed", "cut", "failed"]
"""An answer in one piece, a stream to its end, a stream cut in the middle, no answer at all."""

FACTS: Final[Mapping[str, str]] = {
    f.MODEL: "requested model",
    f.RESPONSE_MODEL: "answering model",
    f.ID: "response id",
    f.FINISH: "finish reasons",
    f.INPUT: "input tokens",
    f.OUTPUT: "output tokens",
    f.CACHE_READ: "tokens read from cache",
    f.CACHE_WRITE: "tokens written to cache",
    f.REASONING: "reasoning tokens",
    f.STREAM: "streamed",
    f.TEMPERATURE: "temperature",
    f.TOP_P: "top p",
    f.TOP_K: "top k",
    f.MAX_TOKENS: "max tokens",
    f.STOP: "stop sequences",
    f.SEED: "seed",
    f.FREQUENCY: "frequency penalty",
    f.PRESENCE: "presence penalty",
    f.CHOICES: "number of choices",
    f.LEVEL: "reasoning level",
    f.OUTPUT_TYPE: "output type",
    "server.address": "server address",
    "server.port": "server port",
    f.ERROR: "error type",
}


@dataclass(frozen=True)
class Loss:
    """A fact of the wire that does not reach the span.

    Attributes:
        reason: Why, in terms of the package that loses it.
        when: Where it is lost.
        only: In these scenarios; None for all.
        but_not: Not in these.
        leaves: What can be said instead; None for nothing.
    """

    reason: str
    when: frozenset[Situation]
    only: frozenset[str] | None = None
    but_not: frozenset[str] = frozenset()
    leaves: Any = None

    def applies(self, situation: Situation, scenario: str) -> bool:
        """Whether the fact is lost in a call."""
        wanted = self.only is None or scenario in self.only
        return wanted and situation in self.when and scenario not in self.but_not


def _lost(
    reason: str,
    *when: Situation,
    only: str | None = None,
    but_not: tuple[str, ...] = (),
    leaves: Any = None,
) -> Loss:
    return Loss(reason, frozenset(when), frozenset({only}) if only else None, frozenset(but_not), leaves)


def _merged(package: str, word: str = "stop") -> Loss:
    reason = f"{package} merges the choices of a stream into one message"
    return _lost(reason, "streamed", only="two choices", leaves=[word])


_OPENAI_STREAM_ID = _lost(
    "langchain-openai does not copy the id of streamed chunks, except where the SDK parses the whole answer",
    "streamed",
    "cut",
    but_not=("structured by schema", "JSON mode"),
)
_OPENAI_LATE_FACTS = _lost("langchain-openai reads it from the chunk with the finish reason only", "cut")
_OPENAI_API = _lost(
    "langchain-openai picks the API inside the call; a failed call does not tell which", "failed", "cut"
)
_COMPLETION = _lost("langchain-openai's completion model does not keep it", "whole", "streamed", "cut")
_COMPLETION_DETAILS = _lost("langchain-openai's completion model keeps the totals only", "whole", "streamed")
_COMPLETION_STREAM = _lost(
    "langchain-openai's completion model drops the usage chunk of a stream", "streamed"
)
_RESPONSES_LATE = _lost("langchain-openai reads it from the last event only", "cut")
_ANTHROPIC_ID = _lost("langchain-anthropic does not copy the id of a streamed message", "streamed", "cut")
_ANTHROPIC_LATE = _lost("langchain-anthropic reads usage from the closing event only", "cut")

_OPENAI_CHAT: Mapping[str, Loss] = {
    f.ID: _OPENAI_STREAM_ID,
    f.RESPONSE_MODEL: _OPENAI_LATE_FACTS,
    f.FINGERPRINT: _OPENAI_LATE_FACTS,
    f.API_TYPE: _OPENAI_API,
    f.FINISH: _merged("langchain-openai"),
}
_USAGE = (
    f.INPUT,
    f.OUTPUT,
    f.CACHE_READ,
    f.CACHE_WRITE,
    f.CACHE_CREATION,
    f.CACHE_5M,
    f.CACHE_1H,
)

_MISTRAL_ID = _lost("langchain-mistralai does not keep the id", "whole", "streamed", "cut")
_MISTRAL_CACHE = _lost("langchain-mistralai keeps the totals of a stream only", "streamed")
_MISTRAL_MODEL = _lost(
    "langchain-mistralai writes the requested model into a whole answer, and reads a stream's at its end",
    "whole",
    "cut",
)
_GROQ_ID = _lost("langchain-groq does not keep the id", "whole", "streamed", "cut")
_GROQ_MODEL = _lost("langchain-groq writes the requested model in its place", "whole", "streamed", "cut")
_FIREWORKS_ID = _lost("langchain-fireworks does not keep the id", "whole", "streamed", "cut")
_FIREWORKS_MODEL = _lost(
    "langchain-fireworks writes the requested model in its place", "whole", "streamed", "cut"
)
_XAI_DETAILS = _lost("langchain-xai keeps no counts of text and images from a stream", "streamed")
_OPENAI_LIKE: Mapping[str, Loss] = {
    f.ID: _OPENAI_STREAM_ID,
    f.RESPONSE_MODEL: _OPENAI_LATE_FACTS,
}

LOSSES: Final[Mapping[str, Mapping[str, Loss]]] = {
    "ChatOpenAI": _OPENAI_CHAT,
    "AzureChatOpenAI": _OPENAI_CHAT,
    "ChatOpenAI, Responses API": {f.RESPONSE_MODEL: _RESPONSES_LATE, f.TIER: _RESPONSES_LATE},
    "OpenAI": {
        **dict.fromkeys((f.ID, f.RESPONSE_MODEL, f.FINGERPRINT), _COMPLETION),
        **dict.fromkeys((f.CACHE_READ, f.REASONING, f.AUDIO_IN, f.AUDIO_OUT), _COMPLETION_DETAILS),
        **dict.fromkeys((f.INPUT, f.OUTPUT), _COMPLETION_STREAM),
    },
    "ChatAnthropic": {f.ID: _ANTHROPIC_ID} | dict.fromkeys(_USAGE, _ANTHROPIC_LATE),
    "ChatMistralAI": {
        f.ID: _MISTRAL_ID,
        f.RESPONSE_MODEL: _MISTRAL_MODEL,
        f.FINISH: _merged("langchain-mistralai"),
        f.CACHE_READ: _MISTRAL_CACHE,
    },
    "ChatGroq": {f.ID: _GROQ_ID, f.RESPONSE_MODEL: _GROQ_MODEL, f.FINISH: _merged("langchain-groq")},
    "ChatDeepSeek": _OPENAI_LIKE,
    "ChatXAI": {
        **_OPENAI_LIKE,
        **dict.fromkeys((f.TEXT_IN, f.IMAGE_IN), _XAI_DETAILS),
        f.FINISH: _merged("langchain-openai"),
    },
    "ChatTogether": {**_OPENAI_LIKE, f.FINISH: _merged("langchain-openai", "eos")},
    "ChatFireworks": {
        f.ID: _FIREWORKS_ID,
        f.RESPONSE_MODEL: _FIREWORKS_MODEL,
        f.FINISH: _merged("langchain-fireworks"),
    },
}

_NO_SEED = "the API has no seed"
_NO_PENALTIES = "the API has no penalties"
_NO_TOP_K = "the API has no top k"
_ONE_CHOICE = "the API gives one answer"
_NOTHING_WRITTEN = "the API does not count cache writes"

NEVER_SENT: Final[Mapping[str, Mapping[str, str]]] = {
    "ChatOpenAI": {f.TOP_K: _NO_TOP_K},
    "AzureChatOpenAI": {f.TOP_K: _NO_TOP_K},
    "ChatOpenAI, Responses API": {
        f.TOP_K: _NO_TOP_K,
        f.SEED: _NO_SEED,
        f.STOP: "the API has no stop sequences",
        f.FREQUENCY: _NO_PENALTIES,
        f.PRESENCE: _NO_PENALTIES,
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
        f.FREQUENCY: _NO_PENALTIES,
        f.PRESENCE: _NO_PENALTIES,
        f.CHOICES: _ONE_CHOICE,
    },
    "ChatMistralAI": {
        f.TOP_K: _NO_TOP_K,
        f.CACHE_WRITE: _NOTHING_WRITTEN,
        f.REASONING: "the API counts reasoning within the output",
        f.LEVEL: "the API has no reasoning levels for this model",
    },
    "ChatGroq": {f.TOP_K: _NO_TOP_K, f.CACHE_WRITE: _NOTHING_WRITTEN},
    "ChatDeepSeek": {
        f.TOP_K: _NO_TOP_K,
        f.SEED: _NO_SEED,
        f.CHOICES: _ONE_CHOICE,
        f.CACHE_WRITE: _NOTHING_WRITTEN,
    },
    "ChatXAI": {f.TOP_K: _NO_TOP_K, f.CACHE_WRITE: _NOTHING_WRITTEN},
    "ChatTogether": dict.fromkeys((f.CACHE_READ, f.CACHE_WRITE, f.REASONING), "the API counts totals only"),
    "ChatFireworks": {f.CACHE_WRITE: _NOTHING_WRITTEN},
}


_ADDRESS = _lost(
    "a class that LangChain cannot serialise has no constructor arguments in its events",
    "whole",
    "streamed",
    "cut",
    "failed",
)
# What LangChain does tell, in a place this package does not look at yet.
GAPS: Final[tuple[tuple[str | None, str, Loss], ...]] = (
    (
        None,
        f.STREAM,
        _lost("a stream that fails before its first chunk is not told from a plain call", "failed"),
    ),
    *(
        (
            "OpenAI",
            fact,
            _lost(
                "the start event of a completion model has the constructor's parameters, not the call's",
                "whole",
                only="parameters of the call",
            ),
        )
        for fact in (f.TEMPERATURE, f.MAX_TOKENS)
    ),
    *(
        (client, fact, _ADDRESS)
        for client in ("ChatDeepSeek", "ChatTogether")
        for fact in ("server.address", "server.port")
    ),
)


def loss(client: str, fact: str, situation: Situation, scenario: str) -> Loss | None:
    """How LangChain keeps a fact from us in a call, if it does."""
    found = LOSSES.get(client, {}).get(fact)
    return found if found is not None and found.applies(situation, scenario) else None


def gaps(client: str, situation: Situation, scenario: str) -> dict[str, str]:
    """Facts that this package does not tell rightly yet, with the reason."""
    return {
        fact: gap.reason
        for name, fact, gap in GAPS
        if name in {None, client} and gap.applies(situation, scenario)
    }
