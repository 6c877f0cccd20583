"""What a span says, read once for all dialects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from langspan.conventions import names
from langspan.conventions import vector_stores as own
from langspan.conventions.names import OperationName

TEXT: Final = "text/plain"
JSON: Final = "application/json"
MODELS: Final = frozenset({OperationName.CHAT, OperationName.TEXT_COMPLETION, OperationName.GENERATE_CONTENT})
USAGE_PREFIX: Final = "gen_ai.usage."


class Content(NamedTuple):
    """A content with what it is written in: `TEXT` or `JSON`."""

    value: str
    mime_type: str


class Facts(NamedTuple):
    """What a span says.

    Attributes:
        name: Its name.
        start_time: When it started, in nanoseconds since the epoch.
        is_root: Whether it is the first of its trace in this process.
        held: Its attributes.
    """

    name: str
    start_time: int
    is_root: bool
    held: Mapping[str, Any]

    @property
    def operation(self) -> str | None:
        """Its GenAI operation; None for a chain, a step, a node or an evaluation."""
        return self.held.get(names.GEN_AI_OPERATION_NAME)

    @property
    def is_evaluation(self) -> bool:
        """Whether it is an evaluation."""
        return names.LANGSPAN_EVALUATION_NAME in self.held

    @property
    def counts_tokens(self) -> bool:
        """Whether its tokens are its own, and no sum of what is below it."""
        return self.operation in MODELS or self.operation == OperationName.EMBEDDINGS

    @property
    def session(self) -> str | None:
        """The session, or else the conversation."""
        held = self.held
        return (
            held.get(names.SESSION_ID)
            or held.get(names.GEN_AI_CONVERSATION_ID)
            or held.get(names.LANGSPAN_CONVERSATION_ID)
        )

    @property
    def model(self) -> str | None:
        """The model that answered, or else the one that was asked."""
        return self.held.get(names.GEN_AI_RESPONSE_MODEL) or self.held.get(names.GEN_AI_REQUEST_MODEL)

    @property
    def metadata(self) -> dict[str, Any]:
        """The application's metadata, without the prefix."""
        prefix = names.LANGCHAIN_METADATA_PREFIX
        return {key.removeprefix(prefix): value for key, value in self.held.items() if key.startswith(prefix)}

    def content_in(self) -> Content | None:
        """Return what came in, where content is recorded."""
        return self._first(_COMES_IN)

    def content_out(self) -> Content | None:
        """Return what went out, where content is recorded."""
        return self._first(_GOES_OUT)

    def _first(self, sources: tuple[str, ...]) -> Content | None:
        found = [source for source in sources if isinstance(self.held.get(source), str)]
        if not found:
            return None
        value = self.held[found[0]]
        if found[0] in _TEXTS:
            return Content(value, TEXT)
        whole = _plain(self.held[found[-1]])
        # A root makes one message of what is none: then the value itself says the same.
        return whole if json.dumps(whole.value, ensure_ascii=False) in value else _plain(value)


# Where both are there, messages say what the whole state says, and say it better.
_COMES_IN: Final = (
    names.GEN_AI_TOOL_CALL_ARGUMENTS,
    names.GEN_AI_RETRIEVAL_QUERY_TEXT,
    own.LANGSPAN_COMPRESSION_QUERY_TEXT,
    names.GEN_AI_INPUT_MESSAGES,
    names.LANGCHAIN_INPUT,
)
_GOES_OUT: Final = (
    names.GEN_AI_TOOL_CALL_RESULT,
    names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS,
    own.LANGSPAN_COMPRESSION_DOCUMENT_TEXTS,
    names.GEN_AI_OUTPUT_MESSAGES,
    names.LANGCHAIN_OUTPUT,
)
_TEXTS: Final = frozenset({names.GEN_AI_RETRIEVAL_QUERY_TEXT, own.LANGSPAN_COMPRESSION_QUERY_TEXT})


def _plain(value: str) -> Content:
    """Return a JSON text; one that is only a string as that string."""
    if value.startswith('"'):
        try:
            return Content(str(json.loads(value)), TEXT)
        except ValueError:
            return Content(value, TEXT)
    return Content(value, JSON)


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
