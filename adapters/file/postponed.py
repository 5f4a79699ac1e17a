"""Files that failed: each is tried again later and later, so that one bad file neither spins nor fills the log."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from adapters.file.found import Found

_LONGEST = 60.0


class Postponed:
    """When to try what failed: at the next poll, then after twice the delay, four times, up to a minute. A file that changed counts as new.

    Thread-safe.
    """

    def __init__(self, delay: float) -> None:
        self._delay = max(delay, 0.01)
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, float, object]] = {}

    def failed(self, found: Found) -> None:
        """A file's route failed."""
        with self._lock:
            count, _, seen = self._failures.get(found.path, (0, 0.0, None))
            count = count + 1 if seen == found.fingerprint else 1
            pause = 0.0 if count == 1 else min(self._delay * 2 ** min(count - 1, 20), _LONGEST)
            self._failures[found.path] = count, time.monotonic() + pause, found.fingerprint

    def succeeded(self, found: Found) -> None:
        """A file's route is done."""
        with self._lock:
            self._failures.pop(found.path, None)

    def waits(self, found: Found) -> bool:
        """Whether it is too early to try a file again."""
        known = self._failures.get(found.path)
        return known is not None and known[1] > time.monotonic() and known[2] == found.fingerprint

    def forget_all_but(self, paths: Iterable[str]) -> None:
        """Drop what is known of files that are gone, but for those that still wait."""
        if not self._failures:
            return
        kept = set(paths)
        now = time.monotonic()
        with self._lock:
            self._failures = {path: known for path, known in self._failures.items() if path in kept or known[1] > now}
