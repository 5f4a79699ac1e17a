"""Taking one message from an endpoint in the middle of a route."""

from __future__ import annotations

from esb.component import Endpoint
from esb.eip._sending import TO_ENDPOINT
from esb.exchange import Exchange


def poll_one(exchange: Exchange, source: Endpoint, timeout: float | None) -> Exchange | None:
    """The next message, None if none came in time. Its own delivery is settled with the one that asked for it, or its part of it."""
    found = source.poll(timeout)
    exchange.properties[TO_ENDPOINT] = source.uri
    if found is not None and found.unit is not None:
        polled = found.unit
        if exchange.unit is None:
            polled.release()
        else:
            exchange.unit.before_delivered(lambda unit: polled.release(unit.error))
        found.unit = None
    return found


class Polled:
    """What Camel does without a strategy: the polled body replaces the message's, its headers come on top; nothing there is a null body."""

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        assert old is not None
        if new is None:
            old.message.body = None
            return old
        headers = old.message.headers.copy()
        headers.update(new.message.headers)
        new.message.headers = headers
        return new
