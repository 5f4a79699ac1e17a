"""Calls of a bean's method from a route: ``join(${body}, 'x')``, parsed once (Camel's pages "Bean EIP" and "Bean Binding").

Parameters: ``${...}`` is simple; text in quotes is that text; numbers, ``true``, ``false`` and ``null`` are themselves; ``*`` is what the
parameter would be without being given; anything else is text. A parameter that is not given is bound by its name or its annotation
(``exchange``, ``message``, ``body``, ``headers``, ``properties``, ``variables``, ``exception``), the first one left without a default takes
the body, others their default or None. Values are converted to annotated types (int, float, str, bool, bytes, dict, list). Message data is never
parsed as a call.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from esb.coerce import converter
from esb.errors import NOWHERE, ConversionFailed, OptionError, Position, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression, Scope
from esb.javanames import AmbiguousMethodCallException, MethodNotFoundException

_CALL: Final = re.compile(r"\s*(?P<name>[^\s(]+)\s*(?:\((?P<arguments>.*)\)\s*)?", re.DOTALL)
_BINDINGS: Final[dict[str, Expression]] = {
    "exchange": lambda exchange: exchange,
    "message": lambda exchange: exchange.message,
    "body": lambda exchange: exchange.message.body,
    "headers": lambda exchange: exchange.message.headers,
    "properties": lambda exchange: exchange.properties,
    "variables": lambda exchange: exchange.variables,
    "exception": lambda exchange: exchange.caught,
}
_BOUND_TYPES: Final = {"Exchange": "exchange", "Message": "message", "Headers": "headers"}
_CONVERTED: Final = frozenset({"int", "float", "str", "bool", "bytes", "dict", "list", "Decimal"})


@dataclass(frozen=True, slots=True)
class Call:
    """A compiled call. ``gives_nothing`` says that None is no result: the callable does not say by annotation that it returns a value."""

    invoke: Expression
    gives_nothing: bool = False


@dataclass(frozen=True, slots=True)
class _Callee:
    """What is called: ``target``, or what ``find`` gives for a message, which is like it."""

    target: Callable[..., Any]
    name: str
    find: Expression | None = None


def method_call(
    bean: Any, method: str | None, scope: Scope, at: Position = NOWHERE, instance: Expression | None = None
) -> Call:
    """Compile the call of ``method`` (``name`` or ``name(parameters)``) of a bean; without a method, of the bean itself.

    ``instance`` gives the object to call for each message, where that is not the bean itself but one like it.
    Raises UnknownName if the bean has no such method. A call that is ambiguous, or has no fitting parameters, fails per message, as in Camel.
    """
    if not method or not method.strip():
        return _nameless(bean, scope, at, instance)
    parsed = _CALL.fullmatch(method)
    if not parsed:
        raise OptionError(
            f"{method!r} is not a method call", at, "write a name, or name(parameters), such as join(${body}, 'x')"
        )
    name = parsed["name"]
    target = None if name.startswith("_") else getattr(bean, name, None)
    if not callable(target):
        raise UnknownName(f"method of {_described(bean)}", name, _methods(bean), at)
    arguments = None if parsed["arguments"] is None else [part.strip() for part in split(parsed["arguments"])]
    return _bound(_Callee(target, name, _finder(instance, name)), arguments, scope, at)


def split(text: str) -> Iterator[str]:
    """Parameters cut at commas that stand outside quotes, ``${}`` and brackets."""
    start, depth, quote = 0, 0, ""
    for position, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "({[":
            depth += 1
        elif sign in ")}]":
            depth -= 1
        elif sign == "," and not depth:
            yield text[start:position]
            start = position + 1
    if text[start:].strip() or start:
        yield text[start:]


def _described(bean: Any) -> str:
    return bean.__name__ if inspect.isroutine(bean) or isinstance(bean, type) else type(bean).__name__


def _methods(bean: Any) -> list[str]:
    return [name for name in dir(bean) if not name.startswith("_") and callable(getattr(bean, name, None))]


def _finder(instance: Expression | None, name: str) -> Expression | None:
    if instance is None:
        return None
    return lambda exchange: getattr(instance(exchange), name)


def _nameless(bean: Any, scope: Scope, at: Position, instance: Expression | None) -> Call:
    process = getattr(bean, "process", None)
    if callable(process):
        find = _finder(instance, "process")
        return Call(process if find is None else lambda exchange: find(exchange)(exchange), gives_nothing=True)
    if inspect.isroutine(bean) or "__call__" in vars(type(bean)):
        return _bound(_Callee(bean, _described(bean), instance), None, scope, at)
    methods = _methods(bean)
    if len(methods) == 1:
        (only,) = methods
        return _bound(_Callee(getattr(bean, only), only, _finder(instance, only)), None, scope, at)

    def ambiguous(exchange: Exchange) -> Any:
        raise AmbiguousMethodCallException(
            f"{exchange!r}: which method of {_described(bean)} is meant: {', '.join(methods) or 'it has none'}; name it with 'method'"
        )

    return Call(ambiguous)


def _bound(callee: _Callee, arguments: list[str] | None, scope: Scope, at: Position) -> Call:
    name = callee.name
    try:
        signature = inspect.signature(callee.target)
    except (TypeError, ValueError):  # some builtins tell nothing of themselves: they get what is written
        given = [_argument(text, scope, at) for text in arguments or ()]
        return Call(_invocation(callee, given), gives_nothing=True)
    positional = [
        one
        for one in signature.parameters.values()
        if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL}
    ]
    if arguments == [] and any(one.default is one.empty and one.kind is not one.VAR_POSITIONAL for one in positional):
        return Call(_failing(f"{name}() without parameters: there is only {name}{signature}"))
    values: list[Expression] = []
    # Whoever has the exchange has the body too.
    body_taken = any(_binding(one) in {"exchange", "message", "body"} for one in positional)
    for index, parameter in enumerate(positional):
        text = arguments[index] if arguments and index < len(arguments) else None
        if parameter.kind is parameter.VAR_POSITIONAL:
            values += [_argument(more, scope, at) for more in (arguments or [])[index:]]
            break
        if text is not None and text != "*":
            values.append(_converted(_argument(text, scope, at), parameter, name))
            continue
        binding = _binding(parameter)
        if binding is not None:
            values.append(_converted(_BINDINGS[binding], parameter, name))
        elif text == "*" or not (body_taken or arguments or parameter.default is not parameter.empty):
            values.append(_converted(_BINDINGS["body"], parameter, name))
            body_taken = True
        else:
            values.append(_always(None if parameter.default is parameter.empty else parameter.default))
    if arguments and len(arguments) > len(positional) and not any(one.kind is one.VAR_POSITIONAL for one in positional):
        return Call(_failing(f"{name} is given {len(arguments)} parameters: there is only {name}{signature}"))
    return Call(_invocation(callee, values), _gives_nothing(signature))


def _invocation(callee: _Callee, values: list[Expression]) -> Expression:
    target, find = callee.target, callee.find
    if find is not None:
        return lambda exchange: find(exchange)(*[value(exchange) for value in values])
    if not values:
        return lambda _exchange: target()
    if len(values) == 1:
        (only,) = values
        return lambda exchange: target(only(exchange))
    return lambda exchange: target(*[value(exchange) for value in values])


def _gives_nothing(signature: inspect.Signature) -> bool:
    told = signature.return_annotation
    return told is signature.empty or told is None or told == "None"


def _failing(message: str) -> Expression:
    def fail(_exchange: Exchange) -> Any:
        raise MethodNotFoundException(message)

    return fail


def _annotated(parameter: inspect.Parameter) -> str:
    """The plain name of the annotation: annotations may be text (``from __future__ import annotations``), and only the name matters here."""
    told = parameter.annotation
    if told is parameter.empty:
        return ""
    text = told if isinstance(told, str) else getattr(told, "__name__", str(told))
    return text.removesuffix(" | None").partition("[")[0].rpartition(".")[2]


def _binding(parameter: inspect.Parameter) -> str | None:
    by_type = _BOUND_TYPES.get(_annotated(parameter))
    return by_type or (parameter.name if parameter.name in _BINDINGS else None)


def _argument(text: str, scope: Scope, at: Position) -> Expression:
    quoted = len(text) >= 2 and text[0] in "'\"" and text[-1] == text[0]
    plain = text[1:-1] if quoted else text
    if "${" in plain or "$simple{" in plain:
        return scope.language("simple")(at, expression=plain).compile(scope)
    return _always(plain if quoted else _literal(plain))


def _always(value: Any) -> Expression:
    return lambda _exchange: value


def _literal(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    if text == "null":
        return None
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+", text) else text


def _converted(evaluate: Expression, parameter: inspect.Parameter, method: str) -> Expression:
    wanted = _annotated(parameter)
    if wanted not in _CONVERTED:
        return evaluate
    convert = converter(wanted)

    def value(exchange: Exchange) -> Any:
        given = evaluate(exchange)
        try:
            return convert(given)
        except ConversionFailed as error:
            raise ConversionFailed(f"parameter {parameter.name!r} of {method}: {error}") from error

    return value
