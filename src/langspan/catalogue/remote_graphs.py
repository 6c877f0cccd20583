"""The catalogue's rows for remote graphs, apart from those that they share with other kinds of runs."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import GRAPHS, Level, Source, Type, rows
from langspan.conventions import names
from langspan.kinds.remote_graphs import REMOTE_AGENT

REMOTE: Final = frozenset({REMOTE_AGENT})

REMOTE_GRAPHS: Final = (
    *rows(
        Source.GENAI,
        REMOTE,
        (
            names.GEN_AI_AGENT_ID,
            Type.STRING,
            Level.CONDITIONAL,
            "8cf6a4d2-0b8e-5f43-9f0a-3e3d1c5a7b10",
            "the assistant is called by its id, not by the name of its graph",
        ),
    ),
    *rows(
        Source.OWN,
        GRAPHS | REMOTE,
        (
            names.LANGGRAPH_ASSISTANT_ID,
            Type.STRING,
            Level.RECOMMENDED,
            "fe09",
            "LangGraph's server runs the graph; on a remote graph: which assistant is called",
        ),
    ),
    *rows(
        Source.OWN,
        REMOTE,
        (
            names.LANGGRAPH_RUN_ID,
            Type.STRING,
            Level.RECOMMENDED,
            "01a221be-65c7-735e-8681-598a93da6973",
            "the server tells its id of the run",
        ),
    ),
)
