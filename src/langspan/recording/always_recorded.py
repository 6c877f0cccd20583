"""What is recorded whether content is on or not, and may still be personal: ids, tags, chosen metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langspan._settings import Settings
from langspan._values import Attributes
from langspan.content.renderer import ContentRenderer
from langspan.conventions import names
from langspan.kinds import any_run

_PERSONAL: Final = {
    names.GEN_AI_CONVERSATION_ID: "conversation_id",
    names.LANGSPAN_CONVERSATION_ID: "conversation_id",
    names.USER_ID: "user_id",
    names.SESSION_ID: "session_id",
}


class AlwaysRecorded:
    """Adds the metadata that the settings name, and has the user's `redact` see ids, tags and that metadata.

    Attributes:
        is_idle: Whether there is nothing to add and nothing to redact.

    Args:
        renderer: Redacts and renders.
        settings: What the user asked for.
    """

    def __init__(self, renderer: ContentRenderer, settings: Settings) -> None:
        self._renderer = renderer
        self._keys = settings.metadata_keys
        self._redacts = settings.redact is not None
        self.is_idle = not self._keys and not self._redacts

    def completed(self, attributes: Attributes, metadata: Mapping[str, Any] | None) -> Attributes:
        """Return a run's start attributes with the metadata that the settings name, redacted."""
        chosen = any_run.chosen_metadata(self._renderer, metadata, self._keys)
        return {**self.redacted(attributes), **chosen}

    def redacted(self, attributes: Attributes) -> Attributes:
        """Return attributes with ids and tags as `redact` wants them; what it fails on is left out."""
        if not self._redacts:
            return attributes
        kept: Attributes = {}
        for name, value in attributes.items():
            if name == names.LANGCHAIN_TAGS:
                tags = [self._renderer.text(tag, "tag") for tag in value]  # type: ignore[union-attr] # a list
                shown: Any = [tag for tag in tags if tag is not None] or None
            elif name in _PERSONAL:
                shown = self._renderer.text(value, _PERSONAL[name])
            else:
                shown = value
            if shown is not None:
                kept[name] = shown
        return kept
