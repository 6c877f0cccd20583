"""docs/settings.md says what the table of settings says."""

from __future__ import annotations

import runpy

from docs.pages import REPOSITORY

SCRIPT = runpy.run_path(str(REPOSITORY / "tools" / "settings.py"))


def test_the_page_is_up_to_date():
    """If not: make pages."""
    assert SCRIPT["render"]() == SCRIPT["PAGE"].read_text("utf-8")
