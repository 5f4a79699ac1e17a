"""claimCheck: sets the message aside and takes it back (Camel's Claim Check EIP)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from esb.coerce import text
from esb.eip._children import take
from esb.eip._gathering import named_strategy
from esb.eip._names import fits, has_functions, simple
from esb.errors import OptionError, Position
from esb.exchange import Exchange, Message
from esb.fields import Kind, field
from esb.program import Step
from esb.step import Builder, StepSpec

CLAIMS: Final = "esb.claims"
_OPERATIONS: Final = ("Get", "GetAndRemove", "Set", "Push", "Pop")
Claim = Callable[[Exchange], Message | None]


class ClaimCheckSpec(StepSpec):
    """Keeps a copy of the message with the exchange, under a key (Set) or on a stack (Push), and puts it back (Get, GetAndRemove, Pop).

    Body, headers and attachments come back, those of the filter only: ``body``, ``headers``, ``header:pattern``, ``attachments``,
    ``attachment:pattern``, with commas between; ``-`` before one leaves it out, ``--`` removes it from the message. What is not there changes
    nothing.
    """

    name = "claimCheck"
    operation = field(Kind.TEXT, None, enum=_OPERATIONS, doc="What to do.")
    key = field(Kind.TEXT, None, doc="The key, in simple, for Set, Get and GetAndRemove.")
    filter = field(Kind.TEXT, None, doc="What is taken back.", example="body,header:order*")
    aggregation_strategy = field(Kind.REF, None, doc="How both messages become one, instead of the filter.")
    aggregation_strategy_method_name = field(Kind.TEXT, None, doc="The bean's method to call, if it has several.")

    def build(self, builder: Builder) -> Step:
        if not self.operation:
            raise OptionError("'claimCheck' needs 'operation'", self.at, f"one of {', '.join(_OPERATIONS)}")
        key_of = self._key(builder)
        if self.operation == "Set":

            def set_aside(exchange: Exchange) -> None:
                _claims(exchange).kept[key_of(exchange)] = exchange.message.copy()

            return set_aside
        if self.operation == "Push":
            return lambda exchange: _claims(exchange).stack.append(exchange.message.copy())
        return self._take_back(builder, _CLAIM[self.operation](key_of))

    def _key(self, builder: Builder) -> Callable[[Exchange], str | None]:
        key = self.key
        if not key or not has_functions(key):
            return lambda _exchange: key
        evaluate = simple(builder, key, self.at)
        return lambda exchange: text(evaluate(exchange))

    def _take_back(self, builder: Builder, claim: Claim) -> Step:
        combine = named_strategy(builder, self)
        restore = _restoring(self.filter, self.at)

        def take_back(exchange: Exchange) -> None:
            kept = claim(exchange)
            if kept is None:
                return
            if combine is None:
                restore(exchange.message, kept)
                return
            claimed = exchange.derive()
            claimed.message = kept.copy()
            take(exchange, combine.aggregate(exchange, claimed))

        return take_back

    def sentence(self) -> str:
        under = f" {self.key!r}" if self.key else ""
        return f"claim check: {self.operation}{under}"


class _Claims:
    """What an exchange has set aside. Copies of the exchange share it."""

    __slots__ = ("kept", "stack")

    def __init__(self) -> None:
        self.kept: dict[str | None, Message] = {}
        self.stack: list[Message] = []


def _claims(exchange: Exchange) -> _Claims:
    claims: _Claims | None = exchange.properties.get(CLAIMS)
    if claims is None:
        claims = exchange.properties[CLAIMS] = _Claims()
    return claims


_CLAIM: Final[dict[str, Callable[[Callable[[Exchange], str | None]], Claim]]] = {
    "Get": lambda key_of: lambda exchange: _claims(exchange).kept.get(key_of(exchange)),
    "GetAndRemove": lambda key_of: lambda exchange: _claims(exchange).kept.pop(key_of(exchange), None),
    "Pop": lambda _: lambda exchange: stack.pop() if (stack := _claims(exchange).stack) else None,
}


def _restoring(filters: str | None, at: Position) -> Callable[[Message, Message], None]:
    """What puts a kept message back into another, as far as the filter says."""
    parts = [part.strip() for part in (filters or "").split(",") if part.strip()]
    removed = _Chosen([part[2:] for part in parts if part.startswith("--")], at)
    left_out = _Chosen([part[1:] for part in parts if part.startswith("-") and not part.startswith("--")], at)
    named = [part.removeprefix("+") for part in parts if not part.startswith("-")]
    # A filter that only leaves out or removes takes back everything else.
    chosen = _Chosen(named or ["body", "headers", "attachments"], at)

    def restore(message: Message, kept: Message) -> None:
        if chosen.body and not left_out.body:
            message.body = kept.body
        for name, value in kept.headers.items():
            if chosen.header(name) and not left_out.header(name):
                message.headers[name] = value
        for name, value in (kept.attachments or {}).items():
            if chosen.attachment(name) and not left_out.attachment(name):
                message.attachments = {**(message.attachments or {}), name: value}
        removed.remove_from(message)

    return restore


class _Chosen:
    """What some parts of a filter name."""

    def __init__(self, parts: list[str], at: Position) -> None:
        self.body = "body" in parts
        self.header = _matching(parts, "header", at)
        self.attachment = _matching(parts, "attachment", at)

    def remove_from(self, message: Message) -> None:
        """Take what is named out of a message."""
        if self.body:
            message.body = None
        for name in [name for name in message.headers if self.header(name)]:
            del message.headers[name]
        for name in [name for name in message.attachments or () if self.attachment(name)]:
            assert message.attachments is not None
            del message.attachments[name]


def _matching(parts: list[str], kind: str, at: Position) -> Callable[[str], bool]:
    if f"{kind}s" in parts:
        return lambda _name: True
    found: list[Any] = [
        fits(part.partition(":")[2], at) for part in parts if part.startswith(f"{kind}:") and part.partition(":")[2]
    ]
    return lambda name: any(match(name) for match in found)
