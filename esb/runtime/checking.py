"""A command beside the master's loop: watched while it runs, and ended where it may not go on."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

_FAREWELL = 2.0


class TooLong(Exception):
    """The command had not ended within its time; it has been ended."""


def run(command: Sequence[str], seconds: float, goes_on: Callable[[], bool]) -> tuple[int, str] | None:
    """Exit code and output of a command, None if it was ended because ``goes_on`` said no. Raises TooLong.

    ``goes_on`` is called again and again, and is what takes the time between two looks: the caller's own turns and signals go on.
    It must not wait for children: the command's exit code would be gone.
    """
    # A file: who looks now and then would let the command wait before a full pipe.
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT)  # noqa: S603 -- our own command
        deadline = time.monotonic() + seconds
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise TooLong
                if not goes_on():
                    return None
        finally:
            _end(process)
        told.seek(0)
        return process.returncode, told.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # nothing for one that has ended
    with suppress(subprocess.TimeoutExpired):
        process.wait(_FAREWELL)
        return
    process.kill()
    process.wait()
