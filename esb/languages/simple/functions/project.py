"""What the project and the machine give: properties, system properties, the environment, beans, types, random numbers."""

from __future__ import annotations

import os
import random as randoms
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from esb.coerce import converter, text
from esb.errors import ConfigError, ExpressionFailed, ReferenceFault, UnknownName
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import IllegalArgumentException, NullPointerException, RuntimeCamelException
from esb.languages.simple.classes import named_class
from esb.languages.simple.functions import Call, function
from esb.languages.simple.nodes import SyntaxFault

_WHOLE: Final = converter("Integer")
_KEY: Final = re.compile(r"[\w.\-]+")


@function("properties")
def properties(call: Call) -> Expression:
    """``${properties:key}`` and ``${properties:key:default}``: a placeholder's value."""
    usage = "properties:key}, ${properties:key:default"
    if not call.rest.startswith(":") or len(call.rest) < 2:
        raise call.misused(usage)
    key, default = _key_and_default(call.rest[1:])
    resolve = call.scope.resolve
    if "${" not in key:
        return _known_property(key, default, call)
    named = call.expression(key)

    def look_up(exchange: Exchange) -> Any:
        name = text(named(exchange)) or ""
        # The name comes with the message: it may choose a property, never a function of the placeholders (env:, credential:).
        if _KEY.fullmatch(name):
            try:
                return resolve("{{" + name + "}}")
            except ConfigError:
                pass
        if default is not None:
            return default
        raise RuntimeCamelException(f"there is no property {name[:60]!r}")

    return look_up


def _known_property(key: str, default: str | None, call: Call) -> Expression:
    value = _resolved(key, call)
    if value is None:
        value = default
    if value is not None:
        return lambda _exchange: value

    def missing(_exchange: Exchange) -> Any:
        raise RuntimeCamelException(
            f"there is no property {key!r}: define it, or write a default, ${{properties:{key}:default}}"
        )

    return missing


def _resolved(key: str, call: Call) -> str | None:
    if key != key.strip():
        return None
    try:
        return call.scope.resolve("{{" + key + "}}")
    except (ReferenceFault, UnknownName):
        return None


def _key_and_default(rest: str) -> tuple[str, str | None]:
    """Cut at the first colon outside a function."""
    depth = 0
    for at, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if character == ":" and not depth:
            return rest[:at], rest[at + 1 :]
    return rest, None


@function("propertiesExist")
def properties_exist(call: Call) -> Expression:
    """``${propertiesExist:key}``; ``${propertiesExist:!key}`` is the opposite."""
    if not call.rest.startswith(":") or len(call.rest) < 2:
        raise call.misused("propertiesExist:key")
    key = call.rest[1:]
    negated = key.startswith("!")
    exists = (_resolved(key.removeprefix("!"), call) is not None) is not negated
    return lambda _exchange: exists


@function("sys")
def system_property(call: Call) -> Expression:
    """``${sys.name}``: a system property (``-D``); nothing if it is not set."""
    if not call.rest.startswith(".") or len(call.rest) < 2:
        raise call.misused("sys.name")
    value = _resolved(f"sys:{call.rest[1:]}", call)
    return lambda _exchange: value


@function("env", "sysenv")
def environment(call: Call) -> Expression:
    """``${env.NAME}``: a variable of the process's environment, whatever the case of the name; nothing if it is not set."""
    if call.rest[:1] not in {".", ":"} or len(call.rest) < 2:
        raise call.misused(f"{call.name}.NAME")
    name = call.rest[1:]
    value = os.environ.get(name)
    if value is None:
        value = os.environ.get(name.upper().replace(".", "_").replace("-", "_"))
    return lambda _exchange: value


@function("ref")
def reference(call: Call) -> Expression:
    """``${ref:name}``: a bean; nothing if there is none."""
    if not call.rest.startswith(":") or len(call.rest) < 2:
        raise call.misused("ref:name")
    name, scope = call.rest[1:], call.scope

    def look_up(_exchange: Exchange) -> Any:
        # Looked up per message: beans may be bound after the route is compiled.
        try:
            return scope.lookup("bean", name)
        except UnknownName:
            return None

    return look_up


