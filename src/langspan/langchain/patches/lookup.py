"""The lookup of the run that a body belongs to, from what LangChain passes to the body."""

from __future__ import annotations

from typing import Any

from langspan.langchain.handler import RecordingHandler
from langspan.recording.run import Run


def run_of(manager: Any, run_id: Any) -> Run | None:
    """Find the open run with an id, as recorded by whichever handler of ours the manager has.

    Args:
        manager: A LangChain callback manager or run manager.
        run_id: The id of the run, or None.

    Returns:
        The run, or None if there is none.
    """
    if run_id is None:
        return None
    for handler in getattr(manager, "handlers", ()):
        if isinstance(handler, RecordingHandler):
            run = handler.recorder.run(run_id)
            if run is not None:
                return run
    return None
