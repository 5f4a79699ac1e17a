"""The least that moves messages from queue to queue without losing any, on pika: what Python can reach. ``relay.py URL W1|W2 PREFETCH``

Confirms pipelined, ``mandatory``, the input acknowledged up to the highest output that is confirmed without a gap. No bus: no reconnect, no
returns, no error handling, and W2 converts without validating.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pika

Transform = Callable[[bytes], tuple[str, bytes]]


def unchanged(body: bytes) -> tuple[str, bytes]:
    return "esb.out", body


def converted(body: bytes) -> tuple[str, bytes]:
    told = msgspec.json.decode(body)
    customer = told["customer"]
    priority = told["priority"] if told["priority"] in {"high", "normal"} else "low"
    made = {
        "id": told["orderId"],
        "customerName": customer["name"],
        "customerEmail": customer["email"].lower(),
        "country": told["country"],
        "amount": float(told["total"]),
        "currency": told["currency"],
        "created": told["createdAt"],
        "priority": told["priority"],
        "lines": [
            {"sku": line["sku"], "quantity": int(line["qty"]), "unitPrice": float(line["price"])}
            for line in told["lines"]
        ],
    }
    return f"esb.{priority}", msgspec.json.encode(made)


class Relay:
    """One connection, a channel each for consuming and publishing."""

    def __init__(self, url: str, transform: Transform, prefetch: int) -> None:
        self._transform = transform
        self._prefetch = prefetch
        self._inputs: dict[int, int] = {}
        """Sequence number of a publish -> delivery tag of its input, until it is acknowledged."""
        self._sent = 0
        self._confirmed: set[int] = set()
        self._low = 0
        self._connection = pika.SelectConnection(pika.URLParameters(url), on_open_callback=self._opened)
        self._in: Any = None
        self._out: Any = None

    def run(self) -> None:
        self._connection.ioloop.start()

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._publishing)

    def _publishing(self, channel: Any) -> None:
        self._out = channel
        channel.confirm_delivery(self._confirm)
        self._connection.channel(on_open_callback=self._consuming)

    def _consuming(self, channel: Any) -> None:
        self._in = channel
        channel.basic_qos(
            prefetch_count=self._prefetch, callback=lambda _: channel.basic_consume("esb.in", self._message)
        )

    def _message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        queue, made = self._transform(body)
        self._sent += 1
        self._inputs[self._sent] = method.delivery_tag
        self._out.basic_publish("", queue, made, properties, mandatory=True)

    def _confirm(self, frame: Any) -> None:
        method, before = frame.method, self._low
        if method.NAME != "Basic.Ack":
            raise SystemExit(f"not confirmed: {method}")
        if method.multiple:
            self._low = max(self._low, method.delivery_tag)
        else:
            self._confirmed.add(method.delivery_tag)
        while self._low + 1 in self._confirmed:
            self._low += 1
            self._confirmed.discard(self._low)
        if self._low > before:
            self._in.basic_ack(self._inputs[self._low], multiple=True)
            for number in range(before + 1, self._low + 1):
                del self._inputs[number]


if __name__ == "__main__":
    Relay(sys.argv[1], unchanged if sys.argv[2] == "W1" else converted, int(sys.argv[3])).run()
