"""Waiting inside a step, ended when the route stops."""

from __future__ import annotations

import threading

from esb.javanames import RejectedExecutionException
from esb.step import Builder


class Wait:
    """Sleeps that a stop of the route interrupts: by then the consumer has waited as long as it may, and the message goes back. Thread-safe."""

    def __init__(self, builder: Builder) -> None:
        self._route = builder.route_id
        self._stopped = threading.Event()
        builder.on_start(self._stopped.clear)
        builder.on_stop(self._stopped.set)

    def __call__(self, seconds: float | None) -> None:
        """Wait so long (None for ever). Raises RejectedExecutionException if the route stops first."""
        if self._stopped.wait(seconds):
            raise RejectedExecutionException(f"the route {self._route!r} stops: the wait was not ended")
