"""Functions on attachments (Camel's page "Simple - Built-in Functions", "Attachment Functions").

An attachment is bytes under a name here: its type is guessed from the name, and it has no headers.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import Any, Final

from esb.coerce import Source, octets, result_converter, text
from esb.errors import ExpressionFailed
from esb.exchange import Exchange
from esb.expression import Expression
from esb.javanames import NullPointerException
from esb.languages.simple.functions import Call, family, function
from esb.languages.simple.nodes import SyntaxFault

_SIZES: Final = frozenset({".size", ".size()", ".length", ".length()"})


def _kind(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _content(name: str, held: Any) -> Any:
    """Text where the name says so, else bytes."""
    data = octets(held) if isinstance(held, (bytes, bytearray, Source)) else held
    return text(data) if _kind(name).startswith("text/") else data


_FACTS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "name": lambda name, _: name,
    "content": _content,
    "contentType": lambda name, _: _kind(name),
}
_GETTERS: Final = {
    f".{spelling}": fact
    for name, fact in _FACTS.items()
    for spelling in (name, f"get{name[0].upper()}{name[1:]}", f"get{name[0].upper()}{name[1:]}()")
}


@function("attachments", "attachment")
def attachments(call: Call) -> Expression:
    """``${attachments}``, ``${attachments.size}``, ``${attachment[name]}``, ``${attachment[0].content}`` (also ``name``, ``contentType``)."""
    if not call.rest and call.name == "attachments":
        return lambda exchange: exchange.message.attachments or {}
    if call.rest in _SIZES:
        return lambda exchange: len(exchange.message.attachments or {})
    rest = call.rest
    bracket = rest.find("]") if rest.startswith("[") else -1
    key, path = (rest[1:bracket], rest[bracket + 1 :]) if bracket > 0 else (rest[1:], "")
    key = key.strip("'\"")
    if not key or (path and path not in _GETTERS):
        raise call.misused("attachment[name]}, ${attachment[name].content")
    fact = _GETTERS.get(path)

    def find(exchange: Exchange) -> Any:
        found = _found(exchange, key)
        if found is None:
            return None
        return found[1] if fact is None else fact(*found)

    return find


def _found(exchange: Exchange, key: str) -> tuple[str, Any] | None:
    """The name of an attachment and what it holds; by its place if the key is a number and no name."""
    held = exchange.message.attachments or {}
    if key in held:
        return key, held[key]
    if not key.isdecimal() or not held:
        return None
    if int(key) >= len(held):
        raise ExpressionFailed(f"the message has {len(held)} attachments, none with index {key}")
    return list(held.items())[int(key)]


def _attachment_content(call: Call) -> Expression:
    typed = call.name == "attachmentContentAs"
    arguments = [argument.strip() for argument in call.arguments(_USAGES[call.name], 1 + typed, 1 + typed)]
    convert: Callable[[Any], Any] = text if call.name == "attachmentContentAsText" else lambda value: value
    if typed:
        try:
            convert = result_converter(arguments[1])
        except KeyError:
            raise SyntaxFault(f"there is no type {arguments[1]!r}", call.at, "write String or byte[]") from None

    def content(exchange: Exchange) -> Any:
        found = _found(exchange, arguments[0])
        if found is None:
            raise NullPointerException(f"there is no attachment {arguments[0]!r}")
        return convert(_content(*found))

    return content


_USAGES: Final = {
    "attachmentContent": "attachmentContent(name)",
    "attachmentContentAsText": "attachmentContentAsText(name)",
    "attachmentContentAs": "attachmentContentAs(name,type)",
}
family(
    _attachment_content,
    {
        name: f"``${{{usage}}}``: what the attachment holds{told}. Fails where there is none."
        for (name, usage), told in zip(_USAGES.items(), ("", ", as text", ", as a type"), strict=True)
    },
)


@function("attachmentsKeys")
def attachments_keys(call: Call) -> Expression:
    """The names of the attachments."""
    if call.rest:
        raise call.misused("attachmentsKeys")
    return lambda exchange: list(exchange.message.attachments or {})


@function("clearAttachments")
def clear_attachments(call: Call) -> Expression:
    """Removes all attachments; gives nothing."""
    if call.rest:
        raise call.misused("clearAttachments")

    def clear(exchange: Exchange) -> None:
        exchange.message.attachments = None

    return clear
