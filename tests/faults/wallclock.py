"""A wall clock that a test sets, for the processes that it starts; their monotonic clocks go on as they do when an administrator sets the time.

libfaketime does the same in principle, but its release in Debian 12 breaks time.sleep() of Python 3.11 when it leaves the monotonic clock alone.
"""

from __future__ import annotations

import datetime as dt
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("wallclock.c")


class WallClock:
    """``environment`` is for the processes; they, and what they fork, see every :meth:`set` at once."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler to build the clock with: apt-get install gcc libc6-dev")
        library = folder / "wallclock.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE)], check=True)
        self._file = folder / "wallclock"
        self._shift = 0.0
        self._write()
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(self._file)}

    def now(self) -> float:
        """What the clock shows, in seconds since the epoch."""
        return time.time() + self._shift

    def jump(self, seconds: float) -> None:
        """Set it forward, or back."""
        self._shift += seconds
        self._write()

    def set(self, moment: dt.datetime) -> None:
        """Let it show a moment."""
        self._shift = moment.timestamp() - time.time()
        self._write()

    def _write(self) -> None:
        # In place: the processes have mapped the file.
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("q", round(self._shift * 1e9)))
