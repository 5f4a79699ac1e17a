"""A broker in memory that remembers every message that came to a queue or topic, also those that were consumed since."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from esb.broker.contract import Done, Outgoing
from esb.broker.memory import MemoryBroker
from esb.broker.memory_store import MemoryQueue, MemoryStore, StoredMessage
from esb.testing.answers import Got

Arrivals = dict[str, list[Got]]


@dataclass(slots=True, eq=False)
class _RecordedQueue(MemoryQueue):
    arrivals: Arrivals = field(default_factory=dict)

    def add(self, stored: StoredMessage) -> None:
        self.arrivals.setdefault(self.name, []).append(_got(stored.message, stored.headers))
        MemoryQueue.add(
            self, stored
        )  # a class with slots is made anew, so super() without arguments does not find itself


class RecordedStore(MemoryStore):
    """Its clock stands still until somebody advances it: pauses of redelivery cost no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.arrivals: Arrivals = {}
        super().__init__(lambda: self.now)

    def declare(self, name: str, *, exclusive: bool = False) -> MemoryQueue:
        self.queues.setdefault(name, _RecordedQueue(name, arrivals=self.arrivals))
        return super().declare(name, exclusive=exclusive)

    def advance(self) -> bool:
        """Jump to the next delayed message, which is ready then; whether there was one."""
        with self.changed:
            due = [queue.delayed[0][0] for queue in self.queues.values() if queue.delayed]
            if due:
                self.now = max(self.now, min(due))
                for queue in self.queues.values():
                    queue.promote(
                        self.now
                    )  # here, not when the broker's thread comes to it: whoever asks again must find them ready
                self.changed.notify_all()
            return bool(due)

    @property
    def tries(self) -> int:
        """How often the message was tried that was tried most."""
        with self.changed:
            return max(
                (stored.attempts for queue in self.queues.values() for stored in queue.messages.values()), default=0
            )

    def waiting(self, queue: str) -> tuple[int, int]:
        """Messages that are ready, and those that a consumer has in hand."""
        with self.changed:
            found = self.queues.get(queue)
            if found is None:
                return 0, 0
            return len(found.ready), len(found.messages) - len(found.ready) - len(found.delayed)


class RecordingBroker(MemoryBroker):
    """The broker in memory; messages to a topic are recorded even if nobody subscribes."""

    def __init__(self) -> None:
        self.store = RecordedStore()
        self._topics = threading.Lock()
        super().__init__(self.store)

    def publish_topic(self, topic: str, message: Outgoing, done: Done) -> None:
        with self._topics:
            self.store.arrivals.setdefault(f"topic:{topic}", []).append(_got(message, dict(message.headers)))
        super().publish_topic(topic, message, done)


def _got(message: Outgoing, headers: dict[str, Any]) -> Got:
    kind = {"Content-Type": message.content_type} if message.content_type else {}
    return Got(message.body, headers | kind)
