"""The callback handler for use by itself: the same recorder, without patches."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from opentelemetry._logs import LoggerProvider
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import SpanContext, TracerProvider

from langspan._capture import CaptureContent
from langspan._events import RunHook
from langspan._guard import Guard
from langspan._setting_parsers import Redact, Spans, UsageSums, check_providers
from langspan._settings import Settings
from langspan.langchain.graph_announcements import pop_announcement
from langspan.langchain.handler import RecordingHandler
from langspan.recording.build import build_recorder
from langspan.recording.whereabouts import note, span_context_of

if TYPE_CHECKING:
    from langspan._budgets import Budget
    from langspan._prices import Price


class CallbackHandler(RecordingHandler):
    """A LangChain callback handler that records runs as spans, without patching anything.

    Pass it in `config={"callbacks": [handler]}` or to a model's constructor. It links spans by run id. Only
    `instrument` can also make a span current while the run's own code runs.

    Args:
        tracer_provider: The provider for spans; by default the global one.
        meter_provider: The provider for metrics; by default none are recorded.
        logger_provider: The provider for log events; by default none are recorded.
        capture_content: See `instrument`.
        redact: See `instrument`.
        max_content_bytes: See `instrument`.
        spans: See `instrument`.
        usage_sums: See `instrument`.
        cost: See `instrument`.
        prices: See `instrument`.
        budgets: See `instrument`.
        metadata_keys: See `instrument`.
        read_baggage: See `instrument`.
        on_start: See `instrument`.
        on_end: See `instrument`.

    Raises:
        ValueError: A setting has an invalid value; the message names the setting, the value and the fix.
        TypeError: A function or a provider is expected, and the value is not one.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        *,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        capture_content: CaptureContent | None = None,
        redact: Redact | None = None,
        max_content_bytes: int | None = None,
        spans: Spans | None = None,
        usage_sums: UsageSums | None = None,
        cost: bool | None = None,
        prices: Mapping[str, Price] | None = None,
        budgets: Sequence[Budget] | None = None,
        metadata_keys: Sequence[str] | None = None,
        read_baggage: bool | None = None,
        on_start: RunHook | None = None,
        on_end: RunHook | None = None,
    ) -> None:
        providers: dict[str, Any] = {
            "tracer_provider": tracer_provider,
            "meter_provider": meter_provider,
            "logger_provider": logger_provider,
        }
        check_providers(**providers)
        settings = Settings.build(
            os.environ,
            capture_content=capture_content,
            redact=redact,
            max_content_bytes=max_content_bytes,
            spans=spans,
            usage_sums=usage_sums,
            cost=cost,
            prices=prices,
            budgets=budgets,
            metadata_keys=metadata_keys,
            read_baggage=read_baggage,
            on_start=on_start,
            on_end=on_end,
        )
        super().__init__(build_recorder(settings, Guard(), pop_announcement=pop_announcement, **providers))
        note(self.recorder)

    def find(self, run_id: UUID | str) -> SpanContext | None:
        """Return the span context of a run that is open or ended recently, to link to it or to judge it.

        Args:
            run_id: LangChain's id of the run, as a UUID or its text. The last two thousand runs that ended
                are known, and no run of another process.

        Returns:
            None if the run is not known, or nothing is recorded of it.

        Raises:
            ValueError: The id is no such text.
        """
        return span_context_of(self.recorder, run_id)
