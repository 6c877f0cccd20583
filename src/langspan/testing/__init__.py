"""For tests of applications: what ran, as a tree to compare and as facts to assert on.

The fixture `traces` of the pytest plugin is a `Traces`; without pytest, `record()` gives one.
"""

from __future__ import annotations

from langspan.testing.recording import record
from langspan.testing.traces import SpanError, Tokens, Traces

__all__ = ["SpanError", "Tokens", "Traces", "record"]
