"""One provider with the accounts of its exporters."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from langspan._stats import SignalStats
from langspan.export.background import Background

if TYPE_CHECKING:
    from langspan.export.ledger import Ledger
    from langspan.export.trace_keeper import KeepSpanProcessor


class Account(Protocol):
    """What became of the items that one exporter was to send."""

    @property
    def ledger(self) -> Ledger:
        """The counts."""

    def stats(self) -> SignalStats:
        """Return the counts together with what waits."""

    def abandon(self) -> None:
        """Count everything that waits as lost, and send nothing more."""


class Pipeline:
    """One provider with the accounts of its exporters, and a thread for its blocking calls.

    Args:
        provider: A provider of any signal, from the SDK or another implementation.
        accounts: What became of its items, for each exporter, if langspan built it.
        owned: Whether langspan built it and therefore has to close it.
        keeper: What decides which traces come to the exporters, if not all do.
    """

    def __init__(
        self,
        provider: Any,
        accounts: Sequence[Account] = (),
        *,
        owned: bool = False,
        keeper: KeepSpanProcessor | None = None,
    ) -> None:
        self.provider = provider
        self.owned = owned
        self.accounts = accounts
        self.keeper = keeper
        self._closing: Future[Any] | None = None
        self._background = Background(f"langspan-{type(provider).__name__}")
        if owned:
            self._background.start()

    def flush(self, timeout: float) -> Future[Any] | None:
        """Start to export what is queued.

        Args:
            timeout: Passed on to the provider, in seconds; the SDK may ignore it.

        Returns:
            A future for the result of `force_flush`, or for the shutdown if that has started, or None if
            there is nothing to do.

        Raises:
            RuntimeError: The interpreter is exiting, so no thread can be started.
        """
        force_flush = getattr(self.provider, "force_flush", None)
        if force_flush is None or self._closing is not None:
            return self._closing
        return self._background.submit(partial(force_flush, int(timeout * 1000)))

    def close(self) -> Future[Any] | None:
        """Start to export what is queued and to shut the provider down, if it is owned.

        Returns:
            A future that is done after the shutdown, or None if there is nothing to do.
        """
        future = None
        if self.owned and self._closing is None:
            future = self._closing = self._background.submit(self.provider.shutdown)
        self._background.stop()
        return future

    def decide_all(self) -> None:
        """Decide which of the traces that are not complete are kept, because the process ends."""
        if self.keeper is not None:
            self.keeper.decide_all()

    def settle(self, why: str, *, is_late: bool) -> None:
        """Log the sum of all losses, once.

        Args:
            why: What ends, for the log line.
            is_late: Whether to give up first what is not exported yet, because nobody waits any more.
        """
        self.decide_all()
        for account in self.accounts:
            if is_late:
                account.abandon()
            account.ledger.close(why)

    def stats(self) -> SignalStats:
        """Return what became of the items of this process so far."""
        kept = sum((account.stats() for account in self.accounts), SignalStats())
        # Every exporter would have got what is not decided or left out.
        return sum((self.keeper.stats() for _ in self.accounts), kept) if self.keeper is not None else kept

    def known_losses(self) -> list[int]:
        """Return how many items of each exporter were lost when the last flush returned."""
        return [account.ledger.told for account in self.accounts]

    def is_free_of_losses(self, known: Sequence[int]) -> bool:
        """Return whether no items are lost but those that a flush knew of before."""
        lost = [account.stats().lost_total for account in self.accounts]
        for account, count in zip(self.accounts, lost, strict=True):
            account.ledger.told = max(account.ledger.told, count)
        return all(now <= before for now, before in zip(lost, known, strict=True))
