"""The page of one part, and the list of all parts of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from esb.fields import Spec
from tools.reference.camel import manual
from tools.reference.differences import about
from tools.reference.examples import example
from tools.reference.markdown import GENERATED, code, table

KINDS: Final = {
    "steps": ("Step", "step"),
    "languages": ("Language", "language"),
    "dataformats": ("Data format", "data format"),
    "components": ("Component", "component"),
}
"""How a kind of part is called."""

_NO_EFFECT: Final = re.compile(r"accepted|java only|java's|refused|not used|always so", re.IGNORECASE)

_ITS_NAME: Final = re.compile(r"\A(?:The language )?`\w+`: ")


def part(
    kind: str, name: str, spec: type[Spec], *, told: Iterable[str], options: Iterable[str], title: str = ""
) -> str:
    """The whole page. ``told`` says what the part is, ``spec`` declares its options, ``options`` are their tables."""
    tables = [text for text in options if text]
    sections = [
        GENERATED,
        f"# {title or name}",
        *(text for text in told if text),
        "## Example",
        example(kind, name) or "None yet.",
        "## Options",
        *(tables or ["None of its own."]),
        *_common(kind, spec),
        "## Differences from Camel",
        *_differences(kind, name, spec),
        f"[All {KINDS[kind][1]}s](../{kind}.md)",
    ]
    return "\n\n".join(sections) + "\n"


def listed(kind: str, parts: Mapping[str, str]) -> str:
    """The table of all parts of a kind: name with a link to its page, and what it is."""
    rows = [(f"[{code(name)}]({kind}/{name}.md)", _ITS_NAME.sub("", line)) for name, line in parts.items()]
    return table((KINDS[kind][1], "what it is for"), rows)


def _common(kind: str, spec: type[Spec]) -> Iterator[str]:
    if kind != "dataformats" and spec.fields:
        yield f"Beside these it has the [options of every {KINDS[kind][1]}](../{kind}.md#options-of-every-{KINDS[kind][1]})."


def _differences(kind: str, name: str, spec: type[Spec]) -> Iterator[str]:
    page = manual(kind, name)
    if not page:
        yield "Camel has nothing of this name: it is ours."
        return
    rows = table(("what", "Camel", "here", "why"), [row.told() for row in about(kind, name)])
    if rows:
        yield rows
    idle = [code(field.name) for field in spec.fields.values() if _NO_EFFECT.match(field.doc)]
    if idle:
        yield f"Options that do nothing here, or are refused, as their rows say: {', '.join(idle)}."
    if not (rows or idle):
        yield "None is known."
    yield f"Camel's own page: {page}. What differs anywhere is in [the list](../camel-differences.md)."
