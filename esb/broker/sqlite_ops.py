"""What can be asked of the embedded broker's writer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from esb.broker.contract import Done, Outcome
from esb.broker.sqlite_store import Store
from esb.errors import TransportError


@dataclass(slots=True)
class Publish:
    """A message on its way into one queue or a topic's."""

    receiver: str
    topic: bool
    published_at: float
    row: tuple[int, str, str | None, str, bytes]
    """Attempts so far, id, content type, headers, body."""
    done: Done
    deadline: float
    error: TransportError | None = None


@dataclass(slots=True)
class Settle:
    """A message to be settled; ``seq`` is its row. ``put_off``: released, but not to be offered again at once."""

    seq: int
    outcome: Outcome
    put_off: bool = False


@dataclass(slots=True)
class Call:
    """Any other change, and who waits for its result."""

    change: Callable[[Store], Any]
    future: Future[Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """``lease``, ``idle_poll`` (how soon another process's messages are seen when nothing happens) and the timeouts are in seconds."""

    window: int = 1000
    publish_timeout: float = 30.0
    lease: float = 30.0
    idle_poll: float = 0.05
    busy_timeout: float = 10.0
