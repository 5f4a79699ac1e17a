"""Looking into RabbitMQ's queues: on short-lived connections of their own, on the caller's thread, apart from the data's path.

By pika's blocking connection, not kombu as the design had it: one driver, so that addresses, TLS and header types cannot differ from the data's path.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError

from esb.broker.amqp_link import explained
from esb.broker.amqp_taking import Taken, Taking, translated
from esb.broker.amqp_url import Address
from esb.broker.contract import Judge, Stored
from esb.errors import NotConnected, Unroutable

_PAGE = 500
_REUSE = 5.0  # seconds for which the shared connection is used again: nobody answers the broker's heartbeats on it in between


class Inspector:
    """Thread-safe: every call has its own connection; depths that are asked one after the other share one. Raises :class:`NotConnected`."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._shared: Any = None
        self._used = 0.0
        self._closed = False

    def depth(self, name: str, wires: Sequence[str]) -> int:
        """Messages ready for delivery on some queues together, of which the first is the one that is named. Raises :class:`Unroutable`."""
        with self._lock:
            if time.monotonic() - self._used > _REUSE:
                self._drop()
            fresh = self._shared is None
            try:
                return self._depth(name, wires)
            except NotConnected:
                self._drop()
                if fresh:
                    raise
                return self._depth(name, wires)  # the broker had closed the old one
            finally:
                if self._closed:
                    self._drop()

    def _depth(self, name: str, wires: Sequence[str]) -> int:
        if self._shared is None:
            self._shared = self._connect()
        named, *others = wires
        with translated(name):
            count = self._ready(named)
        for wire in others:
            with suppress(Unroutable), translated(wire):  # a delay queue that is just being declared
                count += self._ready(wire)
        self._used = time.monotonic()
        return count

    def _ready(self, wire: str) -> int:
        channel = self._shared.channel()
        count: int = channel.queue_declare(wire, passive=True).method.message_count
        channel.close()
        return count

    def check(self) -> None:
        """Connect, and close again."""
        self._connect().close()

    def close(self) -> None:
        """Close the shared connection, if there is one."""
        with self._lock:
            self._closed = True
            self._drop()

    def _drop(self) -> None:
        connection, self._shared = self._shared, None
        if connection is not None:
            with suppress(AMQPError, OSError):
                connection.close()

    def browse(self, name: str, wire: str, limit: int, after: str | None) -> list[Stored]:
        """Take messages, look, and give them all back. RabbitMQ marks them as redelivered by it."""
        seen: list[Stored] = []
        skipping = after is not None
        with self._taking(name, wire) as taking:
            while len(seen) < limit and (taken := taking.take()) is not None:
                if not skipping:
                    seen.append(taken[1])
                elif taken[1].id == after:
                    skipping = False
        return seen

    def sweep(self, name: str, wire: str, judge: Judge, page: int) -> int:
        """Take messages, ack those that ``judge`` names, and give the others back at the end: else they would come again."""
        removed = 0
        with self._taking(name, wire) as taking:
            left = taking.ready
            while left > 0:
                some: list[tuple[Taken, Stored]] = []
                while len(some) < min(page, left) and (taken := taking.take()) is not None:
                    some.append(taken)
                left = left - len(some) if some else 0
                for position in judge([message for _, message in some]) if some else ():
                    taking.ack(some[position][0])
                    removed += 1
        return removed

    def remove(self, name: str, wire: str, ids: Sequence[str]) -> int:
        """Take messages, ack those wanted, and give the others back."""
        wanted = set(ids)
        return self.sweep(name, wire, lambda page: [at for at, one in enumerate(page) if one.id in wanted], _PAGE)

    @contextmanager
    def _taking(self, name: str, wire: str) -> Iterator[Taking]:
        connection = self._connect()
        try:
            taking = Taking(connection, name, wire)
            yield taking
            taking.give_back()
        finally:
            with suppress(AMQPError, OSError):
                connection.close()

    def _connect(self) -> Any:
        failure: Exception | None = None
        for attempt in range(len(self._address.hosts)):
            try:
                return pika.BlockingConnection(self._address.parameters(attempt, "inspect"))
            except (AMQPError, OSError) as exc:
                failure = exc
        assert failure is not None
        raise NotConnected(f"RabbitMQ at {self._address} cannot be reached: {explained(failure)}") from failure
