"""What a LangGraph server tells in the event streams of a run (version 3 of its protocol).

A run may have several streams, and each has the events of earlier runs in the same thread, too.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from langspan._values import as_mapping, as_str
from langspan.kinds.remote_graphs import RemoteAnswer

_ENDS: Final = frozenset({"completed", "failed", "interrupted"})
_WITH_RUN_ID: Final = "synth:"


class _Told(NamedTuple):
    event_id: str
    method: str
    seq: int
    data: Any
    now: int


class RemoteEvents(RemoteAnswer):
    """What a server tells of a run in event streams.

    Attributes:
        ended: Wall-clock nanoseconds at which the run has ended or waits for its user; None if it still runs.
        error: What failed on the server.
        failure: Why no more can be heard of the run.
    """

    __slots__ = ("_latest", "_told", "ended", "error", "failure")

    def __init__(self) -> None:
        super().__init__()
        self.ended: int | None = None
        self.error: str | None = None
        self.failure: BaseException | None = None
        self._told: dict[str, _Told] = {}
        self._latest: tuple[int, Any] | None = None

    def tell(self, event: Any, now: int) -> None:
        """Note an event.

        Args:
            event: The event, as parsed from JSON.
            now: Wall-clock nanoseconds.
        """
        found, method = as_mapping(event), as_mapping(event).get("method")
        params = as_mapping(found.get("params"))
        seq = found.get("seq")
        if type(seq) is not int:
            return
        if method == "values" and not params.get("namespace"):
            if self._latest is None or seq > self._latest[0]:
                self._latest = seq, params.get("data")
        elif method == "input.requested" or (method == "lifecycle" and not params.get("namespace")):
            event_id = as_str(found.get("event_id")) or str(seq)
            self._told.setdefault(event_id, _Told(event_id, method, seq, as_mapping(params.get("data")), now))

    def fetched(self, state: Any) -> None:
        """Note the state of the thread; once the run is over, it is the run's last.

        Args:
            state: The state, as parsed from JSON.
        """
        self.settle()
        if self.ended is not None:
            self._latest = None
            self.values = as_mapping(state).get("values")

    def settle(self) -> None:
        """Understand what has been told by now, once the id of the run is known."""
        began: int | None = None
        for told in [each for each in self._told.values() if self._is_mine(each.event_id)]:
            phase = told.data.get("event")
            if told.method == "input.requested":
                known_as = as_str(told.data.get("interrupt_id"))
                self.interrupts[known_as or told.seq] = told.data.get("payload", told.data.get("value"))
            elif phase not in _ENDS:
                began = told.seq
                continue
            elif phase == "failed":
                self.error = as_str(told.data.get("error")) or ""
            self.ended = self.ended or told.now
        if self._latest is not None and began is not None and self._latest[0] > began:
            self.values = self._latest[1]

    def _is_mine(self, event_id: str) -> bool:
        """Whether an event is one of this run, as far as its id tells."""
        return not event_id.startswith(_WITH_RUN_ID) or (self.run_id or "") in event_id
