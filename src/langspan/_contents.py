"""Which content a run has, by attribute: prompts and answers, arguments and results, queries and documents.

Used only where the user has turned content on. Everything passes through one content policy, so it is
redacted, bounded and valid JSON; values are rendered when they are seen, for the application may change them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from langspan._events import Started
from langspan._settings import Settings
from langspan.conventions import names
from langspan.conventions._values import as_mapping, clean
from langspan.conventions.content import ContentPolicy
from langspan.conventions.conversation import ConversationRenderer
from langspan.conventions.operations import GRAPH_KINDS, MODEL_KINDS, Kind
from langspan.conventions.retrieval import document_texts
from langspan.conventions.run import user_metadata
from langspan.conventions.states import since_the_question, state_messages
from langspan.conventions.tools import tool_arguments, tool_result

Texts = dict[str, str]

_MAX_METADATA: Final = 32  # so that a span's own attributes stay far below its limit
_AGENTS: Final = frozenset({Kind.AGENT, Kind.WORKFLOW})


class Contents:
    """Renders the content of runs.

    Args:
        settings: What the user asked for.
    """

    def __init__(self, settings: Settings) -> None:
        self._policy = ContentPolicy(settings.redact, settings.max_content_bytes)
        self._conversation = ConversationRenderer(self._policy)
        self._starts: Mapping[Kind, Callable[[Started], dict[str, str | None]]] = {
            Kind.CHAT: self._chat_start,
            Kind.COMPLETION: self._completion_start,
            Kind.TOOL: self._tool_start,
            Kind.RETRIEVER: self._retriever_start,
            # The conventions have no place for what is embedded, nor for vectors.
            Kind.EMBEDDINGS: lambda _: {},
        }

    def render(self, value: Any, where: str) -> str | None:
        """Any value as JSON text; None if there is none, or if redaction failed."""
        return self._policy.render(value, where)

    def exception(self, error: BaseException) -> str | None:
        """An exception's message; None if it has none to give."""
        try:
            text = str(error)
        except Exception:  # noqa: BLE001 - the application's own exception fails to describe itself
            return None
        return self._policy.text(text, "exception") or None

    def at_start(self, kind: Kind, event: Started) -> Texts:
        """The content that a run starts with."""
        describe = self._starts.get(kind)
        texts = describe(event) if describe is not None else self._chain_start(kind, event)
        for key, value in islice(user_metadata(event.metadata).items(), _MAX_METADATA):
            texts[names.LANGCHAIN_METADATA_PREFIX + clean(key)] = self._policy.text(value, "metadata")
        return _present(texts)

    def at_end(self, kind: Kind, result: Any, extra: Mapping[str, Any]) -> Texts:
        """The content that a run returned.

        Args:
            kind: The kind of run.
            result: What it returned, in the shape of LangChain's end event.
            extra: Every other keyword of the event; streamed chains tell their input only here.
        """
        if kind in MODEL_KINDS:
            return _present({names.GEN_AI_OUTPUT_MESSAGES: self._conversation.output(result)})
        if kind is Kind.TOOL:
            shown = self._policy.render(tool_result(result), "tool_result")
            return _present({names.GEN_AI_TOOL_CALL_RESULT: shown})
        if kind is Kind.RETRIEVER:
            shown = self._policy.render(document_texts(result), "documents")
            return _present({names.LANGSPAN_RETRIEVAL_DOCUMENT_TEXTS: shown})
        if kind is Kind.EMBEDDINGS:
            return {}
        output = self._state(kind, result, names.GEN_AI_OUTPUT_MESSAGES, names.LANGCHAIN_OUTPUT)
        return {**self._late_input(kind, extra), **_present(output)}

    def at_failure(self, kind: Kind, extra: Mapping[str, Any]) -> Texts:
        """The content of a run that raised: what a model had answered so far, what a chain ran on.

        Args:
            kind: The kind of run.
            extra: The keywords of LangChain's error event.
        """
        if kind in MODEL_KINDS:
            response = extra.get("response")
            return self.at_end(kind, response, extra) if response is not None else {}
        return self._late_input(kind, extra)

    def _late_input(self, kind: Kind, extra: Mapping[str, Any]) -> Texts:
        """What a streamed chain ran on, which only its end event tells."""
        value = extra.get("inputs")
        if value is None:
            return {}
        return _present(self._state(kind, value, names.GEN_AI_INPUT_MESSAGES, names.LANGCHAIN_INPUT))

    def _chat_start(self, event: Started) -> dict[str, str | None]:
        messages = event.payload[0] if event.payload else []
        params = event.extra.get("invocation_params")
        return {
            names.GEN_AI_SYSTEM_INSTRUCTIONS: self._conversation.system(messages),
            names.GEN_AI_INPUT_MESSAGES: self._conversation.input(messages),
            names.GEN_AI_TOOL_DEFINITIONS: self._conversation.tools(params, schemas=True),
        }

    def _completion_start(self, event: Started) -> dict[str, str | None]:
        return {names.GEN_AI_INPUT_MESSAGES: self._conversation.prompts(event.payload)}

    def _tool_start(self, event: Started) -> dict[str, str | None]:
        arguments = tool_arguments(event.payload, event.extra.get("inputs"))
        return {names.GEN_AI_TOOL_CALL_ARGUMENTS: self._policy.render(arguments, "tool_arguments")}

    def _retriever_start(self, event: Started) -> dict[str, str | None]:
        return {names.GEN_AI_RETRIEVAL_QUERY_TEXT: self._policy.text(event.payload, "query")}

    def _chain_start(self, kind: Kind, event: Started) -> dict[str, str | None]:
        texts: dict[str, str | None] = {}
        if not event.extra.get("defers_inputs"):
            texts = self._state(kind, event.payload, names.GEN_AI_INPUT_MESSAGES, names.LANGCHAIN_INPUT)
        if event.extra.get("run_type") == "prompt":
            for key, value in as_mapping(event.payload).items():
                if isinstance(key, str):
                    shown = self._policy.text(value, "prompt_variable")
                    texts[names.GEN_AI_PROMPT_VARIABLE_PREFIX + clean(key)] = shown
        return texts

    def _state(self, kind: Kind, value: Any, messages_name: str, name: str) -> dict[str, str | None]:
        """A graph's state: its messages as messages, the rest and every other value as JSON."""
        state = as_mapping(value)
        messages = state_messages(state.get("messages")) if kind in _AGENTS else None
        if messages is not None:
            rest = {key: item for key, item in state.items() if key != "messages"}
            if messages_name == names.GEN_AI_OUTPUT_MESSAGES:
                messages = since_the_question(messages)
            return {
                messages_name: self._conversation.input(messages),
                name: self._policy.render(rest, "state") if rest else None,
            }
        where = "state" if kind in GRAPH_KINDS else name.rpartition(".")[2]
        return {name: self._policy.render(value, where)}


def _present(texts: Mapping[str, str | None]) -> Texts:
    return {name: text for name, text in texts.items() if text is not None}
