"""``python -m tests.benchmarks [NAME…]``: benchmarks, printed beside the design's figures. No tests: nothing fails for being slow."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import machine, report
from tests.benchmarks.begin import w6
from tests.benchmarks.embedded import sqlite
from tests.benchmarks.hop import latency
from tests.benchmarks.inprocess import w5
from tests.benchmarks.options import Options
from tests.benchmarks.pricelist import prices
from tests.benchmarks.queues import w1, w2
from tests.benchmarks.rows import w3
from tests.benchmarks.soap import soap_client, soap_message, soap_server
from tests.benchmarks.table import Table
from tests.benchmarks.web import w4, w4_durable
from tests.benchmarks.windows import memory, windows

BENCHMARKS: dict[str, Callable[[Options], Table]] = {
    "W1": w1,
    "W2": w2,
    "windows": windows,
    "latency": latency,
    "memory": memory,
    "W3": w3,
    "W4": w4,
    "W4-durable": w4_durable,
    "W5": w5,
    "W6": w6,
    "sqlite": sqlite,
    "prices": prices,
    "soap-message": soap_message,
    "soap-client": soap_client,
    "soap-server": soap_server,
}


def main() -> int:
    """Exit code 1 if a contender failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)}; all if none is named"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds, contenders in turn (default: %(default)s)")
    parser.add_argument(
        "--count", type=int, default=0, metavar="N", help="messages a run, in place of each one's own number"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="contenders whose names begin so; repeat for more"
    )
    parser.add_argument("--consumed", action="store_true", help="W1, W2: a consumer with manual acks on the outputs")
    parser.add_argument(
        "--classic", action="store_true", help="W1, W2: classic queues, through the component rabbitmq:"
    )
    parser.add_argument("--quick", action="store_true", help="one round of smaller numbers: does everything work?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds here")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables here")
    asked = parser.parse_args()
    if asked.classic and asked.consumed:
        parser.error("--consumed takes from quorum queues only; leave --classic out")
    known = {name.lower(): name for name in BENCHMARKS}
    unknown = [name for name in asked.names if name.lower() not in known]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    names = [known[name.lower()] for name in asked.names] or list(BENCHMARKS)
    options = Options(
        1 if asked.quick else max(asked.rounds, 1),
        asked.quick,
        asked.count,
        tuple(asked.only),
        asked.consumed,
        asked.classic,
    )
    logging.basicConfig(level=logging.CRITICAL)
    print(f"{machine.described()}, load {machine.load():.1f}; {options.rounds} rounds")
    tables = []
    for name in names:
        began = time.monotonic()
        tables.append(BENCHMARKS[name](options))
        print(f"{report.text(tables[-1])}\n  took {time.monotonic() - began:.0f} s\n", flush=True)
    if asked.json:
        report.write_json(tables, asked.json)
    if asked.markdown:
        asked.markdown.parent.mkdir(parents=True, exist_ok=True)
        command = shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]])
        before = asked.markdown.read_text() if asked.markdown.exists() else ""
        asked.markdown.write_text(report.markdown(tables, command, before))
    return 1 if any(table.failures for table in tables) else 0


if __name__ == "__main__":
    sys.exit(main())
