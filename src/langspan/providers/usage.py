"""Token counts: `gen_ai.usage.*`.

Source: OpenTelemetry GenAI conventions; the places where LangChain's provider packages put counts, in order
of precedence: the message's `usage_metadata`, its `response_metadata`, `generation_info`, `llm_output`. A
later place only adds what the earlier ones lack, so nothing is counted twice.

A count is unknown if it is missing, negative, non-numeric or a bool. So is an input count of 0 (no prompt is
empty: packages write 0 if the provider sent nothing), an output count of 0 for a non-empty answer, and a
detail of 0 from a package that writes 0 for "not sent".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langspan._values import EMPTY, Attributes, as_count, as_mapping, is_present
from langspan.conventions import names
from langspan.providers import usage_fields
from langspan.providers.llm_result import Answer, Choice, backend_of

# OpenAI's processing tiers, which langchain-openai prefixes to a detail's key.
_TIERS: Final = ("priority", "flex")
_INPUT_DETAILS: Final[Mapping[str, str]] = {
    "cache_read": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    "cache_creation": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    "ephemeral_5m_input_tokens": names.LANGSPAN_USAGE_CACHE_WRITE_5M_INPUT_TOKENS,
    "ephemeral_1h_input_tokens": names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
    "text": names.GEN_AI_USAGE_TEXT_INPUT_TOKENS,
    "image": names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS,
    "audio": names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS,
    **{f"{tier}_cache_read": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS for tier in _TIERS},
    **{f"{tier}_cache_creation": names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS for tier in _TIERS},
}
_OUTPUT_DETAILS: Final[Mapping[str, str]] = {
    "reasoning": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    "text": names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS,
    "image": names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS,
    "audio": names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS,
    **{f"{tier}_reasoning": names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS for tier in _TIERS},
}
_TOTALS: Final = (
    ("input_tokens", names.GEN_AI_USAGE_INPUT_TOKENS),
    ("output_tokens", names.GEN_AI_USAGE_OUTPUT_TOKENS),
)
_LIFETIMES: Final = (
    names.LANGSPAN_USAGE_CACHE_WRITE_5M_INPUT_TOKENS,
    names.LANGSPAN_USAGE_CACHE_WRITE_1H_INPUT_TOKENS,
)
_CACHE_WRITES: Final = frozenset({names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, *_LIFETIMES})
_NO_CHOICE: Final = Choice(EMPTY, None, EMPTY, EMPTY, is_streamed=False)
# Packages that write 0 for a detail that the provider did not send.
_ZERO_IS_UNKNOWN: Final = frozenset(
    {"google_genai", "google_vertexai", "gcp.gemini", "gcp.vertex_ai"}
    | {"bedrock", "bedrock_converse", "amazon_bedrock", "aws.bedrock"}
)
# Packages whose `usage_metadata` omits details that the provider's own usage object has.
_OMITS_DETAILS: Final = frozenset({"xai"})


def token_usage(answer: Answer, provider: str | None = None) -> Attributes:
    """Return the usage attributes of an answer; a count that was not reported is omitted, never 0.

    All choices of one call share its usage, so the first choice that has it is read.

    Args:
        answer: The answer, or the part of it that arrived.
        provider: `gen_ai.provider.name` of the request, for results without a `model_provider`.
    """
    usage: Attributes = {}
    complete = False
    for choice in answer.choices:
        counted = None if choice.message is None else choice.message.get("usage_metadata")
        counted = counted if type(counted) is dict else as_mapping(counted)
        if counted:
            complete = _add_standard(usage, counted, choice.metadata, provider)
            break
    if not complete:
        _add_missing(usage, answer, provider)
    return _normalized(usage, answer)


def _add_standard(
    usage: Attributes, counted: Mapping[str, Any], metadata: Mapping[str, Any], provider: str | None
) -> bool:
    """Add the counts of `usage_metadata`; return whether they are complete, with both kinds of details."""
    for key, attribute in _TOTALS:
        count = as_count(counted.get(key))
        if count is not None:
            usage[attribute] = count
    details_in, details_out = counted.get("input_token_details"), counted.get("output_token_details")
    backend = None
    told = details_in is not None or details_out is not None
    if told and (is_present(details_in) or is_present(details_out)):
        backend = backend_of(metadata)
        keep_zeros = (backend or provider) not in _ZERO_IS_UNKNOWN
        if details_in is not None:
            _add_details(usage, as_mapping(details_in), _INPUT_DETAILS, keep_zeros=keep_zeros)
        if details_out is not None:
            _add_details(usage, as_mapping(details_out), _OUTPUT_DETAILS, keep_zeros=keep_zeros)
    has_details = details_in is not None and details_out is not None and backend not in _OMITS_DETAILS
    has_totals = usage.get(names.GEN_AI_USAGE_INPUT_TOKENS) and names.GEN_AI_USAGE_OUTPUT_TOKENS in usage
    return has_details and bool(has_totals)


def _add_details(
    usage: Attributes, details: Mapping[str, Any], known: Mapping[str, str], *, keep_zeros: bool
) -> None:
    for key, value in details.items():
        attribute = known.get(key) if type(key) is str else None
        if attribute is None or not (keep_zeros or is_present(value)) or attribute in usage:
            continue
        count = as_count(value)
        if count is not None:
            usage[attribute] = count


def _add_missing(usage: Attributes, answer: Answer, provider: str | None) -> None:
    """Add missing counts from the provider's own usage objects."""
    if usage.get(names.GEN_AI_USAGE_INPUT_TOKENS) == 0:
        del usage[names.GEN_AI_USAGE_INPUT_TOKENS]
    _, _, metadata, info, _ = answer.choices[0] if answer.choices else _NO_CHOICE
    for source in (metadata, info, answer.output):
        if not usage_fields.KEYS.isdisjoint(source) and (found := usage_fields.counts(source)):
            keep_zeros = (backend_of(metadata) or provider) not in _ZERO_IS_UNKNOWN
            for attribute, count in found.items():
                if keep_zeros or count:
                    usage.setdefault(attribute, count)


def _normalized(usage: Attributes, answer: Answer) -> Attributes:
    """Remove zeros that mean "unknown", and add the total of cache writes."""
    if not usage:
        return usage
    read, written = usage.get(names.GEN_AI_USAGE_INPUT_TOKENS), usage.get(names.GEN_AI_USAGE_OUTPUT_TOKENS)
    if read == 0:
        del usage[names.GEN_AI_USAGE_INPUT_TOKENS]
    if written == 0 and (not read or any(map(_has_content, answer.choices))):
        del usage[names.GEN_AI_USAGE_OUTPUT_TOKENS]
    if not read and not written:
        return {name: count for name, count in usage.items() if count}
    if not _CACHE_WRITES.isdisjoint(usage):
        _add_cache_writes(usage)
    return usage


def _has_content(choice: Choice) -> bool:
    message = choice.message
    if message is None:
        return is_present(choice.generation.get("text"))
    return is_present(message.get("content")) or is_present(message.get("tool_calls"))


def _add_cache_writes(usage: Attributes) -> None:
    """Add the total under both names; langchain-anthropic sets it to 0 if it has counts by lifetime."""
    total = usage.get(names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS)
    if not total:
        parts = [count for name in _LIFETIMES if type(count := usage.get(name)) is int]
        total = sum(parts) if parts else total
    if total is not None:
        usage[names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS] = total
        usage[names.GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS] = total
