"""What the components that fill templates have in common: where the template comes from, and what it sees of the message."""

from __future__ import annotations

from typing import Any

from esb.component import Endpoint
from esb.components._resources import resource_path, unreadable
from esb.exchange import Exchange


def template_text(endpoint: Endpoint, resource: str, encoding: str | None) -> str:
    """The template of an endpoint, read once at load. Raises ReferenceFault or OptionError at the endpoint."""
    try:
        return resource_path(endpoint, resource, "template").read_text(encoding=encoding or "utf-8")
    except (OSError, UnicodeError, LookupError) as error:
        raise unreadable(endpoint, resource, error) from error


def seen(exchange: Exchange, *, everything: bool) -> dict[str, Any]:
    """Body, headers and variables; with ``everything`` (allowContextMapAll) the exchange's properties and id, too."""
    message = exchange.message
    values: dict[str, Any] = {"body": message.body, "headers": message.headers, "variables": exchange.variables}
    if everything:
        values["exchangeId"] = exchange.id
        values["exchange"] = {"exchangeId": exchange.id, "properties": exchange.properties, "pattern": exchange.pattern}
    return values
