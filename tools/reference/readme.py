"""The part of the README that is made of a record: the score against Camel, kept by ``python -m tests.conformance --record-floor``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tools.reference.markdown import table

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
RECORD: Final = ROOT / "tests" / "conformance" / "floor.json"

_BEGIN: Final = "<!-- score: made by `make docs` of tests/conformance/floor.json -->"
_END: Final = "<!-- end of score -->"
_COLUMNS: Final = 5


def with_score(readme: str, record: dict[str, dict[str, int]]) -> str:
    """The README with this score between its two comments. Raises ValueError if they are not there."""
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"README.md lacks the comments {_BEGIN} and {_END}")
    return f"{before}{_BEGIN}\n{score(record)}\n{_END}{after}"


def score(record: dict[str, dict[str, int]]) -> str:
    """A line with the whole score, and a table of the areas, several in a row."""
    passed, cases = (sum(area[key] for area in record.values()) for key in ("passed", "cases"))
    told = [f"{name} {area['passed']}/{area['cases']}" for name, area in record.items()]
    told += [""] * (-len(told) % _COLUMNS)
    rows = [told[at : at + _COLUMNS] for at in range(0, len(told), _COLUMNS)]
    line = f"**{passed} of {cases}** cases recorded from Camel 4.17 give the same here ({100 * passed / cases:.1f} %):"
    return f"{line}\n\n{table([''] * _COLUMNS, rows)}"


def current() -> str:
    """The README as it should be."""
    return with_score(README.read_text(encoding="utf-8"), json.loads(RECORD.read_text(encoding="utf-8")))
