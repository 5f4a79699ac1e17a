"""How results become one: the aggregation strategies that split, multicast, recipientList, enrich, claimCheck and aggregate share.

A strategy is an object with ``aggregate(old, new)``, or a plain function of two bodies (see :func:`strategy`). ``old`` is None for the first result;
what it returns becomes ``old`` of the next call, and at last the outcome. It is never called by two threads at once for the same outcome.

Optional methods, as in Camel's ``AggregationStrategy``: ``on_completion(exchange)`` when the outcome is complete,
``timeout(exchange, index, total, seconds)`` for a result that did not come in time, ``pre_complete(old, new) -> bool`` (aggregate: complete the group
before ``new``), ``bind(original)`` that gives the strategy for one run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, Protocol, runtime_checkable

from esb.coerce import text
from esb.errors import NOWHERE, OptionError, Position
from esb.exchange import Exchange

GROUPED: Final = "CamelGroupedExchange"
"""Property in which the list and text strategies gather until the outcome is complete."""


@runtime_checkable
class Strategy(Protocol):
    """The one method that every strategy has."""

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        """Put ``new`` to ``old``. ``new`` is None only where a poll found nothing."""


class UseLatest:
    """The newest result is the outcome; a failure or a handled error of an earlier one is not forgotten."""

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        if new is None or old is None:
            return old if new is None else new
        if new.error is None and old.error is not None:
            new.error = old.error
            new.exhausted = old.exhausted
            new.properties["CamelFailureEndpoint"] = old.properties.get("CamelFailureEndpoint")
        return old if new.error is None and old.handled else new


class UseOriginal:
    """The message as it was is the outcome; of the results only failures count, the last one first."""

    def __init__(self, original: Exchange | None = None) -> None:
        self._original = original

    def bind(self, original: Exchange) -> UseOriginal:
        """The strategy for the results of one message."""
        return UseOriginal(original)

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        outcome = self._original or old
        if outcome is None and new is not None and new.error is not None:
            raise new.error  # there is nothing yet that could carry it
        if outcome is not None and new is not None:
            if new.error is not None:
                outcome.error = new.error
            if new.caught is not None:
                outcome.properties["CamelExceptionCaught"] = new.caught
        return outcome


class _Listed:
    """Gathers one value of each result; the list becomes the body when the outcome is complete, not before (a predicate sees the first body)."""

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        holder = self._holder(old, new)
        if holder is not None and new is not None:
            values = holder.properties.setdefault(GROUPED, [])
            value = self._value(new)
            if value is not None:
                values.append(value)
        return holder

    def on_completion(self, exchange: Exchange) -> None:
        """The list becomes the body."""
        values = exchange.properties.pop(GROUPED, None)
        if values is not None:
            exchange.message.body = values

    def _holder(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        return old if old is not None else new

    def _value(self, new: Exchange) -> Any:
        raise NotImplementedError


def _empty_holder(old: Exchange | None, new: Exchange | None) -> Exchange | None:
    # The outcome must not be one of those it holds: a list that contains itself.
    if old is not None or new is None:
        return old
    holder = Exchange(pattern=new.pattern)
    holder.from_route, holder.from_endpoint, holder.route = new.from_route, new.from_endpoint, new.route
    return holder


class GroupedBody(_Listed):
    """A list of the bodies, those that are None left out; headers, properties and variables are the first result's."""

    def _value(self, new: Exchange) -> Any:
        return new.message.body


class GroupedExchange(_Listed):
    """A list of the exchanges, in an exchange without headers."""

    def _holder(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        return _empty_holder(old, new)

    def _value(self, new: Exchange) -> Any:
        return new


class GroupedMessage(_Listed):
    """A list of the messages, in an exchange without headers."""

    def _holder(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        return _empty_holder(old, new)

    def _value(self, new: Exchange) -> Any:
        return new.message


class JoinedText:
    """The bodies as one text with ``delimiter`` between, made when the outcome is complete; bodies that are None are left out."""

    def __init__(self, delimiter: str = "") -> None:
        self.delimiter = delimiter

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        holder = old if old is not None else new
        if holder is not None and new is not None:
            parts = holder.properties.setdefault(GROUPED, [])
            part = text(new.message.body)
            if part is not None:
                parts.append(part if old is None else self.delimiter + part)
        return holder

    def on_completion(self, exchange: Exchange) -> None:
        """The text becomes the body."""
        parts = exchange.properties.pop(GROUPED, None)
        if parts is not None:
            exchange.message.body = "".join(parts)


class _Function:
    """A function of the two sides' bodies, or bodies and headers, or bodies, headers and properties; what it returns is the new body."""

    def __init__(self, function: Callable[..., Any], width: int, *, allow_null: bool) -> None:
        self._function = function
        self._width = width
        self._allow_null = allow_null

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        if (old is None or new is None) and not self._allow_null:
            return old if new is None else new
        body = self._function(*self._side(old), *self._side(new))
        outcome = old if old is not None else new
        if isinstance(body, Exchange):
            return body
        if outcome is not None and (body is not None or self._allow_null):
            outcome.message.body = body
        return outcome

    def _side(self, exchange: Exchange | None) -> tuple[Any, ...]:
        if exchange is None:
            return (None,) * self._width
        return (exchange.message.body, exchange.message.headers, exchange.properties)[: self._width]


class _Exchanges:
    """A function of the two exchanges."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def aggregate(self, old: Exchange | None, new: Exchange | None) -> Exchange | None:
        outcome: Exchange | None = self._function(old, new)
        return outcome


def strategy(found: Any, *, method: str | None = None, allow_null: bool = False, at: Position = NOWHERE) -> Strategy:
    """What a reference named, as a strategy.

    An object with ``aggregate(old, new)`` is one. Anything else gives a function: the callable itself, or the ``method`` of a bean (its only public
    one when none is named). The function takes two bodies, or ``(old_body, old_headers, new_body, new_headers)``, or those with properties, and
    returns the new body; without ``allow_null`` the first body is taken as it is. One whose parameters are annotated as Exchange gets the exchanges
    and returns one. Raises OptionError at ``at``.
    """
    made = found() if isinstance(found, type) else found
    if method is None and isinstance(made, Strategy):
        return made
    function: Any = getattr(made, method, None) if method else made if callable(made) else _only_method(made)
    if not callable(function):
        raise OptionError(
            f"{method or type(made).__name__!r} is no aggregation strategy",
            at,
            "give an object with 'aggregate(old, new)', a function of two bodies, or 'aggregationStrategyMethodName'",
        )
    if _takes_exchanges(function):
        return _Exchanges(function)
    width, rest = divmod(_parameters(function), 2)
    if rest or not 1 <= width <= 3:
        raise OptionError(
            f"the aggregation function {getattr(function, '__name__', function)!r} takes {width * 2 + rest} parameters",
            at,
            "take (old_body, new_body), or two, or three values of each side: body, headers, properties",
        )
    return _Function(function, width, allow_null=allow_null)


def _only_method(bean: Any) -> Any:
    methods = [name for name in dir(bean) if not name.startswith("_") and callable(getattr(bean, name))]
    return getattr(bean, methods[0]) if len(methods) == 1 else None


def _parameters(function: Callable[..., Any]) -> int:
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    parameters = inspect.signature(function).parameters.values()
    return sum(one.kind in positional and one.default is inspect.Parameter.empty for one in parameters)


def _takes_exchanges(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters.values()), None)
    return first is not None and (first.annotation is Exchange or str(first.annotation).startswith("Exchange"))
