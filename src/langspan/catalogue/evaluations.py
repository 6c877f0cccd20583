"""The catalogue's rows for evaluations: those of the event, and of the span that stands for it."""

from __future__ import annotations

from typing import Final

from langspan.catalogue.entries import Level, Row, Source, Type, rows
from langspan.conventions import names
from langspan.kinds.chains import CHAIN

_SPAN: Final = "on a span `evaluate {name}`, which stands for the event where nobody records events"


def _rows(name: str, score: str, label: str, explanation: str, when: str = "") -> tuple[Row, ...]:
    """Return the rows for these attributes, with what else must be so."""
    return (
        (name, Type.STRING, Level.REQUIRED, "relevance", when or "always"),
        (score, Type.DOUBLE, Level.CONDITIONAL, 0.5, "a score is given"),
        (label, Type.STRING, Level.CONDITIONAL, "pass", "a label is given"),
        (explanation, Type.STRING, Level.CONTENT, "It names the city.", "an explanation is given"),
    )


_RUN: Final = rows(
    Source.OWN,
    frozenset(),
    (
        names.LANGCHAIN_RUN_ID,
        Type.STRING,
        Level.CONDITIONAL,
        "0199c7a4-7d1c-7b1e-8a55-2f0f6f6f8c11",
        "the run's id is known",
    ),
)
EVENT: Final = (
    *rows(
        Source.GENAI,
        frozenset(),
        *_rows(
            names.GEN_AI_EVALUATION_NAME,
            names.GEN_AI_EVALUATION_SCORE_VALUE,
            names.GEN_AI_EVALUATION_SCORE_LABEL,
            names.GEN_AI_EVALUATION_EXPLANATION,
        ),
    ),
    *_RUN,
)
SPAN: Final = rows(
    Source.OWN,
    frozenset({CHAIN}),
    *_rows(
        names.LANGSPAN_EVALUATION_NAME,
        names.LANGSPAN_EVALUATION_SCORE_VALUE,
        names.LANGSPAN_EVALUATION_SCORE_LABEL,
        names.LANGSPAN_EVALUATION_EXPLANATION,
        _SPAN,
    ),
)
