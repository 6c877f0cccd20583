"""Requests on their way to one OTLP receiver: again and again, as long as the receiver allows it."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from langspan.export import links
from langspan.export.answers import Answer, Verdict
from langspan.export.forks import call_in_child
from langspan.export.ledger import Loss
from langspan.export.services import Link
from langspan.export.settings import Signal

_logger = logging.getLogger("langspan")

MAX_ATTEMPTS: Final = 6


class PerProcess:
    """An exporter for each process: a forked child must not share a connection with its parent."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._pid, self._exporter = os.getpid(), make()

    def get(self) -> Any:
        """Return the exporter of this process. An inherited one is left open, for closing disturbs it."""
        if self._pid != os.getpid():
            self._pid, self._exporter = os.getpid(), self._make()
        return self._exporter

    def close(self) -> None:
        """Close the exporter, if it is of this process."""
        if self._pid == os.getpid():
            self._exporter.shutdown()


class Courier:
    """Sends encoded requests to one OTLP receiver, again and again if the receiver allows it.

    Args:
        exporters: The stock exporter of each process.
        find_link: Finds the connection inside an exporter.
        timeout: The longest time for one request with all its attempts, in seconds.

    Attributes:
        latest: What the receiver said last, if it did not accept.
    """

    def __init__(
        self, exporters: PerProcess, find_link: Callable[[Any], Link | None], timeout: float
    ) -> None:
        self._exporters = exporters
        self._find_link = find_link
        self._timeout = timeout
        self.renew()
        call_in_child(self.renew)

    def renew(self) -> None:
        """Forget the connection: a forked child must not share it with its parent."""
        self._link: Link | None = None
        self.latest = ""
        self._stopped = threading.Event()

    def send(self, request: bytes) -> Answer:
        """Send a request until the receiver accepts or refuses it, or the time is over."""
        if self._link is None:
            self._link = self._find_link(self._exporters.get())
        if self._link is None:
            return Answer(Verdict.LOST, Loss.FAILED, "the exporter of this process has no connection")
        post = partial(self._link.post, self._link.pack(request))
        deadline = time.monotonic() + self._timeout
        for attempt in range(MAX_ATTEMPTS):
            answer = post(max(deadline - time.monotonic(), 0.001))
            # A fifth more or less, so that many processes do not come back all at once.
            pause = 2**attempt * random.uniform(0.8, 1.2) if answer.pause is None else answer.pause  # noqa: S311
            is_last = attempt + 1 == MAX_ATTEMPTS or pause > deadline - time.monotonic()
            self.latest = "" if answer.verdict is Verdict.ACCEPTED else answer.words
            if answer.verdict is not Verdict.RETRY or is_last or self._stopped.wait(pause):
                break
        return answer

    def stop(self) -> None:
        """End a wait for the next attempt; there is none from now on."""
        self._stopped.set()

    def close(self) -> None:
        """Close the connection."""
        self._exporters.close()


def connect(exporters: PerProcess, signal: Signal, protocol: str, timeout: float) -> Courier | None:
    """Return what sends requests through the stock exporters' own connections.

    Args:
        exporters: The stock exporter of each process, of a class that `links.prepare` returned.
        signal: The signal.
        protocol: The OTLP protocol.
        timeout: The longest time for one request with all its attempts, in seconds.

    Returns:
        None where a version of the stock exporter keeps its connection elsewhere, after a warning: then it
        has to send by itself, as it does without langspan.
    """
    find_link = partial(links.connect, signal=signal, protocol=protocol)
    if find_link(exporters.get()) is not None:
        return Courier(exporters, find_link, timeout)
    _logger.warning(
        "langspan: this version of the OTLP exporter for %s (%s) is unknown; it sends by itself, so that "
        "redirects and partial successes count as delivered",
        signal,
        protocol,
    )
    return None
