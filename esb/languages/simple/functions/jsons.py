"""Values as JSON text and small paths into JSON: ``toJson``, ``toPrettyJson``, ``simpleJsonpath`` (Camel's page "Simple - Built-in Functions")."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from esb.coerce import Textual, text
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import IllegalArgumentException
from esb.languages._json import decode, encode, text_of
from esb.languages.simple.arguments import unquoted
from esb.languages.simple.functions import Call, function
from esb.languages.simple.pretty import pretty_json

_STEP: Final = re.compile(r"(\??)\.?([^.\[\]?]*)((?:\[(?:\d+|last)\])*)")
_SOURCE: Final = re.compile(r"(header|exchangeProperty|variable):([^,]+),(.*)", re.DOTALL)


@function("toJson", "toPrettyJson")
def to_json(call: Call) -> Expression:
    """``${toJson(exp)}``, ``${toPrettyJson(exp)}`` with indentation: a value as JSON; a text stays as it is."""
    return _as_json(call.source(call.inside(f"{call.name}(exp)", to_last=True)), pretty="Pretty" in call.name)


@function("toJsonBody", "toPrettyJsonBody")
def body_to_json(call: Call) -> Expression:
    """``${toJsonBody}``, ``${toPrettyJsonBody}`` with indentation: the body as JSON; a text stays as it is."""
    if call.rest:
        raise call.misused(call.name)
    return _as_json(call.source(""), pretty="Pretty" in call.name)


def _as_json(source: Expression, *, pretty: bool) -> Expression:
    def told(exchange: Exchange) -> str | None:
        value = source(exchange)
        if value is None or isinstance(value, (str, bytes, Textual)):
            return text(value)
        if pretty and isinstance(value, (dict, list, tuple)):
            return pretty_json(json.loads(encode(value))) + "\n"
        return encode(value)

    return told


@function("simpleJsonpath")
def simple_jsonpath(call: Call) -> Expression:
    """``${simpleJsonpath(a.b[0].c)}``, ``${simpleJsonpath(header:name,a)}``: ``?`` before a dot allows that there is nothing."""
    told = unquoted(call.inside("simpleJsonpath(path)", to_last=True))
    sourced = _SOURCE.fullmatch(told)
    source = call.expression(f"${{{sourced[1]}.{sourced[2].strip()}}}") if sourced else call.source("")
    path = (sourced[3] if sourced else told).strip()
    if not path:
        raise call.misused("simpleJsonpath(path)")
    steps = _steps(path, call)

    def find(exchange: Exchange) -> Any:
        value = source(exchange)
        if value is not None and not isinstance(value, (dict, list)):
            value = decode(text_of(value))
        optional = False
        for allowed, key, indexes in steps:
            optional = optional or allowed
            value = _found(value, key, indexes)
            if value is None and not optional:
                raise IllegalArgumentException(f"the path {path!r} finds nothing at {key!r}: write '?' to allow that")
        return value

    return find


def _steps(path: str, call: Call) -> list[tuple[bool, str, list[str]]]:
    steps, at = [], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or step.end() == at:
            raise call.misused("simpleJsonpath(a.b[0].c)")
        steps.append((bool(step[1]), step[2], re.findall(r"\d+|last", step[3])))
        at = step.end()
    return steps


def _found(value: Any, key: str, indexes: list[str]) -> Any:
    if key:
        value = value.get(key) if isinstance(value, Mapping) else None
    for index in indexes:
        at = -1 if index == "last" else int(index)
        value = value[at] if isinstance(value, list) and value and at < len(value) else None
    return value
