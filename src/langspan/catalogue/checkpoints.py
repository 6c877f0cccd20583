"""The catalogue's rows for the writes and reads of checkpoints."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import Level, Source, Type, rows
from langspan.conventions import graph_names
from langspan.kinds.checkpoints import CHECKPOINT, GET, LIST, PUT, PUT_WRITES

_CHECKPOINT: Final = frozenset({CHECKPOINT})

CHECKPOINTS: Final = (
    *rows(
        Source.OWN,
        _CHECKPOINT,
        (graph_names.LANGSPAN_CHECKPOINT_OPERATION, Type.STRING, Level.REQUIRED, "put", "always"),
        values=(PUT, PUT_WRITES, GET, LIST),
    ),
    *rows(
        Source.OWN,
        _CHECKPOINT,
        (
            graph_names.LANGSPAN_CHECKPOINT_SAVER,
            Type.STRING,
            Level.REQUIRED,
            "SqliteSaver",
            "always",
        ),
        (
            graph_names.LANGSPAN_CHECKPOINT_SIZE,
            Type.INT,
            Level.RECOMMENDED,
            2048,
            "the bytes that LangGraph's serializer made or read for it",
        ),
        (
            graph_names.LANGSPAN_CHECKPOINT_COUNT,
            Type.INT,
            Level.RECOMMENDED,
            1,
            "how many writes were put, or checkpoints found",
        ),
    ),
)
