"""Which fields of messages and message parts are structure, which viewers need, rather than content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# Parts whose structural fields are generated here. Of a part of any other type, only the type is structure:
# the rest comes from the application.
_KNOWN_PARTS: Final = frozenset(
    {
        "text",
        "reasoning",
        "tool_call",
        "tool_call_response",
        "server_tool_call",
        "server_tool_call_response",
        "blob",
        "uri",
        "file",
        "compaction",
    }
)
_TYPE_ONLY: Final = frozenset({"type"})
STRUCTURE_KEYS: Final = frozenset(
    {"role", "type", "finish_reason", "id", "modality", "mime_type", "size", "sha256", "status"}
)


def structure_of(fields: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys of a message or part that are structure; they are neither redacted nor shortened.

    Args:
        fields: The message or part, as made by `langspan.content.messages`.
    """
    is_known = "role" in fields or fields.get("type") in _KNOWN_PARTS
    return STRUCTURE_KEYS if is_known else _TYPE_ONLY
