"""The fault table: receivers of every kind, both protocols, every way to end; real processes on both sides.

Each row is a process that traces runs of a chain, flushes, traces more and ends. No span is lost silently in
any of them.
"""

from __future__ import annotations

import itertools
import os
import tempfile

import pytest

from docs.pages import page
from processes.receivers import FAULTS
from processes.rows import ENDS, LEAVES, Sender
from processes.sender import RUNS, SPANS_OF_A_RUN

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and os.fork")


class Table:
    """The rows of one receiver, with what it has of each."""

    def __init__(self, fault, sender):
        self.fault = fault
        with fault.open() as receiver:
            self.rows = sender.run(fault, receiver)
            stored, accepted = receiver.stored(), receiver.accepted()
        self.errors = sender.said()
        self.stored = {name: stored[name] for name in self.rows}
        self.accepted = {name: accepted[name] for name in self.rows}

    def each(self, judge):
        """What is found of each row."""
        return {name: judge(row) for name, row in self.rows.items()}

    def leaving(self):
        """The rows that end without an exit hook, and the others."""
        rows = {name: name.endswith(LEAVES) for name in self.rows}
        return [[self.rows[name] for name in rows if rows[name] is leaves] for leaves in (True, False)]


@pytest.fixture(scope="module")
def sender():
    with tempfile.TemporaryFile("a+", encoding="utf-8") as errors:
        sender = Sender(errors)
        yield sender
        sender.end()


@pytest.fixture(scope="module", params=FAULTS, ids=lambda fault: fault.name)
def table(request, sender):
    return Table(request.param, sender)


def all_rows(table, value):
    return dict.fromkeys(table.rows, value)


def test_every_process_ends_as_it_would_untraced(table):
    expected = {name: ENDS[name.split()[1]][1] for name in table.rows}
    assert expected == table.each(lambda row: row.code), table.errors


def test_the_ledger_adds_up_and_has_every_span(table):
    """Nothing waits in the end, for there is nobody left to wait for it."""
    recorded = SPANS_OF_A_RUN * RUNS * (len(table.fault.flushes) + 1)
    counts = table.each(lambda row: (row.end["recorded"], row.end["sent"] + row.lost, row.end["waiting"]))
    assert all_rows(table, (recorded, recorded, 0)) == counts, table.errors


def test_sent_is_what_the_receiver_said_that_it_accepted(table):
    assert table.accepted == table.each(lambda row: row.end["sent"]), table.errors


def test_what_a_receiver_has_beyond_that_is_what_it_could_not_answer(table):
    """Then a span that counts as lost may have arrived; never the other way round."""
    beyond = {name: table.stored[name] - row.end["sent"] for name, row in table.rows.items()}
    for name, row in table.rows.items():
        expected = range(1, row.lost + 1) if table.fault.name == "killed midway" else [0]
        assert beyond[name] in expected, name


def test_spans_are_lost_for_the_reason_that_the_receiver_gives_or_not_at_all(table):
    for name, row in table.rows.items():
        assert row.end["lost"].keys() <= table.fault.lost, name
        assert bool(table.fault.lost) is bool(row.lost), name


def test_flush_says_what_is_true(table):
    expected = [is_true for _, is_true in table.fault.flushes]
    last = not table.fault.lost
    for name, row in table.rows.items():
        answers = [*expected, last] if name.endswith(LEAVES) else expected
        assert answers == [flush["flushed"] for flush in row.flushes], name


def test_flush_is_true_only_if_nothing_recorded_before_is_lost_or_waits(table):
    """Not only as expected: by the counts beside each answer."""
    for name, row in table.rows.items():
        lost = [0, *(sum(flush["after"]["lost"].values()) for flush in row.flushes)]
        for flush, (before, after) in zip(row.flushes, itertools.pairwise(lost), strict=True):
            all_sent = flush["after"]["sent"] + after >= flush["before"]["recorded"]
            assert flush["flushed"] is (all_sent and after == before), name


def test_every_loss_is_logged_with_its_number_and_nothing_else_is(table):
    """The sum, where anything can run at the end. Where nothing can, a line and the answer of `flush`."""
    leaving, others = table.leaving()
    for row in others:
        sums = [text for text in row.logs if " spans are lost: " in text]
        number = f": {row.lost} of {row.end['recorded']} spans are lost: "
        assert [True] * bool(row.lost) == [number in text for text in sums], row.logs
    for row in leaving:
        assert bool(row.lost) is not row.flushes[-1]["flushed"]
    for row in [*leaving, *others]:
        assert bool(row.lost) is bool(row.logs), row.logs
        assert all(" could not be exported: " in text or " are lost: " in text for text in row.logs)


def test_the_page_has_each_receiver_and_each_end():
    rows = page("docs/delivery.md").table("Receiver", "`flush()`", "At the end")
    assert [fault.name for fault in FAULTS] == [row["Receiver"] for row in rows]
    prose = " ".join(page("docs/delivery.md").prose)
    assert [] == [words for words, _ in ENDS.values() if words not in prose]
