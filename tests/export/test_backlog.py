"""In any order of events, recorded = sent + lost + waiting, and nothing is counted twice."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from langspan.export.backlog import Backlog, Bounds
from langspan.export.delivery import Outcome
from langspan.export.ledger import Ledger, Loss

SCOPES = [object(), object()]
ITEMS, BYTES, BATCH, LIMIT = 6, 400, 4, 200


BODIES = st.just("cannot be encoded") | st.integers(0, 300).map(bytes)


class Route:
    """What a backlog needs to know of a delivery."""

    limit = LIMIT

    def envelope(self, _value):
        return 10


class AnyOrder(RuleBasedStateMachine):
    """Ends, encodings, batches, answers, the end of the process and stragglers, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger("spans", lambda: 0.0)
        self.backlog = Backlog(self.ledger, Bounds(ITEMS, BYTES, BATCH, 5.0))
        self.recorded = 0
        self.taken: list[object] = []
        self.batch: list[object] = []
        self.positions: list[int] = []
        self.told: Counter[str] = Counter()
        self.flushed: list[int] = []

    @rule(scope=st.sampled_from(SCOPES))
    def end_one(self, scope):
        """As `BatchQueue.put` does."""
        self.recorded += 1
        backlog = self.backlog
        if len(backlog.incoming) + len(backlog.ready) - backlog.on_the_way >= ITEMS:
            backlog.refused.append(Loss.QUEUE_FULL)
        else:
            backlog.incoming.append(SimpleNamespace(instrumentation_scope=scope))

    @rule()
    def end_one_after_the_shutdown(self):
        self.recorded += 1
        self.backlog.refused.append(Loss.ALREADY_SHUTDOWN)

    @precondition(lambda self: not self.taken)
    @rule()
    def take(self):
        self.taken = self.backlog.take()

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def keep(self, data):
        bodies = [
            data.draw(st.just("cannot be encoded") | st.integers(0, 300).map(bytes)) for _ in self.taken
        ]
        self.backlog.keep(self.taken, bodies)
        self.taken = []

    @precondition(lambda self: self.backlog.ready and not self.batch)
    @rule()
    def form_a_batch(self):
        self.batch = list(self.backlog.form_batch(Route()))
        assert 1 <= len(self.batch) <= BATCH
        size = sum(len(item.body) for item in self.batch)
        assert size <= LIMIT or len(self.batch) == 1
        self.positions += [item.position for item in self.batch]

    @precondition(lambda self: self.batch)
    @rule(data=st.data(), reason=st.sampled_from([Loss.REFUSED, Loss.REJECTED, Loss.TOO_LARGE]))
    def hear_of_some(self, data, reason):
        count = data.draw(st.integers(1, len(self.batch)))
        sent = data.draw(st.integers(0, count))
        self.batch = self.batch[count:]
        is_over = self.backlog.is_over
        self.backlog.settle(Outcome(sent, count - sent, reason, "told to"))
        if not is_over:
            self.told["sent"] += sent
            self.told["lost"] += count - sent

    @rule()
    def start_a_flush(self):
        self.flushed.append(self.backlog.latest)

    @rule()
    def finish(self):
        self.backlog.finish("no answer so far")

    @invariant()
    def it_adds_up(self):
        stats = self.backlog.stats()
        assert self.recorded == stats.recorded == stats.sent + stats.lost_total + stats.waiting
        assert self.told["sent"] == stats.sent
        assert self.told["lost"] <= stats.lost_total

    @invariant()
    def what_waits_is_there(self):
        backlog = self.backlog
        in_hand = 0 if backlog.is_over else len(self.taken)
        assert len(backlog.incoming) + in_hand + len(backlog.ready) == backlog.stats().waiting

    @invariant()
    def items_are_settled_in_their_order_and_never_twice(self):
        assert sorted(set(self.positions)) == self.positions

    @invariant()
    def a_flush_is_over_only_if_nothing_before_it_waits(self):
        for position in self.flushed:
            if self.backlog.is_past(position):
                assert all(item.position > position for item in self.backlog.ready)

    @invariant()
    def the_end_leaves_nothing_waiting(self):
        if self.backlog.is_over:
            assert 0 == self.backlog.stats().waiting

    @invariant()
    def bytes_are_bounded_but_for_one_item(self):
        bodies = [len(item.body) for item in self.backlog.ready]
        assert sum(bodies) == self.backlog._bytes
        assert sum(bodies) <= BYTES or len(bodies) == 1


TestAnyOrder = AnyOrder.TestCase
