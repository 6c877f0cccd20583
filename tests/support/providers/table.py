"""Provider by fact: what a span can know, and what LangChain loses between the wire and its callbacks.

Every cell is kept (the span says what the wire said), lost in some situations or all,
or never on the wire. `tests/providers/test_table.py` holds each of them against real exchanges. The data is
in `losses` and `absences`, `cells` reads it, and `make pages` writes docs/providers.md from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from support.providers import facts as f

Situation = Literal["whole", "streamed", "cut", "failed"]
"""An answer in one piece, a stream to its end, a stream cut in the middle, no answer at all."""

FACTS: Final[Mapping[str, str]] = {
    f.PROVIDER: "provider",
    f.OPERATION: "operation",
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
    f.FIRST_CHUNK: "time to first chunk",
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
    f.ADDRESS: "server address",
    f.PORT: "server port",
    f.ERROR: "error type",
}
"""What every class may tell."""

SPECIAL: Final[Mapping[str, str]] = {
    f.CACHE_5M: "tokens written to cache for 5 minutes",
    f.CACHE_1H: "tokens written to cache for an hour",
    f.TEXT_IN: "text tokens in",
    f.IMAGE_IN: "image tokens in",
    f.AUDIO_IN: "audio tokens in",
    f.AUDIO_OUT: "audio tokens out",
    f.BUDGET: "reasoning budget",
    f.PREVIOUS: "previous response id",
    f.API_TYPE: "kind of API",
    f.TIER_ASKED: "requested service tier",
    f.TIER: "service tier",
    f.FINGERPRINT: "system fingerprint",
}
"""What few of the APIs know."""


@dataclass(frozen=True)
class Loss:
    """Facts of the wire that do not reach the span.

    Attributes:
        facts: Which.
        reason: Why, in terms of the package that loses them.
        when: Where they are lost.
        only: In these scenarios; empty for all.
        but_not: Not in these.
        modes: In calls by these methods; empty for all.
        leaves: What the span says in their place; None for nothing.
        instead: The fact of the wire that the span says in their place.
    """

    facts: tuple[str, ...]
    reason: str
    when: tuple[Situation, ...] = ("whole", "streamed", "cut", "failed")
    only: tuple[str, ...] = ()
    but_not: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    leaves: Any = None
    instead: str = ""

    @property
    def unconditional(self) -> bool:
        """Whether nothing is left of the facts, whatever the call."""
        return not (self.only or self.but_not or self.modes or self.instead) and self.leaves is None

    def applies(self, situation: Situation, scenario: str, mode: str) -> bool:
        """Whether the facts are lost in a call."""
        wanted = (not self.only or scenario in self.only) and (not self.modes or mode in self.modes)
        return wanted and situation in self.when and scenario not in self.but_not


def applying(
    losses: Iterable[Loss], situation: Situation, scenario: str, mode: str
) -> Iterator[tuple[str, Loss]]:
    """What is lost in a call: each fact, and how."""
    for loss in losses:
        if loss.applies(situation, scenario, mode):
            for fact in loss.facts:
                yield fact, loss
