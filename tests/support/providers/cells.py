"""The table as a reader sees it: a mark for each class and fact, and what a scenario loses beside that.

Made from the same data as what the tests expect of each span. `tools/providers.py` writes it down.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from support.providers.absences import NEVER_SENT, ONLY_SENT_BY
from support.providers.client import Client
from support.providers.facts import Facts
from support.providers.losses import LOSSES
from support.providers.scenarios import MODES, SCENARIOS, Scenario
from support.providers.table import Loss, Situation


class Mark(StrEnum):
    """What becomes of a fact of the wire."""

    RECORDED = "✓"
    PART = "◐"
    LOST = "✗"
    NEVER_SENT = "·"


def mark(client: str, fact: str) -> Mark:
    """What the table says of one fact of one class."""
    if fact in NEVER_SENT[client] or client not in ONLY_SENT_BY.get(fact, (client,)):
        return Mark.NEVER_SENT
    losses = losing(client, fact)
    gone = {situation for loss in losses if loss.unconditional for situation in loss.when}
    if gone >= {"whole", "streamed"}:
        return Mark.LOST
    return Mark.PART if losses else Mark.RECORDED


def losing(client: str, fact: str) -> list[Loss]:
    """How a class loses a fact."""
    return [loss for loss in LOSSES[client] if fact in loss.facts]


def general(client: Client) -> list[Loss]:
    """What a class loses in a plain call, as in any other."""
    return [loss for loss in LOSSES[client.name] if _happens(loss, client, SCENARIOS["plain"])]


def peculiar(client: Client, scenario: Scenario) -> list[Loss]:
    """What a class loses in a scenario and keeps in a plain call."""
    lost = [loss for loss in LOSSES[client.name] if _happens(loss, client, scenario)]
    return [loss for loss in lost if loss not in general(client)]


def _happens(loss: Loss, client: Client, scenario: Scenario) -> bool:
    return any(
        loss.applies(situation, scenario.name, mode)
        for situation in _situations(client, scenario)
        for mode in MODES
    )


def _situations(client: Client, scenario: Scenario) -> Iterable[Situation]:
    if scenario.fault is not None:
        return ("cut", "failed") if scenario.fault.kind == "cut" else ("failed",)
    return ("failed", "streamed") if scenario.name in client.raises else ("whole", "streamed")


def witnessed(exchanges: Iterable[tuple[Facts, Facts]], fact: str) -> Mark:
    """What exchanges show of a fact.

    Args:
        exchanges: What the wire said, and what the span says.
        fact: Which.
    """
    pairs = [(wire.get(fact), span.get(fact)) for wire, span in exchanges]
    if all(pair == (None, None) for pair in pairs):
        return Mark.NEVER_SENT
    if all(sent == said for sent, said in pairs):
        return Mark.RECORDED
    return Mark.LOST if all(said is None for _, said in pairs) else Mark.PART
