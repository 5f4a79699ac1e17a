"""The exchange and where it is: ids, routes, the failure, the context."""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import inner
from esb.exchange import Exchange, Message
from esb.expression import Expression
from esb.javanames import NullPointerException
from esb.languages.simple.functions import Call, family, function
from esb.languages.simple.ognl import compile_path

CAMEL_VERSION: Final = "4.17.0"
"""The version whose language this is; ``${camelContext.version}``."""


def _failure(exchange: Exchange) -> BaseException | None:
    return exchange.error or exchange.caught


@function("exception")
def exception(call: Call) -> Expression:
    """The failure that is being handled, or what a path finds in it; ``message`` and ``stacktrace`` are its texts."""
    if not call.rest:
        return _failure
    if call.rest == ".message":
        return _message_of_failure
    if call.rest == ".stacktrace":
        return _stack_trace
    if call.rest[0] not in ".?[":
        raise call.misused("exception.OGNL")
    follow = compile_path(call.rest, call, "exception.OGNL")
    return lambda exchange: follow(_failure(exchange), exchange)


def _message_of_failure(exchange: Exchange) -> str | None:
    error = _failure(exchange)
    return None if error is None else str(error) or None


def _stack_trace(exchange: Exchange) -> str:
    error = _failure(exchange)
    if error is None:
        raise NullPointerException("${exception.stacktrace}: there is no exception")
    return "".join(traceback.format_exception(error))


def _alone(name: str, evaluate: Expression, meaning: str) -> None:
    """Register a function that takes nothing."""

    def build(call: Call) -> Expression:
        if call.rest:
            raise call.misused(name)
        return evaluate

    family(build, {name: meaning})


def _logged(exchange: Exchange) -> str:
    """Id, pattern, headers and body, as the log component's default form."""
    headers = ", ".join(f"{name}={inner(value)}" for name, value in exchange.message.headers.items())
    kind = type(exchange.message.body).__name__
    return (
        f"Exchange[Id: {exchange.id}, ExchangePattern: {exchange.pattern}, Headers: {{{headers}}}, "
        f"BodyType: {kind}, Body: {inner(exchange.message.body)}]"
    )


for _name, (_evaluate, _meaning) in {
    "exchangeId": (lambda exchange: exchange.id, "The id of the exchange."),
    "id": (lambda exchange: exchange.id, "The id of the message."),
    "routeId": (lambda exchange: exchange.route or None, "The id of the route that the exchange is in."),
    "fromRouteId": (lambda exchange: exchange.from_route or None, "The id of the route that the exchange began in."),
    "stepId": (lambda exchange: exchange.properties.get("CamelStepId"), "The id of the step that the exchange is in."),
    "threadName": (lambda _exchange: threading.current_thread().name, "The name of the thread."),
    "threadId": (lambda _exchange: threading.get_ident(), "The number of the thread."),
    "hostname": (lambda _exchange: socket.gethostname(), "The name of the host."),
    "messageTimestamp": (
        lambda exchange: exchange.message.headers.get("CamelMessageTimestamp") or 0,
        "When the source made the message, in milliseconds since 1970; 0 if it does not say.",
    ),
    "null": (lambda _exchange: None, "Nothing."),
    "logExchange": (_logged, "Id, pattern, headers and body, as the log component shows them."),
}.items():
    _alone(_name, _evaluate, _meaning)


@function("camelId")
def camel_id(call: Call) -> Expression:
    """The name of the context."""
    if call.rest:
        raise call.misused("camelId")
    name = getattr(call.scope, "name", None)
    return lambda _exchange: name


@function("routeGroup")
def route_group(call: Call) -> Expression:
    """The group of the route that the exchange is in."""
    if call.rest:
        raise call.misused("routeGroup")
    routes: Any = getattr(call.scope, "routes", {})
    return lambda exchange: getattr(routes.get(exchange.route), "group", None) or None


class _View:
    """What a path may ask: names (short and as getters) to functions. Names that Camel has twice need their parentheses."""

    def __init__(self, members: dict[str, Callable[..., Any]], with_arguments: dict[str, Callable[..., Any]]) -> None:
        self._members = members
        self._with_arguments = with_arguments

    def __getattr__(self, name: str) -> Any:
        members: dict[str, Callable[..., Any]] = object.__getattribute__(self, "_members")
        if name in members:
            return members[name]
        calls: dict[str, Callable[..., Any]] = object.__getattribute__(self, "_with_arguments")
        if name in calls:
            return calls[name]
        raise AttributeError(name)


def _getters(values: dict[str, Callable[[], Any]]) -> dict[str, Callable[..., Any]]:
    return {**values, **{f"get{name[0].upper()}{name[1:]}": call for name, call in values.items()}}


def _message_view(message: Message) -> _View:
    return _View(
        _getters({"headers": lambda: message.headers, "attachments": lambda: message.attachments or {}}),
        {"getBody": lambda: message.body, "getHeader": message.headers.get},
    )


def _exchange_view(exchange: Exchange) -> _View:
    return _View(
        {
            **_getters(
                {
                    "exchangeId": lambda: exchange.id,
                    "pattern": lambda: exchange.pattern,
                    "fromRouteId": lambda: exchange.from_route or None,
                    "properties": lambda: exchange.properties,
                    "allProperties": lambda: exchange.properties,
                    "variables": lambda: exchange.variables,
                }
            ),
            "hasOut": lambda: False,
            "isTransacted": lambda: False,
            "isFailed": lambda: exchange.error is not None,
            "isRouteStop": lambda: exchange.halted,
        },
        {
            "getIn": lambda: _message_view(exchange.message),
            "getMessage": lambda: _message_view(exchange.message),
            "getException": lambda: exchange.error,
            "getProperty": exchange.properties.get,
            "getVariable": exchange.variables.get,
        },
    )


@function("exchange")
def exchange_itself(call: Call) -> Expression:
    """The exchange, or what a path finds in it."""
    if not call.rest:
        return lambda exchange: exchange
    follow = compile_path(call.rest, call, "exchange.OGNL")
    return lambda exchange: follow(_exchange_view(exchange), exchange)


@function("camelContext")
def camel_context(call: Call) -> Expression:
    """What a path finds in the context: its name, version and status."""
    if not call.rest:
        raise call.misused("camelContext.OGNL")
    context: Any = call.scope
    view = _View(
        _getters(
            {
                "name": lambda: getattr(context, "name", None),
                "version": lambda: CAMEL_VERSION,
                "status": lambda: "Started" if getattr(context, "started", True) else "Stopped",
                "routesSize": lambda: len(getattr(context, "routes", ())),
            }
        ),
        {},
    )
    follow = compile_path(call.rest, call, "camelContext.OGNL")
    return lambda exchange: follow(view, exchange)


@function("messageHistory")
def message_history(call: Call) -> Expression:
    """Where the message has been, as text; ``${messageHistory(false)}`` leaves the message itself out."""
    detailed = call.rest != "(false)"

    def told(exchange: Exchange) -> str:
        lines = ["", "Message History", "-" * 40, f"route: {exchange.from_route or exchange.route}"]
        lines += [f"  {step}" for step in exchange.properties.get("CamelMessageHistory") or ()]
        return "\n".join([*lines, "", _logged(exchange)] if detailed else lines) + "\n"

    return told
