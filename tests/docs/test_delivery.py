"""docs/delivery.md: it names every reason for which something can be lost."""

from __future__ import annotations

from docs.pages import code, page
from langspan.export.ledger import Loss

PAGE = page("docs/delivery.md")


def test_the_page_names_every_reason_of_a_loss() -> None:
    assert set() == {str(reason) for reason in Loss} - {name for line in PAGE.prose for name in code(line)}
