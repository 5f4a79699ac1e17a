"""Whether a file is still being written (``readLock=changed``): its size and time must stand still for a while."""

from __future__ import annotations

import time
from collections.abc import Iterable

from adapters.file.found import Found


class Steadiness:
    """Remembers from poll to poll how files looked and since when, so that all files of a folder are watched at the same time. One thread's."""

    def __init__(self, interval: float, min_age: float, min_length: int) -> None:
        self._interval = interval
        self._min_age = min_age
        self._min_length = min_length
        self._seen: dict[str, tuple[tuple[int, int, int], float]] = {}

    def steady(self, found: Found) -> bool:
        """Whether a file has not changed for the interval and is old and long enough. The first look only remembers."""
        fingerprint = found.fingerprint
        if fingerprint is None:
            self._seen.pop(found.path, None)
            return False
        now = time.monotonic()
        known = self._seen.get(found.path)
        if known is None or known[0] != fingerprint:
            self._seen[found.path] = fingerprint, now
            return False
        return (
            now - known[1] >= self._interval
            and found.length >= self._min_length
            and time.time() - found.modified / 1000 >= self._min_age
        )

    def forget_all_but(self, paths: Iterable[str]) -> None:
        """Drop what is known of files that are gone."""
        kept = set(paths)
        self._seen = {path: known for path, known in self._seen.items() if path in kept}
