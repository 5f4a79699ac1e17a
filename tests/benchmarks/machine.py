"""What processes and the machine do, read from /proc: a figure without its load says little."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def versions(*names: str) -> list[str]:
    """Installed Python packages."""
    return [f"{name} {metadata.version(name)}" for name in names]


def tree(root: int) -> list[int]:
    """A process and all that came of it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (seen := _stat(int(entry.name))):
            children.setdefault(int(seen[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu(root: int) -> float:
    """Seconds of CPU that a process tree has used, by those of it that are alive."""
    return sum((int(seen[11]) + int(seen[12])) / TICKS for pid in tree(root) if (seen := _stat(pid)))


def memory(root: int) -> float:
    """Resident megabytes of a process tree; pages that forked workers share count for each of them."""
    return sum(resident(pid) for pid in tree(root))


def load() -> float:
    """Processes that wanted to run, on average over the last minute."""
    return os.getloadavg()[0]


def described() -> str:
    """The machine in a line."""
    memory_kb = next((int(line.split()[1]) for line in (PROC / "meminfo").read_text().splitlines()), 0)
    return f"{os.cpu_count()} cores, {memory_kb / 2**20:.0f} GiB, Linux {platform.release()}, Python {platform.python_version()}"


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on; empty if the process has gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def resident(pid: int) -> float:
    """Resident megabytes of a process."""
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def busy() -> float:
    """Seconds of processor time that the machine has spent, by whomever; what a host took away from it counts as well."""
    told = (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, told)
    return (user + nice + system + interrupts + soft + stolen) / TICKS


def commit(root: Path) -> str:
    """The commit of a checkout, and whether it was changed since; empty where that cannot be told."""
    git = ["git", "-C", str(root)]
    seen = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    if seen.returncode:
        return ""
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=False
    )
    return f"commit {seen.stdout.strip()}{', with changes' if changed.stdout.strip() else ''}"
