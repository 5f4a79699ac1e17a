"""What is declared on RabbitMQ besides the bus's own channels: any exchange, queue or binding that a route names."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from esb.broker.amqp_declare import Declarable, Remembered


class Besides:
    """Remembers declarations after those of ``own``. Thread-safe."""

    def __init__(self, own: Remembered) -> None:
        self._own = own
        self._lock = threading.Lock()
        self._remembered: dict[str, Declarable] = {}

    def remember(self, declarations: Sequence[Declarable]) -> None:
        """Remember some things, in their order. What is declared again in another way takes the former's place."""
        with self._lock:
            for each in declarations:
                self._remembered[each.wire] = each

    def all(self) -> list[Declarable]:
        """Everything, in the order in which it must be declared."""
        with self._lock:
            return [*self._own.all(), *self._remembered.values()]
