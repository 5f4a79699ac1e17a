"""Apache Camel beside the bus, where somebody has built it: the side-by-side bench's folder and its ``BENCH_TMP`` (see the README)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.project import ROOT, Command


def bench_folder() -> Path:
    """Where the side-by-side bench is: ESB_BENCH, or beside the checkout."""
    return Path(os.environ.get("ESB_BENCH", ROOT.parent / "shared" / "bench"))


def _scratch() -> Path:
    """Where it was built: by default where its env.sh says."""
    return Path(os.environ.get("BENCH_TMP") or Path(tempfile.gettempdir()) / "esb-bench")


def versions() -> list[str]:
    """Camel's and Java's, if Camel can be run."""
    if built():
        return []
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    libraries = _scratch() / "camel" / "lib"
    return [
        f"Camel {version_of(libraries, 'camel-core-model')}",
        f"Java {java.split(chr(34))[1] if chr(34) in java else java}",
    ]


def version_of(libraries: Path, name: str) -> str:
    """The version in the name of a jar."""
    found = next(iter(libraries.glob(f"{name}-[0-9]*.jar")), None)
    return found.stem.removeprefix(f"{name}-") if found else "of unknown version"


def built() -> str | None:
    """Why Camel cannot be run, or None if it can."""
    if not (bench_folder() / "camel" / "run.sh").exists():
        return f"Camel: no side-by-side bench in {bench_folder()} (name its folder in ESB_BENCH)"
    if not (_scratch() / "camel" / "classes" / "Run.class").exists():
        return f"Camel: {_scratch()}/camel is not built (README of the side-by-side bench, 'Build'; BENCH_TMP names the folder)"
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
