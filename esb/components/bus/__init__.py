"""``bus:orders`` and ``bus:topic:prices?subscription=cms``: the bus's own durable channels, on the project's broker.

A send returns when the message is durable. A message consumed is acknowledged when everything that came of it is; what a route does not handle
comes again after a pause, and in the end stands in the dead-letter queue as it was delivered, with its history.
"""

from esb.components.bus.endpoint import BusComponent, BusEndpoint

__all__ = ["BusComponent", "BusEndpoint"]
