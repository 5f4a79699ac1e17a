"""resequence: puts messages in order (Camel's Resequence EIP)."""

from __future__ import annotations

from esb.eip._resequencers import Batch, Stream
from esb.eip._told import told
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, Spec, field
from esb.program import Step
from esb.step import Builder, StepSpec


class BatchConfigSpec(Spec):
    """Messages are gathered and sorted batch by batch."""

    name = "batchConfig"
    batch_size = field(Kind.INT, 100, doc="A batch is put in order when it has so many messages.")
    batch_timeout = field(Kind.DURATION, 1.0, doc="Or when its first message has waited so long.")
    allow_duplicates = field(
        Kind.BOOL, False, doc="Keep messages with the same key; otherwise only the first one stays."
    )
    reverse = field(Kind.BOOL, False, doc="The highest first.")
    ignore_invalid_exchanges = field(Kind.BOOL, False, doc="Drop messages without a key; otherwise they fail.")


class StreamConfigSpec(Spec):
    """Messages with whole numbers as keys pass as soon as their turn has come; a gap is waited for so long."""

    name = "streamConfig"
    capacity = field(Kind.INT, 1000, doc="Messages that may wait; beyond them senders wait.")
    timeout = field(Kind.DURATION, 1.0, doc="How long a message waits for those before it.")
    delivery_attempt_interval = field(Kind.DURATION, 1.0, doc="Accepted without effect: nothing is polled for.")
    ignore_invalid_exchanges = field(Kind.BOOL, False, doc="Drop messages without a number; otherwise they fail.")
    comparator = field(Kind.REF, None, doc="Accepted without effect: the expression's whole number decides.")
    reject_old = field(Kind.BOOL, False, doc="Fail a message that comes after a later one has passed.")


class ResequenceSpec(StepSpec):
    """Holds messages back until they can go on in the order of a key; then each runs through the steps, one at a time.

    The senders go on at once. Deliveries of InOnly messages stay open until their message has been through, so that a crash gives back what was held;
    at a stop everything held goes on in order.
    """

    name = "resequence"
    expression = field(Kind.EXPRESSION, inline=True, doc="The key: a number or a text.")
    batch_config = field(Kind.SPEC, None, spec=BatchConfigSpec, doc="Sort batches (the default).")
    stream_config = field(Kind.SPEC, None, spec=StreamConfigSpec, doc="Let numbered messages pass in their turn.")
    steps = field(Kind.STEPS, (), doc="What is done with each message, in order.")

    def build(self, builder: Builder) -> Step:
        if self.batch_config is not None and self.stream_config is not None:
            raise OptionError("'resequence' takes 'batchConfig' or 'streamConfig', not both", self.at)
        key_of = builder.expression(self.expression)
        program = builder.program(self.steps, tail=True, in_try=False)
        holder: Batch | Stream
        if self.stream_config is not None:
            stream = self.stream_config
            holder = Stream(builder, program, stream.capacity, stream.timeout, reject_old=stream.reject_old)
            ignore = stream.ignore_invalid_exchanges
        else:
            batch = self.batch_config or BatchConfigSpec(self.at)
            holder = Batch(
                builder,
                program,
                batch.batch_size,
                batch.batch_timeout,
                duplicates=batch.allow_duplicates,
                reverse=batch.reverse,
            )
            ignore = batch.ignore_invalid_exchanges

        def resequence(exchange: Exchange) -> None:
            holder.add(key_of(exchange), exchange, ignore_invalid=ignore)

        return resequence

    def sentence(self) -> str:
        how = "in a stream" if self.stream_config else "by batches"
        return f"put messages in order of {told(self.expression)}, {how}"
