"""``python -m tests.conformance``: run the oracle's cases and print the score by area and the first difference of each failing case.

Exit code 0 if only cases fail that known.yaml explains.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import sys
import time
from pathlib import Path

from tests.conformance.casefile import Case
from tests.conformance.score import (
    FLOOR,
    OWN,
    REPORT,
    by_area,
    known_misses,
    load_cases,
    oracle,
    run_cases,
    write_report,
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--area", default="", help="only this area or folder of cases: split, languages/simple")
    parser.add_argument("--case", default="", help="only cases whose name holds this text")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="name passing cases too, and show what the bus logs"
    )
    parser.add_argument("-s", "--scores", action="store_true", help="only the score by area")
    parser.add_argument(
        "--json", default=str(REPORT), help="where to write the report (default: conformance.json here)"
    )
    parser.add_argument(
        "--record-floor",
        action="store_true",
        help="keep this score as the least that tests accept; all misses must be in known.yaml",
    )
    options = parser.parse_args()
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO if options.verbose else logging.CRITICAL + 1)
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.INFO if options.verbose else logging.CRITICAL + 1)
    recorded = load_cases(oracle(), options.area, options.case)
    own = load_cases(OWN, options.area, options.case)
    if not (recorded or own):
        print("no cases: set ESB_ORACLE_CASES to the oracle's folder of cases", file=sys.stderr)
        return 2
    known = known_misses()

    def told(case: Case, verdict: str) -> None:
        if verdict == "pass":
            if options.verbose:
                print(f"pass {case.name}")
        elif not options.scores:
            reason = f"  (known: {known[case.name]})" if case.name in known else ""
            print(f"FAIL {case.name}: {verdict}{reason}", flush=True)

    began = time.monotonic()
    verdicts = run_cases(recorded, told)
    own_verdicts = run_cases(own, told)
    whole = bool(recorded) and not (options.area or options.case)
    if whole:
        write_report(verdicts, Path(options.json))
    _print(verdicts, own_verdicts, time.monotonic() - began)
    misses = {name for name, verdict in verdicts.items() if verdict != "pass"}
    failed = sorted(misses - set(known)) + [name for name, verdict in own_verdicts.items() if verdict != "pass"]
    if options.record_floor and whole:
        if misses - set(known):
            print(f"not recorded: say in known.yaml why {', '.join(sorted(misses - set(known)))} cannot pass")
            return 1
        FLOOR.write_text(json.dumps(dict(sorted(by_area(verdicts).items())), indent=1) + "\n", encoding="utf-8")
        print("recorded; now 'make docs' tells it in the README")
    return 1 if failed else 0


def _print(verdicts: dict[str, str], own: dict[str, str], seconds: float) -> None:
    areas = by_area(verdicts)
    for area, sums in sorted(areas.items()):
        print(f"{area:16} {sums['passed']:4} / {sums['cases']}")
    passed = sum(sums["passed"] for sums in areas.values())
    if verdicts:
        print(f"{'all':16} {passed:4} / {len(verdicts)}   {100 * passed / len(verdicts):.1f} %")
    print(f"{'our own cases':16} {list(own.values()).count('pass'):4} / {len(own)}   all in {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
