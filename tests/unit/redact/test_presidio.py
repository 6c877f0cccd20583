"""Microsoft Presidio as a function for `redact`."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from langspan import redact


@pytest.fixture(scope="module")
def analyzer() -> Any:
    """Presidio's analyzer with a language that has words and nothing more: no model is downloaded."""
    why = "presidio is not installed: pip install 'langspan[presidio]'"
    presidio, spacy = pytest.importorskip("presidio_analyzer", reason=why), pytest.importorskip("spacy")
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    registry = presidio.RecognizerRegistry()
    registry.load_predefined_recognizers(nlp_engine=engine)
    return presidio.AnalyzerEngine(registry=registry, nlp_engine=engine)


def test_it_writes_what_it_finds(analyzer: Any) -> None:
    hook = redact.presidio(analyzer=analyzer, entities={"EMAIL_ADDRESS", "CREDIT_CARD"})
    assert "<EMAIL_ADDRESS> paid with <CREDIT_CARD>" == hook(
        "ann@example.com paid with 4111111111111111", "input"
    )


def test_it_looks_for_what_is_asked_only(analyzer: Any) -> None:
    hook = redact.presidio(analyzer=analyzer, entities={"EMAIL_ADDRESS"})
    assert "<EMAIL_ADDRESS> 4111111111111111" == hook("ann@example.com 4111111111111111", "input")


def test_what_is_no_text_is_returned_as_it_is(analyzer: Any) -> None:
    hook = redact.presidio(analyzer=analyzer)
    assert [None, 7, " "] == [hook(value, "input") for value in (None, 7, " ")]


def test_it_can_be_combined(analyzer: Any) -> None:
    mail = redact.presidio(analyzer=analyzer, entities={"EMAIL_ADDRESS"})
    assert "<EMAIL_ADDRESS> [ip]" == redact.all_of(mail, redact.ips)("ann@example.com 10.0.0.1", "input")


def test_without_presidio_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(ImportError, match=r"pip install 'langspan\[presidio\]'"):
        redact.presidio()
