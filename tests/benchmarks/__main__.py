"""``python -m tests.benchmarks [SET|NAME…]``: benchmarks, printed beside the design's figures. No tests: nothing fails for being slow."""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import machine, peers, report, soap
from tests.benchmarks.begin import w6
from tests.benchmarks.bench import Bench
from tests.benchmarks.embedded import sqlite
from tests.benchmarks.hop import latency
from tests.benchmarks.inprocess import w5
from tests.benchmarks.options import Options
from tests.benchmarks.pricelist import prices
from tests.benchmarks.project import ROOT
from tests.benchmarks.queues import VARIANTS
from tests.benchmarks.rows import w3
from tests.benchmarks.run import interleaved
from tests.benchmarks.table import Table
from tests.benchmarks.web import w4, w4_durable
from tests.benchmarks.windows import memory, windows

DELIVERY: dict[str, Callable[[Options, Bench], Table]] = {
    **{variant.name: variant for variant in VARIANTS},
    "windows": windows,
    "latency": latency,
    "memory": memory,
    "sqlite": sqlite,
}
SOAP: dict[str, Callable[[Options, Bench], Table]] = {
    "soap-message": soap.soap_message,
    "soap-client": soap.soap_client,
    "soap-server": soap.soap_server,
    "soap-memory": soap.soap_memory,
}
BENCHMARKS: dict[str, Callable[[Options, Bench], Table]] = {
    **DELIVERY,
    "W3": w3,
    "W4": w4,
    "W4-durable": w4_durable,
    "W5": w5,
    "W6": w6,
    "prices": prices,
    **SOAP,
}
SETS = {"delivery": DELIVERY, "soap": SOAP, "all": BENCHMARKS}


def main() -> int:
    """Exit code 1 if a contender failed."""
    asked = _asked()
    if asked.page:
        _show(report.read(asked.page), asked.markdown)
        return 0
    logging.basicConfig(level=logging.CRITICAL)
    # As Ctrl-C: contenders and the node are ended, and what was done is written.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = Options(1 if asked.quick else max(asked.rounds, 1), asked.quick, asked.count, tuple(asked.only))
    with Bench() as bench:
        tables = [BENCHMARKS[name](options, bench) for name in asked.names]
        told = report.Report(shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]]), _about(bench), tables)
        print("; ".join(told.about), flush=True)
        interleaved(tables, options.rounds, asked.minutes, lambda: _keep(told, asked.json))
    _show(told, asked.markdown)
    return 1 if any(table.failures for table in tables) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"a set ({', '.join(SETS)}) or some of {', '.join(BENCHMARKS)}; all if none is named"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds, contenders in turn (default: %(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=0, help="begin no round that would end later; the page says how many were done"
    )
    parser.add_argument(
        "--count", type=int, default=0, metavar="N", help="messages a run, in place of each one's own number"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="contenders whose names begin so; repeat for more"
    )
    parser.add_argument("--quick", action="store_true", help="one round of smaller numbers: does everything work?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all rounds here, as they come")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables here")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="run nothing: show what an earlier run kept with --json"
    )
    asked = parser.parse_args()
    known = {name.lower(): [name] for name in BENCHMARKS} | {name: list(each) for name, each in SETS.items()}
    unknown = [name for name in asked.names if name.lower() not in known]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join([*SETS, *BENCHMARKS])}")
    asked.names = [each for name in asked.names or ["all"] for each in known[name.lower()]]
    return asked


def _about(bench: Bench) -> list[str]:
    today = dt.datetime.now(tz=dt.UTC).date()
    packages = machine.versions("pika", "marshmallow", "zeep")
    programs = [*bench.versions, *peers.versions(), *soap.versions(), *packages]
    return [str(today), machine.commit(ROOT), machine.described(), ", ".join(programs)]


def _keep(told: report.Report, path: Path | None) -> None:
    if path is not None:
        report.write(told, path)


def _show(told: report.Report, page: Path | None) -> None:
    for table in told.tables:
        print(report.text(table))
    print(report.goals(told.tables))
    if page is not None:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(report.markdown(told, page.read_text() if page.exists() else ""))


if __name__ == "__main__":
    sys.exit(main())
