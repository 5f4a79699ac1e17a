"""Functions on texts: ``replace``, ``substring``, ``join``, ``hash``, ``uuid``."""

from __future__ import annotations

import hashlib
import html
import os
import random
import uuid as uuids
from typing import Any, Final

from esb.coerce import converter, inner, lenient, text
from esb.errors import ExpressionFailed
from esb.exchange import Exchange, new_id
from esb.expression import Expression
from esb.languages.simple.arguments import split
from esb.languages.simple.functions import Call, function
from esb.languages.simple.operators import each

_WHOLE: Final = converter("Integer")
_OCTETS: Final = lenient("byte[]")


@function("replace")
def replace(call: Call) -> Expression:
    """``${replace(from,to)}`` in the body, ``${replace(from,to,${header.x})}`` in another text. ``&comma;`` and XML entities may be used."""
    usage = "replace(from,to)}, ${replace(from,to,expression)"
    arguments = call.arguments(usage, 2, 3)
    old, new = (html.unescape(argument) for argument in arguments[:2])
    new = "" if arguments[1] == "&empty;" else new
    source = call.expression(arguments[2] if len(arguments) > 2 else "${body}")

    def replaced(exchange: Exchange) -> str | None:
        told = text(source(exchange))
        return None if told is None else told.replace(old, new)

    return replaced


@function("substring")
def substring(call: Call) -> Expression:
    """``${substring(3)}`` cuts three characters from the front of the body, ``${substring(-3)}`` from its end, ``${substring(1,-1)}`` from both."""
    usage = "substring(num)}, ${substring(num,num)}, ${substring(num,num,expression)"
    arguments = call.arguments(usage, 1, 3)
    first = call.expression(arguments[0])
    second = call.expression(arguments[1] if len(arguments) > 1 else "0")
    source = call.expression(arguments[2] if len(arguments) > 2 else "${body}")

    def part(exchange: Exchange) -> str | None:
        cuts = [_WHOLE(first(exchange)) or 0, _WHOLE(second(exchange)) or 0]
        told = text(source(exchange))
        if told is None:
            return None
        head, tail = cuts
        if head < 0 and tail == 0:
            head, tail = 0, head
        head, tail = abs(head), abs(tail)
        # What is to be cut away may be more than there is.
        return told[head : len(told) - tail] if head + tail <= len(told) else ""

    return part


@function("join")
def join(call: Call) -> Expression:
    """``${join(separator,prefix,expression)}``: the items of the body (or expression) as one text."""
    usage = "join(separator,prefix,expression)"
    arguments = call.arguments(usage, 0, 3) if call.inside(usage).strip() else []
    if arguments and not split(call.inside(usage))[0]:
        arguments.pop(0)  # Camel leaves an empty first argument out
    separator = call.expression(arguments[0] if arguments else ",")
    prefix = call.expression(arguments[1] if len(arguments) > 1 else "")
    source = call.expression(arguments[2] if len(arguments) > 2 else "${body}")

    def joined(exchange: Exchange) -> str:
        lead = inner(prefix(exchange))
        found = each(source(exchange), call.name)
        return inner(separator(exchange)).join(lead + inner(item) for item in found if item is not None)

    return joined


_HASHES: Final = {"MD2": None, "MD5": "md5", "SHA": "sha1"}


@function("hash")
def hashed(call: Call) -> Expression:
    """``${hash(value)}`` and ``${hash(value,algorithm)}``: hexadecimal, SHA-256 unless another is named."""
    usage = "hash(value)}, ${hash(value,algorithm)"
    arguments = [argument.strip() for argument in split(call.inside(usage))]
    if not 1 <= len(arguments) <= 2 or not arguments[0]:
        raise call.misused(usage)
    source = call.expression(arguments[0])  # quotes around it are part of it, as in Camel
    wanted = arguments[1].upper() if len(arguments) > 1 else "SHA-256"
    algorithm = _HASHES.get(wanted, wanted.replace("SHA3-", "SHA3_").replace("SHA-", "SHA").replace("/", "_").lower())
    try:
        hashlib.new(algorithm or "", usedforsecurity=False)
    except ValueError:
        algorithm = None

    def digest(exchange: Exchange) -> str | None:
        value = _OCTETS(source(exchange))
        if not value:
            return None
        if algorithm is None:
            raise ExpressionFailed(f"there is no hash algorithm {wanted!r}: write SHA-256, SHA-512, SHA3-256, MD5 ...")
        return hashlib.new(algorithm, value, usedforsecurity=False).hexdigest()

    return digest


@function("uuid")
def uuid(call: Call) -> Expression:
    """``${uuid}``; ``${uuid(random)}`` is RFC 4122's version 4, ``short`` and ``simple`` are short ones, other names are beans to be called."""
    if not call.rest:
        return lambda _exchange: new_id()
    kind = call.inside("uuid(classic|default|short|simple|random)").strip()
    made: dict[str, Any] = {
        "default": new_id,
        "classic": lambda: f"{os.uname().nodename}-{os.getpid()}-{new_id()}",
        "random": lambda: str(uuids.uuid4()),
        "short": lambda: f"{random.getrandbits(60):015X}-{random.getrandbits(32):08X}",
        "simple": lambda: f"{random.getrandbits(62)}",
    }
    make = made.get(kind) or call.scope.lookup("bean", kind)
    generate = getattr(make, "generate_uuid", None) or getattr(make, "generateUuid", None) or make
    return lambda _exchange: generate()
