"""``browse:name``: keeps the newest messages for a look, and hands them on if a route consumes (Camel's browse component)."""

from __future__ import annotations

from collections import deque
from typing import Any

from esb.component import Context
from esb.components.direct import DirectComponent, DirectEndpoint, DirectProducer
from esb.exchange import Exchange
from esb.fields import Kind, field


class BrowseEndpoint(DirectEndpoint):
    """Options of ``browse:``. A route that consumes is called as by ``direct:``; without one the message is only kept."""

    component: BrowseComponent

    name = field(Kind.TEXT, path=True, doc="Name of the endpoint.", example="seen")
    block = field(Kind.BOOL, False, doc="Whether a sender waits for a consumer that is not there (yet).")
    fail_if_no_consumers = field(Kind.BOOL, False, doc="Whether a send without a consumer is an error.")
    browse_limit = field(Kind.INT, 100, doc="How many messages are kept, the newest; 0: none.")
    filter = field(Kind.TEXT, None, doc="Java only, accepted without effect.")

    def producer(self) -> BrowseProducer:
        return BrowseProducer(self)

    @property
    def kept(self) -> list[Any]:
        """Copies of the newest messages, the oldest first, as they were when they came."""
        return list(self.component.kept.get(self.name, ()))


class BrowseComponent(DirectComponent):
    """Keeps what came. Thread-safe."""

    schemes = ("browse",)
    endpoint_class = BrowseEndpoint

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.kept: dict[str, deque[Any]] = {}


class BrowseProducer(DirectProducer):
    """Keeps a copy and calls the route, if there is one. Thread-safe."""

    def __init__(self, endpoint: BrowseEndpoint) -> None:
        super().__init__(endpoint)
        self._kept = endpoint.component.kept.setdefault(endpoint.name, deque(maxlen=max(endpoint.browse_limit, 0)))

    def send(self, exchange: Exchange) -> None:
        """Raises what the called route did not handle."""
        self._kept.append(exchange.message.copy())
        super().send(exchange)
