"""OTLP over gRPC, through the channel inside a stock exporter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langspan.export import answers
from langspan.export.answers import Answer
from langspan.export.services import SERVICES, Link
from langspan.export.settings import Signal


def connect(exporter: Any, signal: Signal) -> Link | None:
    """Find the connection inside an exporter; see `langspan.export.links`."""
    found = isinstance(getattr(exporter, "_client", None), RawStub) and hasattr(exporter, "_headers")
    return _GrpcLink(exporter, signal) if found else None


class RawStub:
    """A client of one OTLP service that takes encoded requests as well as messages."""

    def __init__(self, channel: Any, signal: Signal) -> None:
        service = SERVICES[signal]
        self.Export = channel.unary_unary(
            service.method,
            request_serializer=_serialize,
            response_deserializer=service.response_type().FromString,
        )


def _serialize(request: Any) -> bytes:
    return request if isinstance(request, bytes) else bytes(request.SerializeToString())


def with_raw_stub(kind: Any, signal: Signal) -> Callable[..., Any]:
    """Have the exporters of a class make their clients, whenever they do, as a `RawStub`."""

    def stub(channel: Any) -> RawStub:
        return RawStub(channel, signal)

    class RawExporter(kind):  # type: ignore[misc]
        # Set by the exporter's own constructor in newer versions; a constant of the class in older ones.
        _stub = property(lambda _: stub, lambda _, __: None)

    return RawExporter


class _GrpcLink:
    """A link over gRPC, which compresses by itself."""

    def __init__(self, exporter: Any, signal: Signal) -> None:
        self._exporter = exporter
        self._rejected = SERVICES[signal].rejected

    def pack(self, request: bytes) -> bytes:
        """Return the request as it is."""
        return request

    def post(self, payload: bytes, timeout: float) -> Answer:
        """Send a request."""
        import grpc  # noqa: PLC0415 - the protocol is optional

        exporter = self._exporter
        try:
            response = exporter._client.Export(  # noqa: SLF001 - checked
                payload,
                metadata=exporter._headers,  # noqa: SLF001 - checked
                timeout=timeout,
            )
        except grpc.RpcError as error:
            code = error.code().name
            if code == "UNAVAILABLE":
                self._reconnect()
            trailers: dict[str, Any] = dict(error.trailing_metadata() or ())  # type: ignore[arg-type]
            return answers.grpc_refusal(code, error.details() or "", trailers)
        except Exception as error:  # noqa: BLE001 - credentials and interceptors may be anybody's
            return answers.broken(error)
        partial = response.partial_success
        return answers.accepted(getattr(partial, self._rejected), partial.error_message)

    def _reconnect(self) -> None:
        """Connect anew: a channel waits up to two minutes before it tries a receiver again."""
        exporter = self._exporter
        if hasattr(exporter, "_initialize_channel_and_stub") and hasattr(exporter, "_channel"):
            exporter._channel.close()  # noqa: SLF001 - checked
            exporter._initialize_channel_and_stub()  # noqa: SLF001 - checked