@function("bean")
def bean(call: Call) -> Expression:
    """``${bean:name.method}``, ``${bean:name::method(a,b)}``, ``${bean:name?method=method}``: the result of a bean's method."""
    usage = "bean:name.method}, ${bean:name?method=method"
    if not call.rest.startswith(":") or len(call.rest) < 2:
        raise call.misused(usage)
    name, method = _bean_and_method(call.rest[1:])
    from esb.languages.simple.chain import method_chain  # late: it compiles arguments with what loads this module

    try:
        found = call.scope.lookup("bean", name)
        return method_chain(found, method, call.scope, call.position)
    except UnknownName as unknown:
        raise SyntaxFault(unknown.message, call.at, unknown.hint) from None


def _bean_and_method(rest: str) -> tuple[str, str | None]:
    name, question, query = rest.partition("?")
    if question and query.startswith(("method=", "scope=")):
        options: Mapping[str, str] = dict(part.partition("=")[::2] for part in re.split(r"&(?=\w+=)", query))
        return name, options.get("method")
    before = rest.partition("(")[0]
    if "::" in before:
        name, _, method = rest.partition("::")
    else:
        name, _, method = rest.partition(".")
    return name, method or None


_CONSTANTS: Final[dict[str, Any]] = {
    "java.lang.Integer.MAX_VALUE": (1 << 31) - 1,
    "java.lang.Integer.MIN_VALUE": -(1 << 31),
    "java.lang.Long.MAX_VALUE": (1 << 63) - 1,
    "java.lang.Long.MIN_VALUE": -(1 << 63),
    "java.lang.Double.MAX_VALUE": sys.float_info.max,
    "java.io.File.separator": os.sep,
    "java.io.File.pathSeparator": os.pathsep,
    "java.lang.Boolean.TRUE": True,
    "java.lang.Boolean.FALSE": False,
}
_EXCHANGE: Final = "org.apache.camel.Exchange."


@function("type")
def type_constant(call: Call) -> Expression:
    """``${type:java.lang.Integer.MAX_VALUE}``: a constant of a known class, as text; ``${type:java.lang.String}`` is the class."""
    name = call.rest[1:]
    if not call.rest.startswith(":") or not name:
        raise call.misused("type:a.Class.CONSTANT")
    if name in _CONSTANTS:
        value = text(_CONSTANTS[name])
        return lambda _exchange: value
    if name.startswith(_EXCHANGE):
        # Camel's header constants spell the header's name: FILE_NAME is CamelFileName.
        header = "Camel" + "".join(part.capitalize() for part in name.removeprefix(_EXCHANGE).split("_"))
        return lambda _exchange: header
    try:
        told = str(named_class(name))
    except ExpressionFailed as failed:
        message = str(failed)

        def fail(_exchange: Exchange) -> Any:
            raise ExpressionFailed(message)

        return fail
    return lambda _exchange: told


@function("random")
def random(call: Call) -> Expression:
    """``${random(max)}``, ``${random(min,max)}``: a whole number from ``min`` (0), below ``max``."""
    usage = "random(max)}, ${random(min,max)"
    arguments = [argument.strip() for argument in call.arguments(usage, 1, 2)]
    low = call.expression(arguments[0] if len(arguments) > 1 else "0")
    high = call.expression(arguments[-1])

    def number(exchange: Exchange) -> int:
        least, most = _WHOLE(low(exchange)), _WHOLE(high(exchange))
        if least is None or most is None:
            raise NullPointerException(f"${{{call.text}}}: there is no bound")
        if most <= least:
            raise IllegalArgumentException(f"random({least},{most}): the bound must be above the start")
        return randoms.randrange(least, most)  # noqa: S311 -- for spreading and tests, not for secrets

    return number
