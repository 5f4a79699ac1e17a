"""What the components that fill templates have in common: where the template comes from, and what it sees of the message."""

from __future__ import annotations

from typing import Any

from esb.component import Endpoint
from esb.errors import OptionError, ReferenceFault
from esb.exchange import Exchange


def template_text(endpoint: Endpoint, resource: str, encoding: str | None) -> str:
    """The template of an endpoint, read once at load. Raises ReferenceFault or OptionError at the endpoint."""
    name = resource.removeprefix("resource:").removeprefix("file:").removeprefix("classpath:")
    if "://" in name or name.startswith(("http:", "https:")):
        raise OptionError(
            f"{endpoint.scheme}: {resource!r} is not a file", endpoint.at, "keep the template in the project"
        )
    try:
        return endpoint.context.path(name).read_text(encoding=encoding or "utf-8")
    except (OSError, UnicodeError, LookupError) as error:
        raise ReferenceFault(f"{endpoint.scheme}: {resource!r} cannot be read: {error}", endpoint.at) from error


def seen(exchange: Exchange, *, everything: bool) -> dict[str, Any]:
    """Body, headers and variables; with ``everything`` (allowContextMapAll) the exchange's properties and id, too."""
    message = exchange.message
    values: dict[str, Any] = {"body": message.body, "headers": message.headers, "variables": exchange.variables}
    if everything:
        values["exchangeId"] = exchange.id
        values["exchange"] = {"exchangeId": exchange.id, "properties": exchange.properties, "pattern": exchange.pattern}
    return values
