"""Examples in Markdown: fenced blocks, and the comments before them that say what a test does with them. CONTRIBUTING tells the notation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_COMMENT = re.compile(r"<!-- ([a-z ]+?)(?:: ?(.*?))? -->")
_FENCE = re.compile(r"(`{3,})(\w*)\s*$")
RUNNABLE = ("yaml", "sh")
DIRECTIVES = ("file", "steps", "run", "finds", "background", "output", "not run")


@dataclass(slots=True)
class Block:
    """One fenced block. ``directives`` are pairs of a word and what stands behind its colon."""

    language: str
    line: int
    text: str = ""
    directives: list[tuple[str, str]] = field(default_factory=list)

    def all(self, directive: str) -> list[str]:
        return [value for word, value in self.directives if word == directive]

    def has(self, directive: str) -> bool:
        return bool(self.all(directive))


def blocks(markdown: str) -> Iterator[Block]:
    """The blocks of a page. Comments count only if they stand directly before one; unknown ones are left to :func:`wrong`."""
    directives: list[tuple[str, str]] = []
    current: Block | None = None
    fence = ""
    lines: list[str] = []
    for number, line in enumerate(markdown.splitlines(), start=1):
        opened = _FENCE.fullmatch(line)
        if current is not None:
            if line.rstrip() == fence:
                current.text = "\n".join(lines) + "\n"
                yield current
                current = None
            else:
                lines.append(line)
        elif opened:
            current = Block(opened[2], number, directives=directives)
            fence, lines, directives = opened[1], [], []
        elif told := _COMMENT.fullmatch(line.strip()):
            directives.append((told[1], told[2] or ""))
        else:
            directives = []


def wrong(block: Block) -> str:
    """What is wrong with a block's comments; empty if nothing is."""
    unknown = [word for word, _ in block.directives if word not in DIRECTIVES]
    if unknown:
        return f"unknown comment {unknown[0]!r}: there are {', '.join(DIRECTIVES)}"
    if block.language == "sh" and not block.directives:
        return "a shell example is run, or says why not: <!-- run -->, <!-- background: URL -->, <!-- not run: why -->"
    if block.has("not run") and not block.all("not run")[0]:
        return "'not run' needs a reason"
    return ""
