"""Whether a user interface answers at an address."""

from __future__ import annotations

from http.client import HTTPException
from typing import Final
from urllib.request import Request, urlopen

_SECONDS: Final = 1.0
_FOUND: Final = 200
_READ: Final = 4096
_PLACEHOLDER: Final = b"<title>Test Page</title>"
"""What a Jaeger that was built without its user interface serves in its place."""


def has_pages(url: str) -> bool:
    """Return whether pages for a browser are served at an address, and not only an API, or nothing.

    Args:
        url: The address; one that is no HTTP address has none.
    """
    if not url.lower().startswith(("http://", "https://")):
        return False
    try:
        request = Request(f"{url}/", headers={"Accept": "text/html"})  # noqa: S310 - only HTTP, see above
        with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
            is_page = answer.status == _FOUND and answer.headers.get_content_type() == "text/html"
            return is_page and _PLACEHOLDER not in answer.read(_READ)
    except (OSError, ValueError, HTTPException):
        return False
