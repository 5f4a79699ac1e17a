"""What a test does with a broker beside the bus: put messages in, count them, take everything out; without the code under test where possible."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

from esb.broker.contract import Broker, Outgoing
from esb.broker.open import open_broker
from esb.broker.sqlite_store import connect
from esb.errors import ConnectionLost, TransportError
from esb.testing.checker import Ledger
from esb.testing.process import until

_PREFETCH = 400


@dataclass(frozen=True, slots=True)
class Found:
    """A message on a queue."""

    id: str
    body: bytes
    headers: dict[str, Any]


class Rabbit:
    """A namespace of a RabbitMQ node, by plain pika."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self._namespace = parse_qs(parts.query).get("namespace", ["esb"])[0]
        self._parameters = pika.URLParameters(f"amqp://{parts.netloc}/%2F?heartbeat=0")
        self._connection: pika.BlockingConnection | None = None
        self._channel: BlockingChannel | None = None

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            with contextlib.suppress(AMQPError, OSError):
                self._connection.close()
        self._connection = self._channel = None

    def channel(self) -> BlockingChannel:
        """A channel, opened anew if it was lost. Raises AMQPError or OSError if there is no broker."""
        if self._connection is None or not self._connection.is_open:
            self.close()
            self._connection = pika.BlockingConnection(self._parameters)
        if self._channel is None or not self._channel.is_open:
            self._channel = self._connection.channel()
        return self._channel

    def wire(self, queue: str) -> str:
        """A queue's name on the node."""
        return f"{self._namespace}.{queue}"

    def depth(self, queue: str) -> int:
        """Messages that are ready; 0 for a queue that is not there, -1 if nobody answers."""
        try:
            answer = self.channel().queue_declare(self.wire(queue), passive=True)
        except ChannelClosedByBroker:
            return 0
        except (AMQPError, OSError):
            return -1
        count: int = answer.method.message_count
        return count

    def take(self, queue: str) -> Iterator[Found]:
        """Everything that is ready, taken for good."""
        while (count := self.depth(queue)) > 0:
            channel = self.channel()
            channel.basic_qos(prefetch_count=_PREFETCH)
            taken, tag = 0, 0
            for method, properties, body in channel.consume(self.wire(queue), inactivity_timeout=1.0):
                if method is None:
                    break  # somebody else has had the rest
                taken, tag = taken + 1, method.delivery_tag
                if taken % (_PREFETCH // 4) == 0:
                    channel.basic_ack(tag, multiple=True)
                    tag = 0  # acknowledged twice it would close the channel
                yield Found(properties.message_id or "", body, properties.headers or {})
                if taken == count:
                    break
            if tag:
                channel.basic_ack(tag, multiple=True)
            channel.cancel()


class Sqlite:
    """The embedded broker's file, by plain SQL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._path = url.removeprefix("sqlite:").partition("?")[0]

    def close(self) -> None:
        """Nothing is open."""

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with contextlib.closing(connect(self._path, 30.0)) as connection:
            return connection.execute(statement, values).fetchall()

    def _made(self) -> bool:
        """Whether the broker has made its tables: it makes all of them at once."""
        return bool(self._rows("SELECT 1 FROM sqlite_master WHERE name = 'message'"))

    def depth(self, queue: str) -> int:
        """Messages that nobody has in hand; 0 as long as there is no broker."""
        if not self._made():
            return 0
        [[count]] = self._rows(
            "SELECT count(*) FROM message m JOIN queue q ON q.id = m.queue WHERE q.name = ? AND m.owner = 0", queue
        )
        return int(count)

    def take(self, queue: str) -> Iterator[Found]:
        """Everything on the queue, taken for good."""
        rows = self._rows(
            "SELECT m.seq, m.id, b.body FROM message m JOIN body b ON b.seq = m.seq JOIN queue q ON q.id = m.queue"
            " WHERE q.name = ? AND m.owner = 0 ORDER BY m.seq",
            queue,
        )
        for seq, key, body in rows:
            self._rows("DELETE FROM message WHERE seq = ?", seq)
            yield Found(key, body, {})

    def bodies(self) -> list[str]:
        """The bodies of all messages, the oldest first; they stay. None as long as there is no broker."""
        if not self._made():
            return []
        return [body.decode() for [body] in self._rows("SELECT body FROM body ORDER BY seq")]

    def intact(self) -> bool:
        """SQLite's own check of the file."""
        return self._rows("PRAGMA integrity_check") == [("ok",)]


Store = Rabbit | Sqlite


def store(url: str) -> Store:
    """The store behind a broker URL."""
    return Sqlite(url) if url.startswith("sqlite:") else Rabbit(url)


@contextlib.contextmanager
def client(url: str) -> Iterator[Broker]:
    """A broker client of the test's own, connected."""
    broker = open_broker(url)
    broker.open()
    try:
        until(lambda: broker.state == "connected", "the test's client is connected")
        yield broker
    finally:
        broker.close()


def publish(broker: Broker, queue: str, keys: list[str], ledger: Ledger, *, size: int = 0) -> None:
    """Publish messages whose body begins with their key, and wait for all answers."""
    left = set(keys)

    def answered(key: str, error: TransportError | None) -> None:
        if error is None:
            ledger.ok(key)
        elif isinstance(error, ConnectionLost):
            ledger.unknown(key)
        else:
            ledger.fail(key)
        left.discard(key)

    broker.queue(queue)
    for key in keys:
        ledger.invoked(key)
        body = key.encode().ljust(size, b" ")
        broker.publish(queue, Outgoing(key, body, {}, "text/plain"), lambda error, key=key: answered(key, error))  # type: ignore[misc]  # a bound default
    until(lambda: not left, "every publish is answered")


def again(broker: Broker, queue: str, messages: list[Found]) -> None:
    """Publish messages as they were found, under their ids."""
    left = list(messages)
    errors: list[TransportError | None] = []
    broker.queue(queue)
    for one in left:
        broker.publish(queue, Outgoing(one.id, one.body, {}, "text/plain"), errors.append)
    until(lambda: len(errors) == len(left), "every publish is answered")
    assert errors == [None] * len(left)
