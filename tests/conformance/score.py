"""The score of a run: verdicts by case, sums by area, the files it is kept in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from tests.conformance.casefile import Case, find_cases, load_case
from tests.conformance.run import verdict

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FLOOR = HERE / "floor.json"
"""Cases and passes of the oracle's folder by area when the score was last recorded; the README's score is made of it (``make docs``)."""
REPORT = ROOT / "conformance.json"

OWN = HERE / "cases"
"""Cases of the project itself, recorded from Camel like the oracle's; all of them must pass."""


def oracle() -> Path | None:
    """The folder of the oracle's cases, if it is there."""
    folder = (ROOT / (os.environ.get("ESB_ORACLE_CASES") or "../shared/oracle/cases")).resolve()
    return folder if folder.is_dir() else None


def load_cases(folder: Path | None, area: str = "", name: str = "") -> list[Case]:
    """The cases of a folder, or those of an area, or those whose name holds a text."""
    if folder is None:
        return []
    found = []
    for path in find_cases(folder):
        relative = path.relative_to(folder).with_suffix("").as_posix()
        if (not area or relative == area or relative.startswith(f"{area}/")) and name in relative:
            found.append(load_case(path, folder))
    return found


def run_cases(
    cases: Iterable[Case], told: Callable[[Case, str], None] = lambda _case, _verdict: None
) -> dict[str, str]:
    """Verdict by case, one after the other."""
    verdicts = {}
    for case in cases:
        verdicts[case.name] = verdict(case)
        told(case, verdicts[case.name])
    return verdicts


def known_misses() -> dict[str, str]:
    """Cases that cannot pass, each with its reason."""
    return yaml.safe_load((HERE / "known.yaml").read_text(encoding="utf-8")) or {}


def floor() -> dict[str, dict[str, int]]:
    """The recorded score: area -> cases and passes."""
    recorded: dict[str, dict[str, int]] = json.loads(FLOOR.read_text(encoding="utf-8"))
    return recorded


def expected(area: str, cases: int) -> int:
    """How many of the cases of an area must pass: as many as were recorded, or nine of ten of a folder that holds others."""
    recorded = floor().get(area)
    return recorded["passed"] if recorded and recorded["cases"] == cases else -(-cases * 9 // 10)


def by_area(verdicts: dict[str, str]) -> dict[str, dict[str, int]]:
    """Area -> cases and passes."""
    areas: dict[str, dict[str, int]] = {}
    for name, told in verdicts.items():
        sums = areas.setdefault(name.partition("/")[0], {"cases": 0, "passed": 0})
        sums["cases"] += 1
        sums["passed"] += told == "pass"
    return areas


def write_report(verdicts: dict[str, str], path: Path) -> None:
    """``{"cases": {name: "pass" or the first difference}, "areas": {area: {"cases": 25, "passed": 25}}}``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"cases": dict(sorted(verdicts.items())), "areas": by_area(verdicts)}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
