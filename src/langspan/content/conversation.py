"""Whole conversations as JSON text, at a cost that grows only with new messages.

An agent sends its whole history with every model call. A `ConversationRenderer` caches the rendered text of
each message, so a call only pays for the messages that are new.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from langspan._values import as_mapping, is_present
from langspan.content.keys import message_key, tools_key
from langspan.content.messages import (
    conversation_of,
    leading_system,
    message_fields,
    output_messages,
    prompt_messages,
    system_instructions,
)
from langspan.content.policy import ContentPolicy
from langspan.content.room import Room
from langspan.content.tool_definitions import TOOL_LIST_KEYS, tool_definitions

INPUT: Final = "input_messages"
OUTPUT: Final = "output_messages"
SYSTEM: Final = "system_instructions"
TOOLS: Final = "tool_definitions"

_ENTRY_OVERHEAD: Final = 500  # bytes that a cache entry takes besides its text
_ROOM_FOR_NOTE: Final = 120  # bytes reserved for the note about omitted messages

_BRACKETS: Final = 3
_SMALL: Final = 512  # bytes that even one message among many may take, if there are so many

_LEAST_PART: Final = 29  # bytes that a part of text takes at least, and nearly all others

_Rendered: TypeAlias = tuple[str, int]


class ConversationRenderer:
    """A renderer of messages under one content policy, with a cache. It may be shared between threads.

    Cache validity: entries are looked up by value. The key holds everything that the text is made of (long
    texts by length and hash, tools by digest), so a message that was modified in place is simply not found.
    A message's `id` and metadata are not rendered and may change freely.

    Eviction: entries live in two generations. When the young generation reaches its limit, it becomes the old
    one and the previous old one is dropped; an entry that is used moves back to the young generation. So
    memory stays below twice the limit, and no lock is needed: a lost race only costs rendering again.

    Not cached: answers (each is new), completion prompts, and values that are not plain data.

    Args:
        policy: The content policy to render under.
        limit: Approximate size limit of each generation, in bytes.
    """

    def __init__(self, policy: ContentPolicy, limit: int = 4_194_304) -> None:
        self._policy = policy
        self._limit = limit
        # Less than the whole limit, so that a huge tool result does not push out the question.
        self._whole = policy.room.less(_BRACKETS)
        self._message_room = self._whole.part(3 / 4, _SMALL)
        self._most_parts = self._message_room.least // _LEAST_PART + 1
        self._least = self._message_room.part(1 / 8, _SMALL)
        self._young: dict[Hashable, _Rendered] = {}
        self._old: dict[Hashable, _Rendered] = {}
        self._young_bytes = 0

    def input(self, messages: Iterable[Any], recorded_as: str = INPUT) -> str | None:
        """Return `gen_ai.input.messages`: all but the leading system messages; None if there are none.

        If they do not all fit, the newest are kept and a note says how many earlier ones were omitted.

        Args:
            messages: The single inner list that `on_chat_model_start` receives.
            recorded_as: The field that they are recorded in, which may be `OUTPUT`.
        """
        if recorded_as in self._policy.hidden:
            return None
        shown = conversation_of(messages)
        return self._join((self._message(message) for message in reversed(shown)), len(shown))

    def system(self, messages: Iterable[Any]) -> str | None:
        """Return `gen_ai.system_instructions`: the parts of the leading system messages; None without any.

        Args:
            messages: The single inner list that `on_chat_model_start` receives.
        """
        leading = leading_system(messages)
        if not leading or SYSTEM in self._policy.hidden:
            return None
        keys = [message_key(message) for message in leading]
        key = None if None in keys else (SYSTEM, *keys)
        found = self._cached(key, lambda: self._render_all(system_instructions(leading), SYSTEM))
        return None if found is None else found[0]

    def tools(self, invocation_params: Mapping[str, Any] | None, *, schemas: bool = False) -> str | None:
        """Return `gen_ai.tool.definitions`: the tools offered to the model; None if there are none.

        Args:
            invocation_params: The `invocation_params` of the start event.
            schemas: Whether to include descriptions and parameters.
        """
        params = as_mapping(invocation_params)
        offered = [params.get(name) for name in TOOL_LIST_KEYS]
        if not any(map(is_present, offered)):
            return None
        key = tools_key(offered, schemas=schemas)
        found = self._cached(key, lambda: self._definitions(params, schemas=schemas))
        return None if found is None else found[0]

    def output(self, result: object) -> str | None:
        """Return `gen_ai.output.messages`: one message for each choice; None if there is none.

        Args:
            result: What `on_llm_end` receives, or the partial `response` of `on_llm_error`.
        """
        return self._render_all(output_messages(result), OUTPUT)

    def prompts(self, prompts: Sequence[str]) -> str | None:
        """Return `gen_ai.input.messages` of a completion model; None if there is no prompt.

        Args:
            prompts: What `on_llm_start` receives.
        """
        return self._render_all(prompt_messages(prompts), INPUT)

    def _render_all(self, items: list[dict[str, Any]], where: str) -> str | None:
        """Render new messages or parts, giving each an equal share of the limit."""
        if not items or where in self._policy.hidden:
            return None
        share = self._whole if len(items) == 1 else self._share(len(items))
        rendered = (_with_size(self._policy.message(item, where, share)) for item in reversed(items))
        return self._join(rendered, len(items))

    def _share(self, count: int) -> Room:
        """Return the room for one of several messages or parts."""
        share = self._policy.room.less(_ROOM_FOR_NOTE).part(1 / count).less(1)
        return Room(max(share.size, self._least.size), max(share.chars, self._least.chars))

    def _join(self, newest_first: Iterable[_Rendered | None], count: int) -> str | None:
        size, chars = self._policy.room.size - 2, self._policy.room.chars - 2
        kept: list[str] = []
        for rendered in newest_first:
            if rendered is None:
                return None  # `redact` raised for one message, so none of the conversation may be recorded
            text, taken = rendered
            reserved = _ROOM_FOR_NOTE if kept and len(kept) + 1 < count else 0
            if min(size - taken, chars - len(text) - 1) < reserved - 1:
                break
            size, chars = size - taken, chars - len(text) - 1
            kept.append(text)
        if len(kept) < count and len(note := _omission_note(count - len(kept))) <= min(size, chars):
            kept.append(note)
        return f"[{','.join(reversed(kept))}]" if kept else None

    def _definitions(self, params: Mapping[str, Any], *, schemas: bool) -> str | None:
        definitions = tool_definitions(params, schemas=schemas)
        return self._policy.render(definitions, TOOLS) if definitions else None

    def _message(self, message: Any) -> _Rendered | None:
        return self._cached(
            message_key(message),
            lambda: self._policy.message(
                message_fields(message, self._most_parts), INPUT, self._message_room
            ),
        )

    def _cached(self, key: Hashable, render: Callable[[], str | None]) -> _Rendered | None:
        """Return the cached text for a key, rendering it if needed; a key of None bypasses the cache."""
        if key is None:
            return _with_size(render())
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key) or _with_size(render())
            if found is not None:
                self._remember(key, found)
        return found

    def _remember(self, key: Hashable, rendered: _Rendered) -> None:
        size = rendered[1] + _ENTRY_OVERHEAD
        if self._young_bytes + size > self._limit:
            self._old, self._young, self._young_bytes = self._young, {}, 0
        self._young[key] = rendered
        self._young_bytes += size


def _with_size(text: str | None) -> _Rendered | None:
    """Return a text with the bytes it takes in a JSON list, including its comma."""
    if text is None:
        return None
    return text, 1 + (len(text) if text.isascii() else len(text.encode()))


def _omission_note(count: int) -> str:
    """Return a message in place of the omitted ones; its role shows that no participant wrote it."""
    return (
        f'{{"role":"langspan","parts":[{{"type":"text","content":"[{count} earlier messages left out]"}}]}}'
    )
