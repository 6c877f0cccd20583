"""The table of providers and facts is full, and each of its cells is true."""

from __future__ import annotations

import pytest

from support.providers.client import Client
from support.providers.clients import CLIENTS
from support.providers.observe import Observatory, expected, said, wire
from support.providers.scenarios import SCENARIOS
from support.providers.table import FACTS, GAPS, LOSSES, NEVER_SENT, gaps, loss

every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


def _seen(observatory: Observatory, client: Client):
    return [
        observatory.observe(client, scenario, mode)
        for scenario in client.scenarios()
        for mode in ("invoke", "stream")
    ]


@every_client
def test_every_cell_is_kept_lost_or_never_sent(client: Client, observatory):
    kept = {fact for seen in _seen(observatory, client) for fact in expected(seen) if fact in said(seen)}
    missing = {fact for name, fact, _ in GAPS if name == client.name}
    accounted = kept | {*LOSSES.get(client.name, {})} | {*NEVER_SENT[client.name]} | missing
    assert set() == FACTS.keys() - accounted


@every_client
def test_what_is_called_lost_was_on_the_wire(client: Client, observatory):
    """A loss that no scenario shows is a guess."""
    shown = {
        (fact, one.situation)
        for one in _seen(observatory, client)
        for fact in wire(one)
        if loss(client.name, fact, one.situation, one.scenario.name)
    }
    claimed = {(fact, when) for fact, lost in LOSSES.get(client.name, {}).items() for when in lost.when}
    assert set() == claimed - shown


@every_client
def test_a_gap_that_is_closed_is_taken_off_the_list(client: Client, observatory):
    still_open = {
        fact
        for one in _seen(observatory, client)
        for fact in gaps(client.name, one.situation, one.scenario.name)
        if expected(one).get(fact) != said(one).get(fact)
    }
    claimed = {fact for name, fact, _ in GAPS if name in {None, client.name}}
    assert set() == claimed - still_open


@every_client
def test_what_is_called_never_sent_is_never_sent(client: Client, observatory):
    sent = {fact for seen in _seen(observatory, client) for fact in wire(seen)}
    assert set() == NEVER_SENT[client.name].keys() & sent


def test_every_reason_is_given():
    losses = [lost.reason for row in LOSSES.values() for lost in row.values()]
    absences = [reason for row in NEVER_SENT.values() for reason in row.values()]
    skips = [reason for client in CLIENTS.values() for reason in client.skips.values()]
    assert all(losses + absences + skips)


def test_every_row_belongs_to_a_client():
    assert set() == (LOSSES.keys() | NEVER_SENT.keys()) - CLIENTS.keys()


def test_every_scenario_is_played_by_some_client():
    played = {scenario.name for client in CLIENTS.values() for scenario in client.scenarios()}
    assert SCENARIOS.keys() == played


@every_client
def test_every_skip_names_a_scenario(client: Client):
    assert set() == client.skips.keys() - SCENARIOS.keys()


def test_a_loss_counts_only_where_it_is_claimed():
    assert loss("ChatOpenAI", "gen_ai.response.id", "streamed", "plain")
    assert not loss("ChatOpenAI", "gen_ai.response.id", "whole", "plain")
