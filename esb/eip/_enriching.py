"""What enrich, pollEnrich and poll share: how the resource's message and the incoming one become one."""

from __future__ import annotations

from collections.abc import Callable

from esb.component import Context
from esb.eip._children import take
from esb.exchange import Exchange, Message
from esb.javanames import CamelExchangeException
from esb.strategies import Strategy
from esb.variables import receive


def combining(
    context: Context, combine: Strategy | None, variable_receive: str | None, *, on_exception: bool
) -> Callable[[Exchange, Exchange | None], None]:
    """What puts a resource's exchange to the incoming one; ``resource.error`` is its failure.

    Without a strategy the resource's message replaces the incoming one. A failed resource goes to the strategy only with ``on_exception``
    (aggregateOnException); otherwise its message and failure become the incoming one's. With ``variable_receive`` the outcome's body and headers
    go to a variable, and the message stays. Raises the failure that is left.
    """

    def put_together(exchange: Exchange, resource: Exchange | None) -> None:
        if resource is not None and resource.error is not None and not on_exception:
            _fail(exchange, resource, resource)
        exchange.error = None
        message = exchange.message
        kept = Message(message.body, message.headers) if variable_receive else None
        if combine is None:
            outcome = resource
        else:
            try:
                outcome = combine.aggregate(exchange, resource)
            except Exception as error:
                raise CamelExchangeException(f"Error occurred during aggregation: {error}") from error
        if outcome is None:
            return
        if outcome.error is not None:
            _fail(exchange, outcome, resource)
        received = outcome.message
        take(exchange, outcome)
        if kept is not None and variable_receive and not exchange.halted:
            receive(variable_receive, context, exchange, received)
            exchange.message.body, exchange.message.headers = kept.body, kept.headers

    return put_together


def _fail(exchange: Exchange, outcome: Exchange, resource: Exchange | None) -> None:
    error = outcome.error
    assert error is not None
    take(exchange, outcome)
    # What an error handler behind the resource has seen is final; a failure to reach it may be tried again here.
    exchange.exhausted = outcome is resource and outcome.exhausted
    raise error
