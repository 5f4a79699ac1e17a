"""The sending end of ``seda:``."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from esb.component import Producer
from esb.components.seda.queue import Entry
from esb.errors import ExchangeTimedOut, NoConsumer
from esb.exchange import IN_OUT, Exchange
from esb.javanames import IllegalStateException

if TYPE_CHECKING:
    from esb.components.seda.endpoint import SedaEndpoint


class SedaProducer(Producer):
    """Puts a copy of the exchange on the queue; waits for the route behind it if asked to. Thread-safe."""

    def __init__(self, endpoint: SedaEndpoint) -> None:
        self._endpoint = endpoint
        self._queue = endpoint.waiting
        self._always = endpoint.wait_for_task_to_complete == "Always"
        self._never = endpoint.wait_for_task_to_complete == "Never"

    def send(self, exchange: Exchange) -> None:
        """Queue a copy. Raises IllegalStateException when the queue is full, NoConsumer, ExchangeTimedOut, or what the route failed with."""
        waits = (self._always or (exchange.pattern == IN_OUT and not self._never)) and self._endpoint.answers()
        reply = threading.Event() if waits else None
        entry = Entry(exchange.derive(), None, reply)
        if self._wanted():
            if exchange.unit is not None and self._endpoint.takes_over():
                # What was delivered from outside, not the part of a split: the split waits for its parts, and the queue may be slow.
                # Before the queue has it: its consumer may be faster than we are.
                entry.source = exchange.unit.hold_delivery()
            self._put(entry)
        if reply is not None:
            self._await(entry, reply, exchange)

    def _wanted(self) -> bool:
        endpoint = self._endpoint
        if not (endpoint.fail_if_no_consumers or endpoint.discard_if_no_consumers):
            return True
        if endpoint.component.consumers(endpoint.name):
            return True
        if endpoint.fail_if_no_consumers:
            raise NoConsumer(
                f"no consumers available on {endpoint.uri}: no running route starts with 'from: seda:{endpoint.name}'; "
                "add one, or leave failIfNoConsumers out to let messages wait for it"
            )
        return False

    def _put(self, entry: Entry) -> None:
        endpoint = self._endpoint
        timeout = (endpoint.offer_timeout or None) if endpoint.block_when_full else 0.0
        if self._queue.put(entry, timeout):
            return
        if entry.source is not None:
            entry.source.release()
        if not endpoint.discard_when_full:
            tried = f" and no place came free in {endpoint.offer_timeout:g} s" if endpoint.block_when_full else ""
            raise IllegalStateException(
                f"queue full: seda:{endpoint.name} holds {self._queue.size} messages{tried}; "
                "raise its size or concurrentConsumers, or set blockWhenFull to slow the sender down"
            )

    def _await(self, entry: Entry, reply: threading.Event, exchange: Exchange) -> None:
        timeout = self._endpoint.timeout
        if not reply.wait(timeout if timeout > 0 else None):
            self._queue.withdraw(entry)
            raise ExchangeTimedOut(
                f"no answer over {self._endpoint.uri} within {timeout:g} s: the route behind it is slow, stuck or stopped"
            )
        answered = entry.exchange
        exchange.message.restore(answered.message)
        exchange.properties.update(answered.properties)
        exchange.variables.update(answered.variables)
        exchange.halted = answered.halted
        exchange.handled = answered.handled
        exchange.exhausted = answered.exhausted
        if answered.error is not None:
            raise answered.error
