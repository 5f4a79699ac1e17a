"""idempotentConsumer: messages with a key that was seen are kept out (Camel's Idempotent Consumer EIP)."""

from __future__ import annotations

import logging
from collections.abc import Callable

from esb.coerce import text
from esb.eip._repositories import repository
from esb.eip._told import told
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import NoMessageIdException
from esb.program import Step
from esb.step import Builder, StepSpec
from esb.stores.contract import IdempotentRepository, Standing
from esb.unit import UnitOfWork

DUPLICATE = "CamelDuplicateMessage"
_log = logging.getLogger("esb.route")


class IdempotentConsumerSpec(StepSpec):
    """Runs the steps only for a message whose key is new; a repeated one goes on after the block, with the property ``CamelDuplicateMessage``.

    The key is *started* when the message enters and *done* when its delivery is settled without a failure, a handled one included; after a failure
    it is new again. Otherwise than in Camel, a key that a process had started when it died counts as new: its message comes again, and must
    get in.
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
        Kind.BOOL, True, doc="Mark the key when the message enters, so that a repeat meanwhile is kept out too."
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
        once = _Once(keys, remove_on_failure=self.remove_on_failure)

        def idempotent(exchange: Exchange) -> None:
            key = text(evaluate(exchange))
            if not key:
                raise NoMessageIdException(f"No message ID could be found using expression: {spec}")
            standing = keys.begin(key) if eager else keys.standing(key)
            if standing is Standing.DONE or (standing is Standing.STARTED and eager and not once.again(exchange, key)):
                exchange.properties[DUPLICATE] = True
                if not skip:
                    program(exchange)
            elif at_end or exchange.unit is None:
                once.until_end(exchange, key, program)
            else:
                once.until_settled(exchange, exchange.unit, key, program)

        return idempotent

    def sentence(self) -> str:
        return f"once for each {told(self.expression)}, remembered in {self.idempotent_repository}"


class _Once:
    """Runs the steps for a key and records the outcome."""

    def __init__(self, keys: IdempotentRepository, *, remove_on_failure: bool) -> None:
        self._keys = keys
        self._remove = remove_on_failure
        self._failed: set[tuple[UnitOfWork, str]] = set()

    def again(self, exchange: Exchange, key: str) -> bool:
        """Whether this very message failed in the steps and is tried again by an outer handler: then it gets in."""
        return exchange.unit is not None and (exchange.unit, key) in self._failed

    def until_end(self, exchange: Exchange, key: str, program: Step) -> None:
        """Done at the end of the steps."""
        try:
            program(exchange)
        except Exception:
            self._record(key, failed=True)
            raise
        self._record(key, failed=exchange.handled)

    def until_settled(self, exchange: Exchange, unit: UnitOfWork, key: str, program: Step) -> None:
        """Done when the message's delivery is."""
        if (unit, key) in self._failed:
            self._failed.discard((unit, key))
        else:
            unit.before_settle(self._finish(exchange, key))
        try:
            program(exchange)
        except Exception:
            self._failed.add((unit, key))
            raise

    def _finish(self, exchange: Exchange, key: str) -> Callable[[UnitOfWork], None]:
        def finish(unit: UnitOfWork) -> None:
            self._failed.discard((unit, key))
            try:
                self._record(key, failed=unit.error is not None or exchange.handled)
            except (
                Exception
            ):  # a unit's callback must not raise; the key stays started, and so new once this process has ended
                _log.exception("the key %r could not be recorded", key)

        return finish

    def _record(self, key: str, *, failed: bool) -> None:
        if failed and self._remove:
            self._keys.abandon(key)
        else:
            self._keys.complete(key)
