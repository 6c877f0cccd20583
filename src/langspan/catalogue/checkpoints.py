"""The catalogue's rows for checkpoints: those that graphs start from, and their writes and reads."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import GRAPHS, Level, Source, Type, rows
from langspan.catalogue.runs import IN_NODE
from langspan.conventions import graph_names, names
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
    *rows(
        Source.OWN,
        GRAPHS | {CHECKPOINT},
        (
            names.LANGGRAPH_CHECKPOINT_NS,
            Type.STRING,
            Level.RECOMMENDED,
            "look_up:6f2c",
            f"{IN_NODE}; a checkpoint of one",
        ),
        (
            names.LANGGRAPH_CHECKPOINT_ID,
            Type.STRING,
            Level.RECOMMENDED,
            "1f0e",
            "the run starts from a checkpoint, or writes or reads it",
        ),
    ),
)
