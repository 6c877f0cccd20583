"""The catalogue's rows for how a run came about, and for the middleware around a model or tool."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import ANY, Level, Source, Type, rows
from langspan.conventions import graph_names, names
from langspan.kinds.chains import CHAIN
from langspan.kinds.graphs import NODE

_HOOKS: Final = "hooks `wrap_model_call` or `wrap_tool_call` ran in it"

ATTEMPTS: Final = (
    *rows(
        Source.OWN,
        ANY,
        (
            names.LANGSPAN_FALLBACK_FROM,
            Type.STRING,
            Level.CONDITIONAL,
            "gpt-5",
            "the run stands in for a model that was tried before it: that model, or its class",
        ),
        (
            names.LANGSPAN_ROUTED_FROM,
            Type.STRING,
            Level.CONDITIONAL,
            "gpt-5",
            "a middleware has chosen another model than the agent's: the agent's model, or its class",
        ),
    ),
    *rows(
        Source.OWN,
        frozenset({NODE}),
        (
            names.LANGGRAPH_DEFERRED,
            Type.BOOL,
            Level.CONDITIONAL,
            True,
            "the node waits until all others are done (`defer=True`); never `false`",
        ),
    ),
    *rows(
        Source.OWN,
        frozenset({NODE, CHAIN}),
        (
            graph_names.LANGSPAN_MIDDLEWARE_HOOKS,
            Type.STRINGS,
            Level.CONDITIONAL,
            ["ModelRetryMiddleware.wrap_model_call"],
            _HOOKS,
        ),
        (
            graph_names.LANGSPAN_MIDDLEWARE_DURATIONS,
            Type.DOUBLES,
            Level.CONDITIONAL,
            [0.25],
            "likewise: the seconds that each took for itself, without what it ran",
        ),
    ),
)
