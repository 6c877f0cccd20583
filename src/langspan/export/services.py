"""What a connection to a receiver offers, and the names of the three OTLP services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol

from langspan.export.answers import Answer
from langspan.export.settings import Signal


class Link(Protocol):
    """A connection to one receiver."""

    def pack(self, request: bytes) -> bytes:
        """Compress a request, once for all attempts."""

    def post(self, payload: bytes, timeout: float) -> Answer:
        """Send a packed request and return the answer; it never raises.

        Args:
            payload: A packed request.
            timeout: The longest time for this attempt, in seconds.
        """


@dataclass(frozen=True, slots=True)
class Service:
    """The names of one signal in OTLP."""

    module: str
    name: str
    rejected: str

    @property
    def method(self) -> str:
        """The path of the gRPC method."""
        package = f"opentelemetry.proto.collector.{self.module}.v1"
        return f"/{package}.{self.module.capitalize()}Service/Export"

    def response_type(self) -> Any:
        """Import the message of an answer."""
        name = f"opentelemetry.proto.collector.{self.module}.v1.{self.module}_service_pb2"
        return getattr(import_module(name), f"Export{self.name}ServiceResponse")


SERVICES: Final[Mapping[Signal, Service]] = {
    "traces": Service("trace", "Trace", "rejected_spans"),
    "logs": Service("logs", "Logs", "rejected_log_records"),
    "metrics": Service("metrics", "Metrics", "rejected_data_points"),
}
