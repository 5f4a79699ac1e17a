"""routingSlip: the message visits endpoints that it names, one after the other (Camel's Routing Slip EIP)."""

from __future__ import annotations

from esb.eip._quoting import listed_by
from esb.eip._recipients import resolver, sending, uris
from esb.eip._slip import visit
from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class RoutingSlipSpec(StepSpec):
    """Sends the message to each endpoint of a list, each with what the one before made of it.

    The list is read once, before the first visit; an endpoint is made when its turn comes. A failure or a stop ends the slip. The property
    ``CamelSlipEndpoint`` names the endpoint visited last.
    """

    name = "routingSlip"
    expression = field(Kind.EXPRESSION, inline=True, doc="The URIs: a list, or a text cut at the delimiter.")
    uri_delimiter = field(Kind.TEXT, ",", raw=True, doc="Where a text is cut.")
    ignore_invalid_endpoints = field(Kind.BOOL, False, doc="Skip endpoints that cannot be made.")
    cache_size = field(Kind.INT, 0, doc="How many endpoints are kept ready; 0 means 1000.")

    def build(self, builder: Builder) -> Step:
        evaluate = listed_by(builder, self.expression, self.uri_delimiter)
        resolve = resolver(builder, self.expression, cache_size=self.cache_size, at=self.at)
        send = sending(builder, self.at, tail=False)
        delimiter, ignore = self.uri_delimiter, self.ignore_invalid_endpoints

        def follow(exchange: Exchange) -> None:
            for uri in uris(evaluate(exchange), delimiter, gaps=True):
                visit(exchange, uri, resolve, send, ignore_invalid=ignore)
                if exchange.halted:
                    return

        return follow

    def sentence(self) -> str:
        return f"visit the endpoints of {told(self.expression)} in turn"
