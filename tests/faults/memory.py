"""A limit on the memory of some processes, kept by the kernel: it kills where more is needed. A control group of our own below the one we are in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from esb.testing.process import until

_ROOT = Path("/sys/fs/cgroup")


class MemoryLimit:
    """A context manager; the processes must have ended at its end. Raises OSError where this machine does not let us."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self._group, self._limit, self._told = _place()

    def __enter__(self) -> Self:
        self._group.mkdir()
        try:
            (self._group / self._limit).write_text(str(self._octets))
        except OSError:
            self._group.rmdir()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        until(self._removed, "the control group is empty")

    def _removed(self) -> bool:
        with contextlib.suppress(OSError):
            self._group.rmdir()
            return True
        return False

    def take(self, pids: Iterable[int]) -> None:
        """Put processes under the limit; what they fork is, too."""
        for pid in pids:
            (self._group / "cgroup.procs").write_text(str(pid))

    @property
    def kills(self) -> int:
        """How many processes the kernel has killed for it."""
        lines = (self._group / self._told).read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _place() -> tuple[Path, str, str]:
    """Our group to be, and the files that take the limit and tell the kills."""
    name = f"esb-faults-{os.getpid()}"
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return _ROOT / "memory" / path.strip("/") / name, "memory.limit_in_bytes", "memory.oom_control"
        if not controllers and (_ROOT / "cgroup.controllers").exists():
            return _ROOT / path.strip("/") / name, "memory.max", "memory.events"
    raise OSError("there are no control groups for memory")
