"""Microsoft Presidio, for what no pattern finds: names, places, numbers of many countries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any, Final

_INSTALL: Final = "pip install 'langspan[presidio]'"


def presidio(
    *,
    entities: Collection[str] | None = None,
    language: str = "en",
    score_threshold: float | None = None,
    analyzer: Any = None,
    operators: Mapping[str, Any] | None = None,
) -> Callable[[Any, str], Any]:
    """Return a function that has Presidio find and replace private data: `<PERSON>` for a name, and so on.

    It takes milliseconds for each text, in the application's own calls, and needs a language model, which
    Presidio's documentation says how to get.

    Args:
        entities: What to look for, by Presidio's names, such as `{"PERSON", "LOCATION"}`; by default all.
        language: The language of the texts.
        score_threshold: How sure Presidio must be, from 0 to 1; by default as the analyzer has it.
        analyzer: A `presidio_analyzer.AnalyzerEngine` of your own; by default one with Presidio's defaults.
        operators: What to write instead, as `presidio_anonymizer.AnonymizerEngine.anonymize` takes it.

    Returns:
        A function `redact(value, where)`. Where Presidio raises, the value is dropped.

    Raises:
        ImportError: Presidio is not installed; the message says how to install it.
    """
    try:
        analyzer = analyzer or import_module("presidio_analyzer").AnalyzerEngine()
        anonymizer = import_module("presidio_anonymizer").AnonymizerEngine()
    except ImportError as error:
        raise ImportError(f"redact.presidio() needs Presidio: {_INSTALL}") from error
    wanted = None if entities is None else sorted(entities)
    how = None if operators is None else dict(operators)

    def redact(value: Any, _where: str = "") -> Any:
        if not isinstance(value, str) or not value.strip():
            return value
        found = analyzer.analyze(
            text=value, language=language, entities=wanted, score_threshold=score_threshold
        )
        if not found:
            return value
        return anonymizer.anonymize(text=value, analyzer_results=found, operators=how).text

    return redact
