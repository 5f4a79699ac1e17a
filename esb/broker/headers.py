"""Header values on their way through a store: which can be carried, and how they are written as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from esb.broker.contract import Outgoing
from esb.errors import Rejected

CARRIED = (str, bool, int, float, Decimal, type(None))
_DECIMAL = "$decimal"  # headers are scalars, so an object in the JSON can only be this


def refused(message: str, endpoint: str) -> Rejected:
    """A refusal that trying again cannot mend: the message itself is at fault."""
    error = Rejected(message, endpoint=endpoint)
    error.retriable = False
    return error


def check(message: Outgoing, endpoint: str) -> None:
    """Raise :class:`Rejected` if the message cannot be carried by every broker. Cheap: called for each publish."""
    for name, value in message.headers.items():
        if type(name) is not str:
            raise refused(f"header name {name!r} is not a string; use a string, or remove it before the send", endpoint)
        if not isinstance(value, CARRIED):
            raise refused(
                f"header {name!r} is a {type(value).__name__}, which a broker cannot carry; convert it to str, bool, int, "
                "float or Decimal, or remove it before the send",
                endpoint,
            )
    if not isinstance(message.body, bytes):
        raise refused(f"the body is a {type(message.body).__name__}, not bytes; marshal it before the send", endpoint)
    content_type = message.content_type
    if message.id.isascii() and (content_type is None or content_type.isascii()):
        return
    for name, text in (("id", message.id), ("content type", content_type or "")):
        try:
            text.encode()
        except UnicodeEncodeError as exc:
            raise refused(f"the message's {name} {text!r} is not valid Unicode; give it another", endpoint) from exc


def carried(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers with what cannot be carried turned into text: for those that are added while settling, where nobody can be told."""
    return {str(name): value if isinstance(value, CARRIED) else str(value) for name, value in headers.items()}


def dumps(headers: Mapping[str, Any]) -> str:
    """The headers as JSON text; Decimals keep their digits, scale included."""
    return json.dumps(dict(headers), default=_tagged) if headers else ""


def loads(text: str) -> dict[str, Any]:
    """What :func:`dumps` wrote."""
    if not text:
        return {}
    headers: dict[str, Any] = json.loads(text)
    for name, value in headers.items():
        if type(value) is dict:
            headers[name] = Decimal(value[_DECIMAL])
    return headers


def _tagged(value: Any) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    raise TypeError(f"{type(value).__name__} cannot be a header")
