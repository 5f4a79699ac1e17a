"""Publishing through kombu: one connection a producer, one publish at a time, confirmed where the transport can."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from esb.coerce import octets
from esb.component import Producer
from esb.edge import without_control
from esb.errors import ConnectionLost, NotConnected
from esb.exchange import Exchange

if TYPE_CHECKING:
    from adapters.kombu.component import KombuEndpoint


_PACKED = "compression"
"""kombu's own header: whoever reads the message would unpack a body that is not packed."""


class KombuProducer(Producer):
    """Thread-safe by a lock: kombu's connections are not.

    A broken connection is made anew for the next message, never for the same one: whether that arrived is unknown, and only the route knows
    what may be sent twice.
    """

    def __init__(self, endpoint: KombuEndpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._connection: Any = None
        self._publisher: Any = None

    def send(self, exchange: Exchange) -> None:
        body, kind = _encoded(exchange.message.body, exchange.message.headers.get("Content-Type"))
        headers = {
            name: value
            for name, value in without_control(exchange.message.headers)
            if isinstance(value, (str, int, float, bool)) and name.lower() != _PACKED
        }
        endpoint = self._endpoint
        with self._lock:
            self._open()
            try:
                self._publisher.publish(
                    body,
                    exchange=endpoint.exchange,
                    routing_key=endpoint.routing_key or endpoint.queue,
                    content_type=kind,
                    content_encoding="binary",
                    headers=headers,
                    delivery_mode=2,
                    message_id=exchange.id,
                    retry=False,
                )
            except Exception as error:
                self._close()
                raise ConnectionLost(f"publishing to {endpoint.uri} failed: {error}", endpoint=endpoint.uri) from error

    def _open(self) -> None:
        if self._publisher is not None:
            return
        import kombu

        endpoint = self._endpoint
        connection = kombu.Connection(
            endpoint.url,
            connect_timeout=endpoint.connect_timeout,
            transport_options={"confirm_publish": True, "confirm_timeout": 30.0},
        )
        try:
            connection.connect()
            channel = connection.channel()
            queue = kombu.Queue(endpoint.queue, durable=endpoint.durable, channel=channel)
            queue.declare()
            self._publisher = kombu.Producer(channel)
        except Exception as error:
            connection.release()
            raise NotConnected(f"cannot connect to {endpoint.uri}: {error}", endpoint=endpoint.uri) from error
        self._connection = connection

    def _close(self) -> None:
        connection, self._connection, self._publisher = self._connection, None, None
        if connection is not None:
            connection.release()

    def stop(self) -> None:
        with self._lock:
            self._close()


def _encoded(body: Any, kind: Any) -> tuple[bytes, str]:
    """The body as bytes, and what they are: maps and lists as JSON."""
    if isinstance(body, (dict, list)):
        import msgspec

        return msgspec.json.encode(body), "application/json"
    return octets(body), str(kind or "application/octet-stream")
