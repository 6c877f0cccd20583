"""Facts of the wire, under the names that the GenAI conventions give them.

Nothing here is taken from the package under test: the names are spelled out, and the values come from bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Facts = dict[str, Any]

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
STREAM = "gen_ai.request.stream"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
ID = "gen_ai.response.id"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH = "gen_ai.response.finish_reasons"
INPUT = "gen_ai.usage.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"
INPUT_SEEN, OUTPUT_SEEN = "~input tokens seen", "~output tokens seen"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE = "gen_ai.usage.cache_write.input_tokens"
CACHE_CREATION = "gen_ai.usage.cache_creation.input_tokens"
CACHE_5M = "langspan.usage.cache_write_5m.input_tokens"
CACHE_1H = "langspan.usage.cache_write_1h.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"
IMAGE_IN = "gen_ai.usage.image.input_tokens"
AUDIO_IN = "gen_ai.usage.audio.input_tokens"
AUDIO_OUT = "gen_ai.usage.audio.output_tokens"
TEXT_IN = "gen_ai.usage.text.input_tokens"
TEXT_OUT = "gen_ai.usage.text.output_tokens"
TEMPERATURE = "gen_ai.request.temperature"
TOP_P = "gen_ai.request.top_p"
TOP_K = "gen_ai.request.top_k"
MAX_TOKENS = "gen_ai.request.max_tokens"
STOP = "gen_ai.request.stop_sequences"
SEED = "gen_ai.request.seed"
FREQUENCY = "gen_ai.request.frequency_penalty"
PRESENCE = "gen_ai.request.presence_penalty"
CHOICES = "gen_ai.request.choice.count"
LEVEL = "gen_ai.request.reasoning.level"
PREVIOUS = "gen_ai.request.previous_response.id"
BUDGET = "langspan.request.reasoning.budget_tokens"
OUTPUT_TYPE = "gen_ai.output.type"
TIER_ASKED = "openai.request.service_tier"
TIER = "openai.response.service_tier"
FINGERPRINT = "openai.response.system_fingerprint"
API_TYPE = "openai.api.type"
ADDRESS, PORT = "server.address", "server.port"
ERROR = "error.type"


def at(value: Any, *path: str | int) -> Any:
    """The value at a path through JSON, or None."""
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def present(pairs: Mapping[str, Any]) -> Facts:
    """Without what the wire did not say."""
    return {name: value for name, value in pairs.items() if value is not None}


def texts(value: Any) -> list[str] | None:
    """A string or a list of them, as a list."""
    return [value] if isinstance(value, str) else value or None


def many(count: int | None) -> int | None:
    """A number of choices, where it is worth telling."""
    return None if count == 1 else count


def written(total: int | None) -> Facts:
    """Cache writes, which have two names."""
    return present({CACHE_WRITE: total, CACHE_CREATION: total})
