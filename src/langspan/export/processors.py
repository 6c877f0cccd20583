"""What the processors that langspan gives its providers have in common."""

from __future__ import annotations

from langspan.export.batches import BatchQueue


class QueueProcessor:
    """What the processors of both signals do with their queue; a base beside the SDK's own.

    Args:
        queue: Where ended items go.
    """

    def __init__(self, queue: BatchQueue) -> None:
        self._queue = queue

    def shutdown(self) -> None:
        """Export what waits and close the exporter."""
        self._queue.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what waits; return whether all of it was accepted in time."""
        return self._queue.force_flush(timeout_millis / 1000)
