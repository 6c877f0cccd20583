"""From what LangChain hands to a body, to the run that the body belongs to."""

from __future__ import annotations

from typing import Any

from langspan.langchain.handler import RecordingHandler
from langspan.recording.run import Run


def run_of(manager: Any, run_id: Any) -> Run | None:
    """The open run of that id, as recorded by whichever handler of ours the manager carries.

    Args:
        manager: A LangChain callback manager or run manager.
        run_id: The run; with None there is none.
    """
    if run_id is None:
        return None
    for handler in getattr(manager, "handlers", ()):
        if isinstance(handler, RecordingHandler):
            run = handler.recorder.run(run_id)
            if run is not None:
                return run
    return None
