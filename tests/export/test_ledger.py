from __future__ import annotations

import pytest

from langspan.export.ledger import Ledger, Loss


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(clock):
    return Ledger("spans", clock)


def lose(ledger, count, reason=Loss.REFUSED, words="400 Bad Request"):
    ledger.lose(count, reason, words)
    ledger.tell()


def test_the_first_loss_is_logged_with_number_reason_and_words(ledger, caplog):
    lose(ledger, 3)
    assert ["langspan: 3 spans could not be exported: 3 refused (400 Bad Request)"] == caplog.messages


def test_losses_within_a_minute_are_not_logged_again(ledger, caplog):
    for _ in range(100):
        lose(ledger, 1)
    assert 1 == len(caplog.messages)


def test_losses_of_a_minute_are_summed_up_in_the_next_line(ledger, clock, caplog):
    for _ in range(3):
        lose(ledger, 5)
    clock.now += 61
    lose(ledger, 5)
    assert [5, 15] == [record.args[0] for record in caplog.records]


def test_the_words_are_kept_when_the_exporter_falls_silent(ledger, clock, caplog):
    """The stock exporters drop repeated lines themselves."""
    lose(ledger, 1)
    clock.now += 61
    lose(ledger, 1, words="")
    assert caplog.messages[0] == caplog.messages[1]


def test_each_reason_has_its_own_words(ledger, caplog):
    ledger.lose(2, Loss.QUEUE_FULL, "the queue is full")
    lose(ledger, 1)
    assert caplog.messages[0].endswith("2 queue_full (the queue is full); 1 refused (400 Bad Request)")


def test_the_end_tells_the_sum_of_all_losses_once(ledger, caplog):
    lose(ledger, 1)
    lose(ledger, 7)
    ledger.sent += 2
    ledger.close("the process exits")
    ledger.close("the process exits")
    told = "langspan: the process exits: 8 of 10 spans are lost: 8 refused (400 Bad Request)"
    assert [told] == caplog.messages[1:]


def test_an_end_without_losses_says_nothing(ledger, caplog):
    ledger.sent += 2
    ledger.close("the process exits")
    assert [] == caplog.messages


def test_a_loss_after_the_end_is_counted_and_not_logged(ledger, caplog):
    ledger.close("the process exits")
    lose(ledger, 1)
    assert ([], 1) == (caplog.messages, ledger.lost.total())


def test_advice_of_a_receiver_that_accepted_all_is_logged(ledger, caplog):
    ledger.advise("the receiver says: use the new path")
    ledger.tell()
    assert ["langspan: all spans were accepted, but the receiver says: use the new path"] == caplog.messages
