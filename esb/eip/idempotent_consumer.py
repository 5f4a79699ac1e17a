"""idempotentConsumer: messages with a key that was seen are kept out (Camel's Idempotent Consumer EIP)."""

from __future__ import annotations

from esb.coerce import text
from esb.eip._once import Once
from esb.eip._repositories import repository
from esb.eip._told import told
from esb.eip._waits import Wait
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import NoMessageIdException
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.stores.contract import IdempotentRepository, Standing

DUPLICATE = "CamelDuplicateMessage"


class IdempotentConsumerSpec(StepSpec):
    """Runs the steps only for a message whose key is new; a repeated one goes on after the block, with the property ``CamelDuplicateMessage``.

    The key is *started* when the message enters and *done* when its delivery is settled without a failure, a handled one included; after a failure
    it is new again. A part of a split or multicast has an outcome of its own, with what it gave to ``seda:``, an aggregate or a resequencer.
    Otherwise than in Camel, nothing is skipped for a message that may still fail: a key that a process had started when it died counts as new, and a
    repeat of a key that another message is working on waits until that one has ended, at most five seconds; then it fails, to come again.
    """

    name = "idempotentConsumer"
    expression = field(Kind.EXPRESSION, inline=True, doc="The key, as text: 1 and '1' are the same.")
    idempotent_repository = field(
        Kind.REF,
        None,
        doc="Where keys are kept.",
        example="'#class:esb.stores.sqlite:SqliteIdempotentRepository'",
    )
    eager = field(
        Kind.BOOL, True, doc="Mark the key when the message enters, so that a repeat meanwhile does not get in."
    )
    completion_eager = field(Kind.BOOL, False, doc="Count the key as done at the end of the block already.")
    skip_duplicate = field(Kind.BOOL, True, doc="Keep repeats out; otherwise they get in, marked by the property.")
    remove_on_failure = field(Kind.BOOL, True, doc="Forget the key after a failure, so that a retry gets in.")
    steps = field(Kind.STEPS, (), doc="What is done once for each key.")

    def build(self, builder: Builder) -> Step:
        if not self.idempotent_repository:
            raise OptionError(
                "'idempotentConsumer' needs 'idempotentRepository'",
                self.at,
                "name a bean, or write '#class:esb.stores.sqlite:SqliteIdempotentRepository'",
            )
        evaluate = builder.expression(self.expression)
        keys = repository(builder, self, self.idempotent_repository)
        if not isinstance(keys, IdempotentRepository):
            raise OptionError(f"{self.idempotent_repository!r} is no idempotent repository", self.at)
        program = builder.program(self.steps, tail=builder.tail and not self.completion_eager)
        eager, at_end = self.eager, self.completion_eager
        skip, spec = self.skip_duplicate, told(self.expression)
        once = Once(keys, Wait(builder), builder.context.later, remove_on_failure=self.remove_on_failure)
        builder.on_stop(once.stop)

        def idempotent(exchange: Exchange) -> None:
            key = text(evaluate(exchange))
            if key is None:
                raise NoMessageIdException(f"No message ID could be found using expression: {spec}")
            if once.enters(exchange, key) if eager else keys.standing(key) is not Standing.DONE:
                if at_end or exchange.unit is None:
                    once.until_end(exchange, key, program)
                else:
                    once.until_settled(exchange, exchange.unit, key, program)
                return
            exchange.properties[DUPLICATE] = True
            if not skip:
                program(exchange)

        return idempotent

    def sentence(self) -> str:
        return f"once for each {told(self.expression)}, remembered in {self.idempotent_repository}"
