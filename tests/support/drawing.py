"""Trees of spans as indented text: written by hand in a test, drawn from what was exported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from textwrap import dedent, indent

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

_STEP = "  "


def drawn(spans: Sequence[ReadableSpan]) -> str:
    """Every exported span on a line of its own, below its parent.

    A span of ours says behind its name how it ended, unless it just returned: `chat m (cancelled)`,
    `execute_tool t (error ValueError)`. A span whose parent was never exported stands below `<missing>`.
    """
    children: dict[int | None, list[ReadableSpan]] = defaultdict(list)
    ids = {span.context.span_id for span in spans}
    for span in spans:
        children[span.parent.span_id if span.parent else None].append(span)

    def draw(parent: int | None) -> str:
        return _joined(_block(_label(span), draw(span.context.span_id)) for span in children.get(parent, ()))

    orphans = [draw(parent) for parent in children if parent is not None and parent not in ids]
    return draw(None) + "".join(_block("<missing>", orphan) for orphan in orphans)


def written(text: str) -> str:
    """A tree from a test, its siblings in the order that `drawn` puts them."""
    blocks: list[list[str]] = []
    for line in dedent(text).strip("\n").splitlines():
        if line.startswith(_STEP):
            blocks[-1].append(line)
        elif line:
            blocks.append([line])
    return _joined(_block(block[0], written("\n".join(block[1:]))) for block in blocks)


def below(root: str, text: str) -> str:
    """The same tree under one more root."""
    return _block(root, dedent(text).strip("\n"))


def _block(label: str, text: str) -> str:
    return f"{label}\n{indent(text, _STEP)}"


def _joined(blocks: Iterable[str]) -> str:
    return "".join(sorted(blocks))


def _label(span: ReadableSpan) -> str:
    if span.instrumentation_scope is None or span.instrumentation_scope.name != "langspan":
        return span.name
    attributes = span.attributes or {}
    if span.status.status_code is StatusCode.ERROR:
        return f"{span.name} (error {attributes.get('error.type')})"
    outcome = attributes.get("langspan.outcome")
    return f"{span.name} ({outcome})" if outcome else span.name
