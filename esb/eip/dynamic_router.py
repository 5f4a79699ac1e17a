"""dynamicRouter: where the message goes next is asked again after each visit (Camel's Dynamic Router EIP)."""

from __future__ import annotations

from esb.eip._quoting import listed_by
from esb.eip._recipients import resolver, sending, uris
from esb.eip._slip import visit
from esb.eip._told import told
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class DynamicRouterSpec(StepSpec):
    """Asks the expression for an endpoint (or a list of them), sends the message there, and asks again, until it gives nothing or an empty text.

    The expression must come to an end by what it finds in the message: headers that a visited route changes, say.
    """

    name = "dynamicRouter"
    expression = field(
        Kind.EXPRESSION, inline=True, doc="The next URI, or URIs; null or an empty text ends the routing."
    )
    uri_delimiter = field(Kind.TEXT, ",", raw=True, doc="Where a text is cut.")
    ignore_invalid_endpoints = field(Kind.BOOL, False, doc="Skip endpoints that cannot be made.")
    cache_size = field(Kind.INT, 0, doc="How many endpoints are kept ready; 0 means 1000.")

    def build(self, builder: Builder) -> Step:
        evaluate = listed_by(builder, self.expression, self.uri_delimiter)
        resolve = resolver(builder, self.expression, cache_size=self.cache_size, at=self.at)
        send = sending(builder, self.at, tail=False)
        delimiter, ignore = self.uri_delimiter, self.ignore_invalid_endpoints

        def route(exchange: Exchange) -> None:
            while found := list(uris(evaluate(exchange), delimiter, gaps=True)):
                for uri in found:
                    visit(exchange, uri, resolve, send, ignore_invalid=ignore)
                    if exchange.halted:
                        return

        return route

    def sentence(self) -> str:
        return f"visit the endpoint of {told(self.expression)}, and ask again, until there is none"
