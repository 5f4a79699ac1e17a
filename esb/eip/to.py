"""``to``: sends the message to an endpoint (Camel's To EIP, its Message Endpoint)."""

from __future__ import annotations

from esb.eip._sending import sending
from esb.errors import OptionError
from esb.exchange import IN_ONLY, IN_OUT
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class ToSpec(StepSpec):
    """Send the message to an endpoint and wait for the effect; a reply becomes the message.

    As the last step of a route, a send to a durable channel does not hold the thread: the incoming message is acknowledged when the send is
    confirmed, and a refusal comes back to the error handler at this very step.
    """

    name = "to"
    uri = field(Kind.URI, scalar=True, doc="The endpoint.", example="bus:orders")
    parameters = field(
        Kind.MAP, None, doc="Its options, instead of writing them into the URI.", example="{timeout: 5s}"
    )
    pattern = field(Kind.TEXT, None, enum=(IN_ONLY, IN_OUT), doc="Exchange pattern for this call only.")
    variable_send = field(Kind.TEXT, None, doc="Send this variable's value as the body.", example="order")
    variable_receive = field(
        Kind.TEXT, None, doc="Put the reply into this variable and leave the message alone.", example="price"
    )

    def build(self, builder: Builder) -> Step:
        if not self.uri or not self.uri.strip():
            raise OptionError("'to' needs a URI", self.at, "write scheme:path, such as bus:orders")
        endpoint = builder.endpoint(self.uri, self.parameters, self.where("uri"))
        producer = builder.producer(self.uri, self.parameters, self.where("uri"))
        return sending(
            builder,
            producer,
            endpoint.uri,
            pattern=endpoint.exchange_pattern or self.pattern,
            variable_send=self.variable_send,
            variable_receive=self.variable_receive,
        )

    def sentence(self) -> str:
        return f"send to {self.uri}"
