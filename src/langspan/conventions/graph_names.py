"""Attribute names of what is recorded of graphs and agents only where it is asked for or used."""

from __future__ import annotations

from typing import Final

LANGSPAN_CHECKPOINT_COUNT: Final = "langspan.checkpoint.count"
LANGSPAN_CHECKPOINT_OPERATION: Final = "langspan.checkpoint.operation"
LANGSPAN_CHECKPOINT_SAVER: Final = "langspan.checkpoint.saver"
LANGSPAN_CHECKPOINT_SIZE: Final = "langspan.checkpoint.size"
LANGSPAN_MIDDLEWARE_DURATIONS: Final = "langspan.middleware.durations"
LANGSPAN_MIDDLEWARE_HOOKS: Final = "langspan.middleware.hooks"
