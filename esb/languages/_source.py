"""Where an expression reads from: the body, or what its ``source`` option names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esb.exchange import Exchange
from esb.javanames import CamelExchangeException, RuntimeCamelException
from esb.variables import Holder, variable


class NoSuchHeaderException(CamelExchangeException):
    """The header named by ``source`` is not there."""


class NoSuchPropertyException(CamelExchangeException):
    """The exchange property named by ``source`` is not there."""


Read = Callable[[Exchange], Any]


def reader(source: str | None, holder: Holder) -> Read:
    """How to get the value: ``header:name``, ``property:name``, ``variable:name``, or a variable's plain name; the body when empty.

    A header or property that is missing raises RuntimeCamelException from :class:`NoSuchHeaderException` or :class:`NoSuchPropertyException`,
    whatever else is suppressed; a missing variable is None.
    """
    if not source:
        return lambda exchange: exchange.message.body
    kind, colon, name = source.partition(":")
    if colon and kind == "header":
        return lambda exchange: _header(exchange, name)
    if colon and kind in {"property", "exchangeProperty"}:
        return lambda exchange: _property(exchange, name)
    return variable(name if colon and kind == "variable" else source, holder).get


def _header(exchange: Exchange, name: str) -> Any:
    value = exchange.message.headers.get(name)
    if value is None:
        value = exchange.properties.get(name)
    if value is None:
        missing = NoSuchHeaderException(f"there is no header {name!r}")
        raise RuntimeCamelException(str(missing)) from missing
    return value


def _property(exchange: Exchange, name: str) -> Any:
    value = exchange.properties.get(name)
    if value is None:
        missing = NoSuchPropertyException(f"there is no exchange property {name!r}")
        raise RuntimeCamelException(str(missing)) from missing
    return value
