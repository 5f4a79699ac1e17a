"""W3: a CSV file row by row, each validated against a type and written as a line of JSON."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.benchmarks import data, machine, peers
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import GOALS
from tests.benchmarks.options import Options
from tests.benchmarks.project import BusProject, Command
from tests.benchmarks.table import Column, Contender, Round, Table

TYPES = """
types:
  Row:
    fields:
      order_id: {type: string, required: true, regex: "O-[0-9]{8}"}
      customer: {type: string, required: true}
      email: {type: string, required: true, clean: [lower]}
      country: {type: string, required: true, length: 2}
      quantity: {type: integer, required: true, range: {min: 1}}
      unit_price: {type: float, required: true}
      order_date: {type: date, required: true}
      express: {type: boolean, required: true}
"""

ROUTE = """
- beans:
    - {name: batch, type: org.apache.camel.processor.aggregate.GroupedBodyAggregationStrategy}
- route:
    id: w3
    from:
      uri: file:{{esb.folder}}/in
      parameters: {include: '.*\\.csv', initialDelay: 0, delay: 100}
      steps:
        - unmarshal: {csv: {unmarshalType: bench.Row, lazyLoad: true}}
        - split:
            simple: "${body}"
            streaming: true
            steps: %s
        - setBody: {constant: done}
        - to: "file:{{esb.folder}}/out?fileName=done.marker"
"""
APPEND = """
              - marshal: {json: {unmarshalType: bench.Row}}
              - to: "file:{{esb.folder}}/out?fileName=out.jsonl&fileExist=Append&appendChars=\\\\n"
"""
GROUPS = """
              - aggregate:
                  correlationExpression: {constant: all}
                  aggregationStrategy: batch
                  completionSize: 500
                  completionTimeout: 500
                  steps:
                    - marshal: {json: {unmarshalType: bench.Row, useList: true}}
                    - to: "file:{{esb.folder}}/out?fileName=out.jsonl&fileExist=Append&appendChars=\\\\n"
"""
CAMEL = "Camel, a line a row, no types"
COLUMNS = (
    Column("steady", "rows/s"),
    Column("wall", "s from drop to end", 2),
    Column("own", "own CPU µs/row", 1),
    Column("early", "RSS MB early"),
    Column("late", "RSS MB late"),
)


def w3(options: Options, bench: Bench) -> Table:
    """Rows a second between a fifth of the file and its end; memory at both."""
    rows = 40_000 if options.quick else 200_000
    table = Table(
        "W3",
        f"CSV rows, validated, to lines of JSON, {rows:,} rows",
        COLUMNS,
        GOALS["W3"],
        against=(CAMEL,),
        note="'in groups' writes 500 rows as one JSON array a line, as the price list does",
    )
    source = bench.folder / "orders.csv"
    data.write_rows(source, rows)
    table.contenders = [
        Contender("bus, a line a row", lambda: _bus(APPEND, source, rows)),
        Contender("bus, in groups of 500", lambda: _bus(GROUPS, source, rows)),
    ]
    why = peers.built()
    if why:
        table.skipped.append(why)
    else:
        table.contenders.append(Contender(CAMEL, lambda: _camel(source, rows)))
    return table


def _bus(steps: str, source: Path, rows: int) -> Round:
    project = BusProject({"schemas/bench.yaml": TYPES})
    route = (ROUTE % steps).replace("{{esb.folder}}", str(project.folder))
    (project.folder / "routes").mkdir()
    (project.folder / "routes" / "w3.yaml").write_text(route)
    (project.folder / "in").mkdir()
    (project.folder / "out").mkdir()
    with project:
        draft = project.folder / "orders.csv"
        draft.write_bytes(source.read_bytes())
        began = time.perf_counter()
        draft.rename(project.folder / "in" / "orders.csv")
        return _watched(project, project.folder / "out", began, rows)


def _camel(source: Path, rows: int) -> Round:
    with tempfile.TemporaryDirectory(prefix="esb-bench-") as holder:
        folder = Path(holder)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        (folder / "in" / "orders.csv").write_bytes(source.read_bytes())
        began = time.perf_counter()
        with peers.camel("w3.yaml", {"IN_DIR": str(folder / "in"), "OUT_DIR": str(folder / "out")}) as camel:
            return _watched(camel, folder / "out", began, rows)


def _watched(contender: BusProject | Command, out: Path, began: float, rows: int) -> Round:
    """Follow the size of the output: its growth is even, as the rows are."""
    file, sizes = out / "out.jsonl", []
    early = 0.0
    while not (out / "done.marker").exists():
        contender.check()
        now = time.perf_counter()
        if now - began > 100:
            raise RuntimeError("not done within 100 s")
        if file.exists():
            sizes.append((file.stat().st_size, now, machine.cpu(contender.pid)))
            early = early or machine.memory(contender.pid)
        time.sleep(0.02)
    ended = time.perf_counter()
    late, used = machine.memory(contender.pid), machine.cpu(contender.pid)
    total = file.stat().st_size
    size, when, before = next((seen for seen in sizes if seen[0] >= total / 5), sizes[0])
    share = (total - size) / total * rows
    return {
        "steady": share / (ended - when),
        "wall": ended - began,
        "own": (used - before) / share * 1e6,
        "early": early,
        "late": late,
    }
