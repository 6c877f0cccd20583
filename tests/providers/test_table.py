"""The table of providers and facts is full, and each of its cells is true."""

from __future__ import annotations

import pytest

from support.providers import facts as f
from support.providers.client import Client
from support.providers.clients import CLIENTS
from support.providers.losses import LOSSES, NEVER_SENT, cell
from support.providers.observe import Observatory, expected, said, wire
from support.providers.scenarios import SCENARIOS
from support.providers.table import FACTS, Loss, applying

every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


def _named(losses: tuple[Loss, ...]) -> set[str]:
    return {fact for loss in losses for fact in loss.facts}


@every_client
def test_every_cell_is_kept_lost_or_never_sent(client: Client, observatory: Observatory):
    kept = {fact for seen in observatory.all_of(client) for fact in expected(seen) if fact in said(seen)}
    accounted = kept | _named(LOSSES[client.name]) | {*NEVER_SENT[client.name]}
    assert set() == FACTS.keys() - accounted


@every_client
def test_what_is_called_lost_was_on_the_wire(client: Client, observatory: Observatory):
    """A loss that no exchange shows is a guess."""
    shown = {
        (fact, seen.situation, loss.reason)
        for seen in observatory.all_of(client)
        for fact, loss in applying(LOSSES[client.name], seen.situation, seen.scenario.name, seen.mode)
        if wire(seen).get(fact) != expected(seen).get(fact)
    }
    claimed = {
        (fact, when, loss.reason) for loss in LOSSES[client.name] for fact in loss.facts for when in loss.when
    }
    assert set() == claimed - shown


@every_client
def test_what_is_called_never_sent_is_never_sent(client: Client, observatory: Observatory):
    sent = {fact for seen in observatory.all_of(client) for fact in wire(seen)}
    assert set() == NEVER_SENT[client.name].keys() & sent


def test_every_reason_is_given():
    losses = [loss.reason for row in LOSSES.values() for loss in row]
    absences = [reason for row in NEVER_SENT.values() for reason in row.values()]
    skips = [reason for client in CLIENTS.values() for reason in client.skips.values()]
    assert all(losses + absences + skips)


def test_every_client_has_its_rows():
    assert [CLIENTS.keys()] * 2 == [LOSSES.keys(), NEVER_SENT.keys()]


def test_every_scenario_is_played_by_some_client():
    played = {scenario.name for client in CLIENTS.values() for scenario in client.scenarios()}
    assert SCENARIOS.keys() == played


@every_client
def test_options_and_skips_name_scenarios(client: Client):
    assert set() == {*client.skips, *client.options, *client.call_options} - SCENARIOS.keys()


def test_a_loss_counts_only_where_it_is_claimed():
    loss = Loss(("a",), "because", ("cut",), only=("x",), modes=("invoke",))
    assert [True, False, False, False] == [
        loss.applies("cut", "x", "invoke"),
        loss.applies("cut", "y", "invoke"),
        loss.applies("whole", "x", "invoke"),
        loss.applies("cut", "x", "stream"),
    ]


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        pytest.param(f.OUTPUT, [], id="kept"),
        pytest.param(f.TOP_K, ["never sent: the API has no top k"], id="never sent"),
        pytest.param(
            f.RESPONSE_MODEL,
            ["lost (cut): langchain-openai reads it from the chunk with the finish reason only"],
            id="lost",
        ),
    ],
)
def test_a_cell_as_text(fact: str, text: list[str]):
    assert text == cell("ChatOpenAI", fact)
