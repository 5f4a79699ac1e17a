"""poll: takes one message from an endpoint as the new body (Camel's Poll EIP)."""

from __future__ import annotations

from esb.eip._enriching import combining
from esb.eip._polling import Polled, poll_one
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec


class PollSpec(StepSpec):
    """Waits for one message of an endpoint; its body and headers come into the message. Where nothing came in time, the body is null."""

    name = "poll"
    uri = field(Kind.URI, scalar=True, doc="The endpoint to poll.", example="file:in?fileName=rates.csv")
    parameters = field(Kind.MAP, None, doc="Its options, instead of writing them into the URI.")
    timeout = field(Kind.DURATION, 20.0, doc="How long to wait; 0 not at all, negative for ever.", example="5000")
    variable_receive = field(Kind.TEXT, None, doc="Put it into this variable and leave the message alone.")

    def build(self, builder: Builder) -> Step:
        if not self.uri or not self.uri.strip():
            raise OptionError("'poll' needs a URI", self.at, "write scheme:path, such as file:in?fileName=rates.csv")
        source = builder.endpoint(self.uri, self.parameters, self.at)
        timeout = None if self.timeout < 0 else self.timeout
        put_together = combining(builder.context, Polled(), self.variable_receive, on_exception=False)

        def poll(exchange: Exchange) -> None:
            put_together(exchange, poll_one(exchange, source, timeout))

        return poll

    def sentence(self) -> str:
        return f"wait for a message of {self.uri}"
