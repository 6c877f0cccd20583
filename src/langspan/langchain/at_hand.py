"""The run that LangChain has told the running code of.

Source: `langchain_core.runnables.config.var_child_runnable_config`, which holds the config for the runs that
start below.
"""

from __future__ import annotations

from langchain_core.runnables.config import var_child_runnable_config

from langspan.langchain.patches.lookup import run_of
from langspan.recording.run import Run


def run_of_config() -> Run | None:
    """Return the run whose body runs, if LangChain has left its config there and a handler of ours has it."""
    manager = (var_child_runnable_config.get() or {}).get("callbacks")
    return run_of(manager, getattr(manager, "parent_run_id", None))
