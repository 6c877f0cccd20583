"""The page as text: one HTML document that needs nothing else, in which foreign text is only ever text."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, Final

from langspan._values import valid_utf8
from langspan.page.model import page_data
from langspan.page.spans import Span

# What could end the element that holds the data, or a line of a script, in any parser that ever reads it.
_ESCAPED: Final = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})
_HEAD: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
"""


def page_html(spans: Iterable[Span], title: str) -> str:
    """Return a document that shows these spans.

    Args:
        spans: Spans of any traces, in any order.
        title: What the spans are from, such as the name of a file.
    """
    style, body, script = (asset(f"view.{kind}") for kind in ("css", "body.html", "js"))
    data = f'<script type="application/json" id="data">{embedded(page_data(spans, title))}</script>\n'
    return f"{head(title, style, script)}<body>\n{body}{data}<script>{script}</script>\n</body>\n</html>\n"


def head(title: str, style: str, script: str = "") -> str:
    """Return the beginning of a document that may use one style and at most one script, and load nothing.

    The browser is told so: whatever text in the document became markup could neither run nor fetch anything.
    """
    rules = {
        "default-src": "'none'",
        "style-src": _hashed(style),
        "script-src": _hashed(script) if script else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    policy = "; ".join(f"{name} {value}" for name, value in rules.items())
    return _HEAD.format(policy=policy, title=html.escape(valid_utf8(title)), style=style)


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def embedded(data: Mapping[str, Any]) -> str:
    """Return data as JSON that can stand in a document: no character of it is special there."""
    return valid_utf8(json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED))


def asset(name: str) -> str:
    """Return one of the files that a document is made of."""
    return resources.files("langspan.page").joinpath("assets", name).read_text("utf-8")


def framed(document: str, height: int = 600) -> str:
    """Return a frame for a notebook that shows a document and keeps it apart from the notebook.

    Its script runs as that of no site at all: it cannot reach the notebook, its cells or its server.

    Args:
        document: A whole HTML document.
        height: Of the frame, in pixels.
    """
    source = html.escape(document)
    size = f"width:100%;height:{height}px;border:0"
    return f'<iframe sandbox="allow-scripts" srcdoc="{source}" style="{size}" title="trace"></iframe>'
