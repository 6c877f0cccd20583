"""What it takes to turn ended spans into bytes: the stock encoder and ours, and gzip at each level.

The encoders take turns on the same batches, whose ids and counts differ as those of real spans do, and the
lowest of many figures counts, in processor time.
"""

from __future__ import annotations

import gzip
import re
import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind

from langspan.export.otlp import encode_span, trace_request

_BATCH = 512
_BATCHES = 4
_TURNS = 12
_PAGES = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
Encode = Callable[[Sequence[ReadableSpan]], bytes]


def ours(spans: Sequence[ReadableSpan]) -> bytes:
    """The request as langspan encodes it."""
    return trace_request([(span, encode_span(span)) for span in spans])


def stock(spans: Sequence[ReadableSpan]) -> bytes:
    """The request as the stock exporters encode it."""
    return encode_spans(spans).SerializeToString()


def _spans(first: int, content: Sequence[str] = ()) -> list[ReadableSpan]:
    tracer = TracerProvider(ALWAYS_ON, shutdown_on_exit=False).get_tracer("langspan", "1.0")
    texts = islice(cycle(content), first, None)
    spans: list[Any] = []
    for number in range(first, first + _BATCH):
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.request.temperature": 0.7,
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.response.id": f"chatcmpl-{number:012x}",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.input_tokens": 500 + number % 3000,
            "gen_ai.usage.output_tokens": number % 400,
            "gen_ai.conversation.id": f"019a2b3c-0000-7000-8000-{number // 3:012}",
        }
        if content:
            attributes["gen_ai.input.messages"] = next(texts)
        spans.append(tracer.start_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=attributes))
        spans[-1].end()
    return spans


def _seconds(batches: Sequence[Any], *calls: Callable[[Any], object]) -> list[float]:
    """The processor time of each call on the batch where it took least."""
    lowest = [float("inf")] * len(calls)
    for _ in range(_TURNS):
        for batch in batches:
            for which, call in enumerate(calls):
                start = time.process_time()
                call(batch)
                lowest[which] = min(lowest[which], time.process_time() - start)
    return lowest


def _calls(encode: Encode, spans: Sequence[ReadableSpan]) -> float:
    """Calls of Python functions for each span."""
    calls = 0

    def count(*event: Any) -> None:
        nonlocal calls
        calls += event[1] == "call"

    sys.setprofile(count)
    encode(spans)
    sys.setprofile(None)
    return calls / len(spans)


def _paragraphs() -> list[str]:
    pages = "\n\n".join(page.read_text(encoding="utf-8") for page in _PAGES)
    return [text for text in re.split(r"\n\s*\n", pages) if len(text) > 100]


def encoder() -> None:
    """Print both tables."""
    plain = [_spans(number * _BATCH) for number in range(_BATCHES)]
    prose = [_spans(number * _BATCH, _paragraphs()) for number in range(_BATCHES)]
    print(f"| {_BATCH} spans | stock µs a span | ours | stock / ours | calls, stock | calls, ours |")
    print("|" + " --- |" * 6)
    for name, batches in (("chat, 10 attributes", plain), ("and a paragraph of content", prose)):
        slow, quick = _seconds(batches, stock, ours)
        calls = f"{_calls(stock, batches[0]):.0f} | {_calls(ours, batches[0]):.0f}"
        each = f"{slow / _BATCH * 1e6:.1f} | {quick / _BATCH * 1e6:.1f} | {slow / quick:.1f}"
        print(f"| {name} | {each} | {calls} |", flush=True)
    print("\n| gzip level | chat: ms a request | bytes | with content: ms | bytes |")
    print("|" + " --- |" * 5)
    for level in (1, 2, 4, 6, 9):
        cells = [_compressed([ours(batch) for batch in batches], level) for batches in (plain, prose)]
        print(f"| {level} | " + " | ".join(cells) + " |", flush=True)


def _compressed(requests: Sequence[bytes], level: int) -> str:
    (seconds,) = _seconds(requests, lambda request: gzip.compress(request, level))
    size = sum(len(gzip.compress(request, level)) for request in requests) / sum(map(len, requests))
    return f"{seconds * 1e3:.2f} | {size:.1%}"
