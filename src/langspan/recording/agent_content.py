"""The content that an agent has from its model calls: what they all have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from langspan.conventions import names
from langspan.recording.run import Run

_SHARED: Final = (names.GEN_AI_SYSTEM_INSTRUCTIONS, names.GEN_AI_TOOL_DEFINITIONS)
_DIFFERS: Final = ""  # no content is empty: it is JSON


def share(agent: Run, content: Mapping[str, str]) -> None:
    """Note the system instructions and tools of a model call on its agent, or that calls differ in them."""
    for name in _SHARED:
        text = content.get(name)
        if text is not None and (known := agent.content.get(name)) != text:
            agent.content = {**agent.content, name: text if known is None else _DIFFERS}


def told_content(run: Run) -> Mapping[str, str]:
    """Return a run's content; on an agent's without what its model calls differ in."""
    if not run.kind.is_agent:
        return run.content
    return {name: text for name, text in run.content.items() if text or name not in _SHARED}
