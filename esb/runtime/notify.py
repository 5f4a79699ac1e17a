"""Notices to systemd (sd_notify): datagrams to the socket it names. Nothing happens where there is none."""

from __future__ import annotations

import os
import socket
import time


class Notifier:
    """Sends to ``$NOTIFY_SOCKET``, which it takes out of the environment so that no library speaks for us. Never raises."""

    def __init__(self) -> None:
        address = os.environ.pop("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watchdog = os.environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(watchdog) / 1e6 if watchdog.isdigit() else 0.0
        self._last_ping = 0.0

    def tell(self, *lines: str) -> None:
        """Send lines such as ``READY=1`` and ``STATUS=...``."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError:  # a supervisor that went away must not take the bus with it
            return

    def reloading(self) -> None:
        """A reload begins; systemd wants the monotonic time with it."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def ping(self) -> None:
        """The watchdog's sign of life, at most every third of its time."""
        now = time.monotonic()
        if self.watchdog_seconds and now - self._last_ping > self.watchdog_seconds / 3:
            self._last_ping = now
            self.tell("WATCHDOG=1")
