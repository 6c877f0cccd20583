"""The exporters that the standard variables name, and the way to each."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from langspan._export_settings import FILE
from langspan.export import courier, links, otlp_settings, settings
from langspan.export.backlog import Bounds
from langspan.export.courier import PerProcess
from langspan.export.delivery import Delivery, Encoding, ExporterDelivery, OtlpDelivery
from langspan.export.guard import ExportGuard
from langspan.export.otlp_settings import GRPC, HTTP
from langspan.export.settings import Environ, Signal

_OTLP_PROTOCOLS: Final = {"otlp": None, "otlp_proto_grpc": GRPC, "otlp_proto_http": HTTP}
_ENTRY_POINT_NAMES: Final = {GRPC: "otlp_proto_grpc", HTTP: "otlp_proto_http"}
# The module that holds the compression enum of a protocol, and the members of the enum.
_COMPRESSION_MODULES: Final = {GRPC: "grpc", HTTP: "opentelemetry.exporter.otlp.proto.http"}
# The values of `otel.component.type`, and their words for an item.
_COMPONENT_TYPES: Final = {GRPC: "otlp_grpc_{}_exporter", HTTP: "otlp_http_{}_exporter"}
_ITEMS: Final = {"traces": "span", "logs": "log", "metrics": "metric"}
_LOCAL: Final = frozenset({"langspan_file", "console"})
_COMPRESSION_MEMBERS: Final = {"gzip": "Gzip", "deflate": "Deflate", "none": "NoCompression"}


def otlp_protocol(environ: Environ, signal: Signal, name: str) -> str | None:
    """Return the OTLP protocol of the exporter called `name`, or None if it is of another kind."""
    if name not in _OTLP_PROTOCOLS:
        return None
    return _OTLP_PROTOCOLS[name] or otlp_settings.protocol(environ, signal)


def route(
    environ: Environ,
    signal: Signal,
    name: str,
    encoding: Encoding,
    limit: int,
    *,
    timeout: float | None = None,
) -> Delivery:
    """Make the exporter called `name` and return the way to it.

    Args:
        environ: Selects protocol, compression and timeout.
        signal: The signal to export.
        name: As for `factory`.
        encoding: How items of the signal become requests.
        limit: The largest request, in bytes before compression.
        timeout: The longest time for one request with all its attempts, in seconds; by default as the
            variables say.

    Raises:
        ValueError: As for `factory`.
    """
    make = factory(environ, signal, name)
    protocol = otlp_protocol(environ, signal, name)
    exporters = PerProcess(make if timeout is None else partial(make, timeout=timeout))
    if protocol is not None:
        seconds = otlp_settings.timeout(environ, signal) if timeout is None else timeout
        found = courier.connect(exporters, signal, protocol, seconds)
        if found is not None:
            return OtlpDelivery(found, encoding, limit, _COMPONENT_TYPES[protocol].format(_ITEMS[signal]))
    # A local one has no limit for a request, so that sizes need not be known.
    sizes = None if name in _LOCAL else encoding
    return ExporterDelivery(exporters, ExportGuard(), sizes, limit)


def bounds(environ: Environ, prefix: settings.BatchPrefix) -> Bounds:
    """Return the bounds of a queue, from the variables of the SDK's batch processors.

    Args:
        environ: The environment.
        prefix: What the variables' names start with.

    Raises:
        ValueError: A value is not a positive whole number, or a batch is larger than the queue.
    """
    settings.check_batches(environ, prefix)
    numbers = settings.batch_numbers(environ, prefix)
    return Bounds(
        items=numbers.queue, bytes=settings.queue_max_bytes(environ), batch=numbers.size, delay=numbers.delay
    )


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
    protocol = otlp_protocol(environ, signal, name)
    if protocol is None:
        return _load_entry_point(signal, name)
    otlp_settings.check(environ, signal, protocol)
    compression = _COMPRESSION_MEMBERS[otlp_settings.compression(environ, signal, protocol)]
    choices = import_module(_COMPRESSION_MODULES[protocol]).Compression
    # By entry point, because some stock exporters live in modules with private names.
    kind = links.prepare(_load_entry_point(signal, _ENTRY_POINT_NAMES[protocol]), signal, protocol)

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
