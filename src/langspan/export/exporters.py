"""The exporters that the standard variables name, and the base of those that split batches by bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from langspan._settings import FILE
from langspan.export import otlp_settings
from langspan.export.guard import ExportGuard
from langspan.export.otlp_settings import GRPC, HTTP
from langspan.export.settings import Environ, Signal
from langspan.export.size import split

_OTLP_PROTOCOLS: Final = {"otlp": None, "otlp_proto_grpc": GRPC, "otlp_proto_http": HTTP}
_ENTRY_POINT_NAMES: Final = {GRPC: "otlp_proto_grpc", HTTP: "otlp_proto_http"}
# The module that holds the compression enum of a protocol, and the members of the enum.
_COMPRESSION_MODULES: Final = {GRPC: "grpc", HTTP: "opentelemetry.exporter.otlp.proto.http"}
_COMPRESSION_MEMBERS: Final = {"gzip": "Gzip", "deflate": "Deflate", "none": "NoCompression"}


def factory(environ: Environ, signal: Signal, name: str) -> Callable[..., Any]:
    """Find the exporter called `name`.

    Args:
        environ: Selects protocol, compression, address, timeout and certificates. The stock exporters read
            everything else from the process environment themselves.
        signal: The signal to export.
        name: `otlp`, or a name from the entry point group `opentelemetry_{signal}_exporter`.

    Returns:
        A class, or a class with bound arguments.

    Raises:
        ValueError: No such exporter is installed, or one of its variables has an invalid value.
    """
    if name == "langspan_file" and signal == "traces":
        return _open_file_exporter
    if name not in _OTLP_PROTOCOLS:
        return _load_entry_point(signal, name)
    protocol = _OTLP_PROTOCOLS[name] or otlp_settings.protocol(environ, signal)
    otlp_settings.check(environ, signal, protocol)
    compression = _COMPRESSION_MEMBERS[otlp_settings.compression(environ, signal, protocol)]
    choices = import_module(_COMPRESSION_MODULES[protocol]).Compression
    # By entry point, because some stock exporters live in modules with private names.
    kind = _load_entry_point(signal, _ENTRY_POINT_NAMES[protocol])

    def make(**arguments: Any) -> Any:
        # Read anew each time: a forked child must not share a session with its parent.
        stated = otlp_settings.arguments(environ, signal, protocol)
        return kind(**{"compression": choices[compression], **stated, **arguments})

    return make


def _load_entry_point(signal: Signal, name: str) -> Callable[..., Any]:
    group = f"opentelemetry_{signal}_exporter"
    for entry_point in entry_points(group=group, name=name):
        return entry_point.load()  # type: ignore[no-any-return]
    known = ", ".join(sorted({"none", *entry_points(group=group).names}))
    raise ValueError(
        f"OTEL_{signal.upper()}_EXPORTER={name!r} names no installed exporter;"
        f" install its package or choose from: {known}"
    )


def _open_file_exporter() -> Any:
    file = import_module("langspan.export.file")
    try:
        return file.OtlpJsonFileExporter()
    except OSError as error:
        path = FILE.read(os.environ)
        raise ValueError(
            f"{FILE.variable}={path!r} cannot be written ({error.strerror}); name another file"
        ) from error


class SplittingExporter:
    """The base of an exporter that passes items to another one in batches of limited size in bytes.

    The SDK limits batches by count, but receivers limit requests by size, and the stock exporters retry a
    request that is too large until it is lost. A batch that fails does not stop the next one.

    Args:
        make: Makes the exporter that sends. Called again in a forked child, which must not share a
            connection with its parent.
        bound: Returns an upper bound for the encoded size of an item, in bytes.
        limit: The largest request in bytes, before compression.
        guard: Runs the exports.
    """

    def __init__(
        self, make: Callable[[], Any], bound: Callable[[Any], int], limit: int, guard: ExportGuard
    ) -> None:
        self._make = make
        self._bound = bound
        self._limit = limit
        self._guard = guard
        self._exporters = {os.getpid(): make()}
        guard.watch(self._exporter())

    def send(self, items: Sequence[Any]) -> bool:
        """Export all items and return whether every batch was accepted."""
        exporter = self._exporter()
        sent = [
            self._guard.attempt(partial(exporter.export, batch), len(batch))
            for batch in split(items, self._bound, self._limit)
        ]
        return all(sent)

    def shutdown(self) -> None:
        """Close the exporter that sends. The SDK calls this when nothing is left to send, or time is up."""
        if (exporter := self._exporters.get(os.getpid())) is not None:
            exporter.shutdown()
        self._guard.close()

    def _exporter(self) -> Any:
        # An inherited exporter is left open: closing it could disturb the parent's connection.
        pid = os.getpid()
        if pid not in self._exporters:
            self._exporters[pid] = self._make()
        return self._exporters[pid]
