"""What tests leave to the garbage collector."""

from __future__ import annotations

import gc
import warnings


def collect_quietly() -> None:
    """Collect, without warnings of connections that were left open: they would be the next test's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
