"""The table of providers and facts is full, and each of its cells is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.providers.absences import NEVER_SENT, ONLY_SENT_BY
from support.providers.cells import Mark, general, mark, peculiar, witnessed
from support.providers.client import Client
from support.providers.clients import CLIENTS
from support.providers.facts import Facts
from support.providers.losses import LOSSES
from support.providers.observe import Observation, Observatory, expected, wire
from support.providers.scenarios import MODES, SCENARIOS, Scenario
from support.providers.table import FACTS, SPECIAL, Loss, applying

every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))


CELLS = [
    pytest.param(client, fact, id=f"{name}-{title}")
    for name, client in CLIENTS.items()
    for fact, title in {**FACTS, **SPECIAL}.items()
]
PLAYED = [
    pytest.param(client, scenario, id=f"{name}-{scenario.name}")
    for name, client in CLIENTS.items()
    for scenario in client.scenarios()
]


def _shown(client: Client, seen: Observation) -> Iterator[tuple[str, Loss]]:
    """What a call loses to be seen: its span does not say what the wire said."""
    sent, kept = wire(seen), expected(seen)
    for fact, loss in applying(LOSSES[client.name], seen.situation, seen.scenario.name, seen.mode):
        if sent.get(fact) != kept.get(fact):
            yield fact, loss


@pytest.mark.parametrize(("client", "fact"), CELLS)
def test_the_cell_is_what_the_exchanges_show(client: Client, fact: str, observatory: Observatory):
    assert witnessed(observatory.facts_of(client), fact) is mark(client.name, fact)


@pytest.mark.parametrize(("client", "scenario"), PLAYED)
def test_a_scenario_loses_beside_a_plain_call_what_the_table_says(
    client: Client, scenario: Scenario, observatory: Observatory
):
    lost = [
        loss
        for mode in MODES
        for _, loss in _shown(client, observatory.observe(client, scenario, mode))
        if loss not in general(client)
    ]
    assert {loss.reason for loss in peculiar(client, scenario)} == {loss.reason for loss in lost}


@every_client
def test_what_is_called_lost_was_on_the_wire(client: Client, observatory: Observatory):
    """A loss that no exchange shows is a guess."""
    shown = {
        (fact, seen.situation, loss.reason)
        for seen in observatory.all_of(client)
        for fact, loss in _shown(client, seen)
    }
    claimed = {
        (fact, when, loss.reason) for loss in LOSSES[client.name] for fact in loss.facts for when in loss.when
    }
    assert set() == claimed - shown


def test_every_reason_is_given():
    losses = [loss.reason for row in LOSSES.values() for loss in row]
    absences = [reason for row in NEVER_SENT.values() for reason in row.values()]
    skips = [reason for client in CLIENTS.values() for reason in client.skips.values()]
    assert all(losses + absences + skips)


def test_what_few_send_is_told_of_clients_that_exist():
    assert SPECIAL.keys() == ONLY_SENT_BY.keys()
    assert set() == {name for names in ONLY_SENT_BY.values() for name in names} - CLIENTS.keys()


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
    ("pairs", "expected"),
    [
        pytest.param([({}, {})], Mark.NEVER_SENT, id="never sent"),
        pytest.param([({}, {}), ({"a": 0}, {"a": 0})], Mark.RECORDED, id="recorded where it was sent"),
        pytest.param([({"a": 1}, {"a": 1}), ({"a": 2}, {})], Mark.PART, id="lost once"),
        pytest.param([({"a": 1}, {"a": 2})], Mark.PART, id="changed"),
        pytest.param([({}, {"a": 1})], Mark.PART, id="made up"),
        pytest.param([({"a": 1}, {}), ({}, {})], Mark.LOST, id="lost"),
    ],
)
def test_what_exchanges_show(pairs: list[tuple[Facts, Facts]], expected: Mark):
    assert witnessed(pairs, "a") is expected
