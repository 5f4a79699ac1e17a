"""Findings that somebody has looked at and allows: ``# esb: allow ESB-L011 the OA reads this queue``, on the line or above it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from esb.dsl.lint.rules import Finding

_ALLOW: Final = re.compile(r"#\s*esb:\s*allow\s+(ESB-L\d{3}(?:[\s,]+ESB-L\d{3})*)")
_CODE: Final = re.compile(r"ESB-L\d{3}")


def not_allowed(findings: Iterable[Finding], text: str) -> Iterator[Finding]:
    """The findings of one document that no comment in its text allows."""
    allowed: dict[int, set[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _ALLOW.search(line)
        if found:
            # A comment alone on its line is about the one below it.
            about = number + 1 if line.lstrip().startswith("#") else number
            allowed.setdefault(about, set()).update(_CODE.findall(found[1]))
    for finding in findings:
        if finding.code not in allowed.get(finding.at.line, ()):
            yield finding
