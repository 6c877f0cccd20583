"""From a batch to what became of it: requests, retries, splitting, and the exporters of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from langspan.export.answers import Answer, Verdict
from langspan.export.courier import Courier, PerProcess
from langspan.export.guard import ExportGuard
from langspan.export.ledger import Loss

SMALLEST_LIMIT: Final = 65_536
"""So far a receiver that finds requests too large lowers their size, in bytes."""


class Item(NamedTuple):
    """One recorded item with its bytes."""

    position: int
    value: Any
    body: bytes


class Outcome(NamedTuple):
    """What became of the next items of a batch: `sent` of them are accepted, then `lost` are not."""

    sent: int
    lost: int
    reason: Loss
    words: str


class Delivery(Protocol):
    """The way of batches to one exporter."""

    limit: int
    """The largest request, in bytes before compression."""
    component_type: str
    """The exporter's `otel.component.type`."""

    @property
    def latest(self) -> str:
        """What the receiver said last, if it did not accept."""

    def encode(self, value: Any) -> bytes:
        """Encode one item."""

    def envelope(self, value: Any) -> int:
        """Return what resource and scope of an item add to a request, in bytes."""

    def deliver(self, batch: Sequence[Item]) -> Iterator[Outcome]:
        """Deliver a batch; the outcomes are in its order and add up to its length. It never raises."""

    def stop(self) -> None:
        """End a wait for the next attempt; there is none from now on."""

    def close(self) -> None:
        """Close the connection."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the items of one signal become requests.

    Attributes:
        encode: Encodes one item.
        request: Builds a request from items and their bytes.
        envelope: Returns what resource and scope of an item add to a request, in bytes.
    """

    encode: Callable[[Any], bytes]
    request: Callable[[Iterable[tuple[Any, bytes]]], bytes]
    envelope: Callable[[Any], int]


class OtlpDelivery:
    """Delivers encoded items to an OTLP receiver and reads its answers.

    Args:
        courier: Sends requests.
        encoding: How items become requests.
        limit: The largest request, in bytes before compression.
        component_type: The exporter's `otel.component.type`.
    """

    def __init__(self, courier: Courier, encoding: Encoding, limit: int, component_type: str) -> None:
        self.component_type = component_type
        self.encode, self.envelope = encoding.encode, encoding.envelope
        self.limit = limit
        self._request = encoding.request
        self._courier = courier
        self.stop, self.close = courier.stop, courier.close

    @property
    def latest(self) -> str:
        """What the receiver said last, if it did not accept."""
        return self._courier.latest

    def deliver(self, batch: Sequence[Item]) -> Iterator[Outcome]:
        """Deliver a batch, in halves if it is too large for the receiver."""
        parts = [batch]
        while parts:
            part = parts.pop()
            request = self._request((item.value, item.body) for item in part)
            answer = self._courier.send(request)
            if answer.verdict is Verdict.SPLIT and len(part) > 1:
                # What comes next is not to be refused first each time.
                self.limit = max(min(self.limit, len(request) // 2), SMALLEST_LIMIT)
                middle = len(part) // 2
                parts += (part[middle:], part[:middle])
            else:
                yield outcome_of(answer, len(part))


class ExporterDelivery:
    """Delivers batches to an exporter of another kind, which says only whether it succeeded.

    Args:
        exporters: The exporter of each process.
        guard: Captures what it logs, and contains what it raises.
        encoding: How items become requests, to know their size; None if their size does not matter.
        limit: The largest request, in bytes before compression.
    """

    def __init__(
        self, exporters: PerProcess, guard: ExportGuard, encoding: Encoding | None, limit: int
    ) -> None:
        self.encode: Callable[[Any], bytes] = encoding.encode if encoding else lambda _: b""
        self.envelope: Callable[[Any], int] = encoding.envelope if encoding else lambda _: 0
        self.limit = limit
        self._exporters = exporters
        self._guard = guard
        kind = type(exporters.get())
        self.component_type = f"{kind.__module__}.{kind.__qualname__}"
        guard.watch(exporters.get())

    @property
    def latest(self) -> str:
        """What the exporter said in the attempt under way."""
        return self._guard.latest

    def deliver(self, batch: Sequence[Item]) -> Iterator[Outcome]:
        """Pass a batch to the exporter."""
        export = self._exporters.get().export
        words = self._guard.attempt(partial(export, [item.value for item in batch]))
        done = words is None
        yield Outcome(len(batch) if done else 0, 0 if done else len(batch), Loss.FAILED, words or "")

    def stop(self) -> None:
        """Do nothing: such an exporter cannot be interrupted."""

    def close(self) -> None:
        """Close the exporter and leave its loggers as they were."""
        self._exporters.close()
        self._guard.close()


def outcome_of(answer: Answer, count: int) -> Outcome:
    """Return what an answer means for the items of its request."""
    if answer.verdict is Verdict.ACCEPTED:
        lost = min(answer.rejected, count)
        return Outcome(count - lost, lost, Loss.REJECTED, answer.words)
    return Outcome(0, count, answer.reason, answer.words)
