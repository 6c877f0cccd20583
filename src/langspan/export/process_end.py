"""The end of a process: open runs end, and what is queued is sent, however the process ends."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from typing import Final

from langspan.export.children import ChildProcesses
from langspan.export.sigterm import SigtermHandler
from langspan.export.telemetry import EXIT_PATIENCE, Telemetry
from langspan.export.uvicorn_shutdown import UvicornShutdown

_SIGTERM: Final = "SIGTERM ends the process"
# The rest is for the log line.
_SHARE: Final = 0.9


class ProcessEnd:
    """Watches for the ends of this process and of its children, while runs are traced.

    Exit hooks of the interpreter always end open runs. The rest applies only if langspan built a provider:
    whoever builds one decides when it is flushed.

    Args:
        telemetry: The providers.
        end_runs: Ends the spans of open runs; must not raise.
    """

    def __init__(self, telemetry: Telemetry, end_runs: Callable[[], object]) -> None:
        self._telemetry = telemetry
        self._end_runs: Final = end_runs
        self._sigterm = SigtermHandler(telemetry.flush, self._end_within)
        self._uvicorn = UvicornShutdown(telemetry.flush)
        self._children = ChildProcesses(self._finish)
        self._watch()

    def _watch(self) -> None:
        atexit.register(self._end_runs)
        if not self._telemetry.built_here:
            return
        self._children.watch()
        self._uvicorn.install()
        if self._telemetry.flush_on_sigterm:
            self._sigterm.install()

    def stop(self) -> None:
        """Restore what was there before. The exit hooks that send what is queued stay."""
        self._sigterm.remove()
        self._uvicorn.remove()
        atexit.unregister(self._end_runs)

    def _finish(self) -> None:
        self._end_runs()
        if not self._telemetry.owned:
            self._telemetry.flush(EXIT_PATIENCE)
        self._telemetry.finish()

    def _end_within(self, seconds: float) -> None:
        deadline = time.monotonic() + _SHARE * seconds
        # First without the runs: to end them takes locks that the interrupted code may hold for good.
        if self._telemetry.flush_until(deadline):
            self._end_runs()
            self._telemetry.flush_until(deadline)
        self._telemetry.give_up(_SIGTERM)
