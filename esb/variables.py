"""Variables by the names routes give them: ``total``, ``global:total``, ``route:total`` (of the running route), ``route:other:total``.

A plain name is the exchange's own. The others live in the context: they outlast the message and are shared by all threads, so that only
whole values are put there, never changed in place (Camel's page "Variables"; oracle case message/set-variable).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from esb.exchange import Exchange, Message


class Holder(Protocol):
    """Who holds the variables that outlast an exchange: the context."""

    variables: dict[str, Any]


class Variable(Protocol):
    """One variable, found once when the route is built. Setting nothing (None) removes it, as in Camel."""

    def get(self, exchange: Exchange) -> Any:
        """Its value; None if there is none."""

    def set(self, exchange: Exchange, value: Any) -> None:
        """Give it a value."""

    def remove(self, exchange: Exchange) -> None:
        """Forget it. Idempotent."""


def variable(name: str, holder: Holder) -> Variable:
    """The variable of that name."""
    scope, colon, rest = name.partition(":")
    if colon and scope == "global":
        return _Shared(holder.variables, rest)
    if colon and scope == "route":
        route, named, inner = rest.partition(":")
        return _Shared(holder.variables, name) if named and inner else _OfThisRoute(holder.variables, route)
    return _Own(name)


def receive(name: str, holder: Holder, exchange: Exchange, message: Message) -> None:
    """Put a reply into a variable: its body under the name, its headers beside it as ``header:name.key`` (option ``variableReceive``)."""
    scope, colon, rest = name.partition(":")
    prefix, plain = (f"{scope}:", rest) if colon and scope in {"global", "route"} else ("", name)
    variable(name, holder).set(exchange, message.body)
    for key, value in message.headers.items():
        variable(f"{prefix}header:{plain}.{key}", holder).set(exchange, value)


@dataclass(frozen=True, slots=True)
class _Own:
    name: str

    def get(self, exchange: Exchange) -> Any:
        return exchange.variables.get(self.name)

    def set(self, exchange: Exchange, value: Any) -> None:
        if value is None:
            exchange.variables.pop(self.name, None)
        else:
            exchange.variables[self.name] = value

    def remove(self, exchange: Exchange) -> None:
        exchange.variables.pop(self.name, None)


@dataclass(frozen=True, slots=True)
class _Shared:
    held: dict[str, Any]
    key: str

    def get(self, exchange: Exchange) -> Any:
        return self.held.get(self.key)

    def set(self, exchange: Exchange, value: Any) -> None:
        if value is None:
            self.remove(exchange)
        else:
            self.held[self.key] = value

    def remove(self, exchange: Exchange) -> None:
        self.held.pop(self.key, None)


@dataclass(frozen=True, slots=True)
class _OfThisRoute:
    held: dict[str, Any]
    name: str

    def _here(self, exchange: Exchange) -> _Shared:
        return _Shared(self.held, f"route:{exchange.route}:{self.name}")

    def get(self, exchange: Exchange) -> Any:
        return self._here(exchange).get(exchange)

    def set(self, exchange: Exchange, value: Any) -> None:
        self._here(exchange).set(exchange, value)

    def remove(self, exchange: Exchange) -> None:
        self._here(exchange).remove(exchange)
