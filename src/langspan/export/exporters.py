"""The exporters that the variables name, and the span and log exporters that split by bytes."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from langspan._settings import FILE
from langspan.export import settings
from langspan.export.guard import ExportGuard
from langspan.export.settings import Environ, Signal
from langspan.export.size import split

_OTLP = {"otlp": None, "otlp_proto_grpc": settings.GRPC, "otlp_proto_http": settings.HTTP}
_ENTRY_POINT = {settings.GRPC: "otlp_proto_grpc", settings.HTTP: "otlp_proto_http"}
# Where the compression enumeration of a protocol lives, and what a value is called there.
_COMPRESSION_MODULE = {settings.GRPC: "grpc", settings.HTTP: "opentelemetry.exporter.otlp.proto.http"}
_COMPRESSION = {"gzip": "Gzip", "deflate": "Deflate", "none": "NoCompression"}


def factory(environ: Environ, signal: Signal, name: str) -> Callable[..., Any]:
    """Find the exporter called `name`.

    Args:
        environ: Chooses the protocol and the compression; the rest the stock exporters read from the
            process environment themselves.
        signal: What it exports.
        name: `otlp`, or any name registered in the entry points `opentelemetry_{signal}_exporter`.

    Returns:
        A class, or a class with its arguments bound.

    Raises:
        ValueError: No such exporter is installed, or its variables have bad values.
    """
    if name == "langspan_file" and signal == "traces":
        return _open_file
    if name not in _OTLP:
        return _load(signal, name)
    protocol = _OTLP[name] or settings.protocol(environ, signal)
    settings.check_otlp(environ, signal, protocol)
    compression = _COMPRESSION[settings.compression(environ, signal, protocol)]
    choices = import_module(_COMPRESSION_MODULE[protocol]).Compression
    # Loaded by entry point because the modules of some stock exporters have private names.
    return partial(_load(signal, _ENTRY_POINT[protocol]), compression=choices[compression])


def _load(signal: Signal, name: str) -> Callable[..., Any]:
    group = f"opentelemetry_{signal}_exporter"
    for entry_point in entry_points(group=group, name=name):
        return entry_point.load()  # type: ignore[no-any-return]
    known = ", ".join(sorted({"none", *entry_points(group=group).names}))
    raise ValueError(
        f"OTEL_{signal.upper()}_EXPORTER={name!r} names no installed exporter;"
        f" install its package or choose from: {known}"
    )


def _open_file() -> Any:
    file = import_module("langspan.export.file")
    try:
        return file.OtlpJsonFileExporter()
    except OSError as error:
        path = FILE.read(os.environ)
        text = f"{FILE.variable}={path!r} cannot be written ({error.strerror}); name another file"
        raise ValueError(text) from error


class SplittingExporter:
    """Hands items to another exporter in batches that fit a limit in bytes.

    The SDK makes batches by count, the receivers limit them by size, and what a receiver refuses for its
    size the stock exporter retries until it is lost. A batch that fails does not stop the next.

    Args:
        make: Makes the exporter that sends. It is called again in a forked child, which must not share a
            connection with its parent.
        bound: Bounds the encoded size of an item.
        limit: Bytes of one request before compression.
        guard: Runs the exports.
    """

    def __init__(
        self, make: Callable[[], Any], bound: Callable[[Any], int], limit: int, guard: ExportGuard
    ) -> None:
        self._make = make
        self._bound = bound
        self._limit = limit
        self._guard = guard
        self._inners = {os.getpid(): make()}
        guard.watch(self._inner())

    def send(self, items: Sequence[Any]) -> bool:
        """Export all items; tell whether every batch was accepted."""
        inner = self._inner()
        sent = [
            self._guard.attempt(partial(inner.export, batch), len(batch))
            for batch in split(items, self._bound, self._limit)
        ]
        return all(sent)

    def shutdown(self) -> None:
        """Close the exporter that sends. Called by the SDK once nothing is left to send, or time is up."""
        if (inner := self._inners.get(os.getpid())) is not None:
            inner.shutdown()
        self._guard.close()

    def _inner(self) -> Any:
        # An inherited exporter is kept but not used: closing it could disturb the parent's connection.
        pid = os.getpid()
        if pid not in self._inners:
            self._inners[pid] = self._make()
        return self._inners[pid]
