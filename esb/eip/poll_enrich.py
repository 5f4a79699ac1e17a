"""pollEnrich: takes one message from an endpoint and puts it to the message (Camel's Poll Enrich EIP)."""

from __future__ import annotations

from esb.coerce import text
from esb.eip._enriching import combining
from esb.eip._gathering import named_strategy
from esb.eip._polling import Polled, poll_one
from esb.eip._quoting import named_by
from esb.eip._recipients import written_schemes
from esb.eip._told import told
from esb.errors import ConfigError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class PollEnrichSpec(StepSpec):
    """Waits for one message of an endpoint (a file, a queue) and puts it to the message by a strategy; without one its body replaces the message's.

    What was polled is acknowledged, moved or deleted with the outcome of the whole message. Where nothing came in time, the body becomes null, or the
    strategy gets None as the new exchange.
    """

    name = "pollEnrich"
    expression = field(
        Kind.EXPRESSION, inline=True, doc="The URI to poll.", example="simple: file:in?fileName=${header.f}"
    )
    timeout = field(Kind.DURATION, -0.001, doc="How long to wait; 0 not at all, negative for ever.", example="5000")
    variable_receive = field(Kind.TEXT, None, doc="Put the outcome into this variable and leave the message alone.")
    aggregation_strategy = field(
        Kind.REF, None, doc="How both messages become one; the text and list strategies have no effect here."
    )
    aggregation_strategy_method_name = field(Kind.TEXT, None, doc="The bean's method to call, if it has several.")
    aggregation_strategy_method_allow_null = field(
        Kind.BOOL, False, doc="Whether the function is called when nothing came, with None as its body."
    )
    aggregate_on_exception = field(
        Kind.BOOL, False, doc="Call the strategy for a message that came with a failure too."
    )
    cache_size = field(Kind.INT, 0, doc="Accepted without effect: endpoints are kept by URI.")
    ignore_invalid_endpoint = field(Kind.BOOL, False, doc="Go on unchanged where the URI is not that of an endpoint.")
    allow_optimised_components = field(Kind.BOOL, True, doc="Accepted without effect: endpoints are kept by URI.")
    auto_start_components = field(Kind.BOOL, True, doc="Accepted without effect: components start with the bus.")

    def build(self, builder: Builder) -> Step:
        evaluate = named_by(builder, self.expression)
        endpoint = builder.dynamic_endpoint(self.at, schemes=written_schemes(self.expression))
        timeout = None if self.timeout < 0 else self.timeout
        ignore: bool = self.ignore_invalid_endpoint
        combine = named_strategy(builder, self)
        put_together = combining(
            builder.context, combine or Polled(), self.variable_receive, on_exception=self.aggregate_on_exception
        )

        def poll_enrich(exchange: Exchange) -> None:
            uri = (text(evaluate(exchange)) or "").strip()
            if not uri:
                return
            try:
                source = endpoint(uri)
            except ConfigError:
                if not ignore:
                    raise
                return
            put_together(exchange, poll_one(exchange, source, timeout))

        return poll_enrich

    def sentence(self) -> str:
        return f"wait for a message of {told(self.expression)} and put it to the message"
