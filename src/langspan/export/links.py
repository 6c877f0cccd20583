"""The way from the bytes of a request to the receiver's answer, through a stock exporter's own connection.

TLS, headers, proxies, credentials and, for gRPC, the compression stay with the stock exporters. What they do
not tell is the answer: they count redirects and partial successes as delivered, and retry what is too large
until it is lost. So a link uses the connection inside an exporter. Its names are private: `connect` checks
for them and returns None where they are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langspan.export import grpc_link, http_link
from langspan.export.otlp_settings import GRPC
from langspan.export.services import Link
from langspan.export.settings import Signal


def prepare(kind: Callable[..., Any], signal: Signal, protocol: str) -> Callable[..., Any]:
    """Return the class of a stock exporter as a link needs it.

    Args:
        kind: The class.
        signal: The signal that it exports.
        protocol: The OTLP protocol.
    """
    return grpc_link.with_raw_stub(kind, signal) if protocol == GRPC else kind


def connect(exporter: Any, signal: Signal, protocol: str) -> Link | None:
    """Find the connection inside an exporter.

    Args:
        exporter: A stock exporter, of a class that `prepare` returned.
        signal: The signal that it exports.
        protocol: The OTLP protocol.

    Returns:
        The link, or None if this version of the exporter keeps its connection elsewhere.
    """
    return grpc_link.connect(exporter, signal) if protocol == GRPC else http_link.connect(exporter, signal)
