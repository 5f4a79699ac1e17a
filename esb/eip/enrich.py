"""enrich: asks an endpoint and puts the answer to the message (Camel's Content Enricher EIP)."""

from __future__ import annotations

from esb.coerce import text
from esb.eip._enriching import combining
from esb.eip._gathering import named_strategy
from esb.eip._quoting import named_by
from esb.eip._recipients import resolver
from esb.eip._sending import TO_ENDPOINT
from esb.eip._told import told
from esb.errors import ConfigError
from esb.exchange import IN_OUT, Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.variables import variable


class EnrichSpec(StepSpec):
    """Sends a copy of the message to an endpoint, waits for the reply, and puts it to the message by a strategy; without one it replaces the message.

    The endpoint is known per message: a scheme that is not written in the route must be among those allowed for dynamic endpoints.
    """

    name = "enrich"
    expression = field(Kind.EXPRESSION, inline=True, doc="The URI of the resource.", example="constant: direct:prices")
    variable_send = field(Kind.TEXT, None, doc="Send this variable's value as the body.")
    variable_receive = field(Kind.TEXT, None, doc="Put the outcome into this variable and leave the message alone.")
    aggregation_strategy = field(
        Kind.REF, None, doc="How message and reply become one; the text and list strategies have no effect here."
    )
    aggregation_strategy_method_name = field(Kind.TEXT, None, doc="The bean's method to call, if it has several.")
    aggregation_strategy_method_allow_null = field(
        Kind.BOOL, False, doc="Whether the function is called when there is no reply, with None as its body."
    )
    aggregate_on_exception = field(
        Kind.BOOL, False, doc="Call the strategy for a failure too: it finds the failure in the reply's 'error'."
    )
    share_unit_of_work = field(Kind.BOOL, False, doc="Accepted without effect: the delivery is shared anyway.")
    cache_size = field(Kind.INT, 0, doc="How many endpoints are kept ready; 0 means 1000.")
    ignore_invalid_endpoint = field(Kind.BOOL, False, doc="Go on unchanged where the URI is not that of an endpoint.")
    allow_optimised_components = field(Kind.BOOL, True, doc="Accepted without effect: producers are kept by URI.")
    auto_start_components = field(Kind.BOOL, True, doc="Accepted without effect: components start with the bus.")

    def build(self, builder: Builder) -> Step:
        evaluate = named_by(builder, self.expression)
        resolve = resolver(builder, self.expression, cache_size=self.cache_size, at=self.at)
        ignore: bool = self.ignore_invalid_endpoint
        source = variable(self.variable_send, builder.context) if self.variable_send else None
        put_together = combining(
            builder.context,
            named_strategy(builder, self),
            self.variable_receive,
            on_exception=self.aggregate_on_exception,
        )

        def enrich(exchange: Exchange) -> None:
            uri = (text(evaluate(exchange)) or "").strip()
            if not uri:
                return
            try:
                target = resolve(uri)
            except ConfigError:
                if not ignore:
                    raise
                return
            resource = exchange.derive(pattern=target.pattern or IN_OUT)
            resource.unit = exchange.unit
            resource.properties["CamelCorrelationId"] = exchange.id
            resource.properties[TO_ENDPOINT] = target.uri
            if source is not None:
                resource.message.body = source.get(exchange)
            resource.waits = 1
            error: Exception | None = None
            try:
                target.producer.send(resource)
            except Exception as failure:
                error = failure
            resource.waits, resource.error = 0, error
            put_together(exchange, resource)

        return enrich

    def sentence(self) -> str:
        return f"ask {told(self.expression)} and put the answer to the message"
