"""``python -m tests.conformance``: run the oracle's cases and print the score by area and the first difference of each failing case."""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import sys
import time
from pathlib import Path

import yaml

from tests.conformance.casefile import Case
from tests.conformance.score import FLOOR, HERE, OWN, by_area, load_cases, oracle, run_cases, write_report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--area", default="", help="only this area or folder of cases: split, languages/simple")
    parser.add_argument("--case", default="", help="only cases whose name holds this text")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="name passing cases too, and show what the bus logs"
    )
    parser.add_argument("-s", "--scores", action="store_true", help="only the score by area")
    parser.add_argument(
        "--json", default="build/conformance.json", help="where to write the report (default: %(default)s)"
    )
    parser.add_argument("--record-floor", action="store_true", help="make this score the least that the tests accept")
    options = parser.parse_args()
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO if options.verbose else logging.CRITICAL + 1)
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.INFO if options.verbose else logging.CRITICAL + 1)
    recorded = load_cases(oracle(), options.area, options.case)
    cases = [*recorded, *load_cases(OWN, options.area, options.case)]
    if not cases:
        print("no cases: set ESB_ORACLE_CASES to the oracle's folder of cases", file=sys.stderr)
        return 2
    known = yaml.safe_load((HERE / "known.yaml").read_text(encoding="utf-8")) or {}

    def told(case: Case, verdict: str) -> None:
        if verdict == "pass":
            if options.verbose:
                print(f"pass {case.name}")
        elif not options.scores:
            print(
                f"FAIL {case.name}: {verdict}" + (f"  (known: {known[case.name]})" if case.name in known else ""),
                flush=True,
            )

    began = time.monotonic()
    verdicts = run_cases(cases, told)
    if not (options.area or options.case):
        write_report(verdicts, Path(options.json))
    areas = by_area(verdicts)
    for area, sums in sorted(areas.items()):
        print(f"{area:16} {sums['passed']:4} / {sums['cases']}")
    passed = sum(sums["passed"] for sums in areas.values())
    print(f"{'all':16} {passed:4} / {len(verdicts)}   in {time.monotonic() - began:.0f} s")
    if options.record_floor and not (options.area or options.case):
        floor = by_area({case.name: verdicts[case.name] for case in recorded})
        told_floor = {area: sums["passed"] for area, sums in sorted(floor.items())}
        FLOOR.write_text(json.dumps(told_floor, indent=1) + "\n", encoding="utf-8")
    return 0 if passed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
