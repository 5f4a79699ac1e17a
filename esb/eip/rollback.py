"""``rollback``: gives a message up (Camel's Rollback EIP)."""

from __future__ import annotations

from esb.eip._told import named
from esb.errors import OptionError
from esb.exchange import Exchange
from esb.fields import Kind, field
from esb.javanames import RollbackExchangeException
from esb.program import Step
from esb.step import Builder, StepSpec, ends_route

ROLLED_BACK = "esb.rolledBack"
"""Exchange property: the route ended by ``markRollbackOnly``, which does not keep doFinally from running as ``stop`` does."""


class RollbackSpec(StepSpec):
    """Fail the message for good: it is not tried again, only given to the dead letter channel or to the sender.

    With one of the marks it ends without an error, as recorded from Camel without a transaction.
    """

    name = "rollback"
    message = field(Kind.TEXT, None, scalar=True, doc="Message of the failure.", example="unit 7 is closed")
    mark_rollback_only = field(Kind.BOOL, False, doc="End the route here without an error.")
    mark_rollback_only_last = field(Kind.BOOL, False, doc="The same, for the innermost transaction.")

    def build(self, builder: Builder) -> Step:
        if self.mark_rollback_only and self.mark_rollback_only_last:
            raise OptionError("'markRollbackOnly' and 'markRollbackOnlyLast' exclude each other", self.at, "remove one")
        if self.mark_rollback_only or self.mark_rollback_only_last:

            def mark(exchange: Exchange) -> None:
                exchange.properties[ROLLED_BACK] = True
                exchange.halted = True

            return ends_route(mark)
        message = self.message or "Intended rollback"

        def roll_back(exchange: Exchange) -> None:
            raise RollbackExchangeException(f"{message}. {named(exchange)}")

        return ends_route(roll_back)

    def sentence(self) -> str:
        return f"roll back: {self.message}" if self.message else "roll back"
