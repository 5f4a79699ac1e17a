"""Apache Camel beside the bus, where somebody has built it: the side-by-side bench's folder and its ``BENCH_TMP`` (see the README)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.project import ROOT, Command


def bench_folder() -> Path:
    """Where the side-by-side bench is: ESB_BENCH, or beside the checkout."""
    return Path(os.environ.get("ESB_BENCH", ROOT.parent / "shared" / "bench"))


def built() -> str | None:
    """Why Camel cannot be run, or None if it can."""
    if not (bench_folder() / "camel" / "run.sh").exists():
        return f"Camel: no side-by-side bench in {bench_folder()} (name its folder in ESB_BENCH)"
    scratch = os.environ.get("BENCH_TMP")
    if not scratch:
        return "Camel: BENCH_TMP does not name the folder with what the side-by-side bench has built"
    if not (Path(scratch) / "camel" / "classes" / "Run.class").exists():
        return f"Camel: {scratch}/camel is not built (README of the side-by-side bench, 'Build')"
    if shutil.which("java") is None:
        return "Camel: there is no java on this machine"
    return None


def camel_queues(work: str, port: int) -> Callable[[], Command] | str:
    """How to start Camel's tuned route over the queues of a benchmark, or why not."""
    why = built()
    if why is not None:
        return why
    environment = {"BENCH_AMQP_PORT": str(port), "CC": "32", "MLC": "SMLC", "PF": "250"}
    return lambda: camel(f"{work.lower()}.yaml", environment, rename=("bench.", "esb."))


def camel(route: str, environment: dict[str, str], *arguments: str, rename: tuple[str, str] | None = None) -> Command:
    """Camel with one of the bench's routes; ``rename`` replaces a text in it."""
    folder = bench_folder()
    file = folder / "camel" / route
    if rename:
        changed = Path(tempfile.gettempdir()) / f"esb-bench-{os.getpid()}-{route}"
        changed.write_text(file.read_text().replace(*rename))
        file = changed
    return Command([str(folder / "camel" / "run.sh"), str(file), *arguments], environment, folder)
