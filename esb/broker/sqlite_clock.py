"""The clock of delayed messages in the embedded broker's file.

A delay must outlive the process, so it is kept as a moment, not as a duration; on the wall clock it would end an hour early or late when the time of
the host is set. So moments are counted on the kernel's boot clock, from a base that stands in the file and is therefore the same for all processes.
After a boot of the host the base is taken from the wall clock anew: there is no better one.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def steady_clock(connection: sqlite3.Connection) -> Callable[[], float]:
    """Seconds since the epoch as they were told at the first look after the host's boot, going on evenly from there.

    Within a transaction of the caller that may write. The wall clock where the kernel does not tell one boot from another.
    """
    boot = ""
    with suppress(OSError):
        boot = _BOOT.read_text(encoding="ascii").strip()
    if not boot:
        return time.time
    row = connection.execute("SELECT value FROM about WHERE name = 'clock'").fetchone()
    known, _, told = (row[0] if row else "").partition(" ")
    if known == boot:
        base = float(told)
    else:
        base = time.time() - _since_boot()
        connection.execute("INSERT OR REPLACE INTO about VALUES ('clock', ?)", (f"{boot} {base!r}",))
    return lambda: base + _since_boot()


def _since_boot() -> float:
    # Not the monotonic clock: that one stands still while the machine sleeps.
    return time.clock_gettime(time.CLOCK_BOOTTIME)
