"""Calls an operation with the body and makes its answer the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.soap.component import IN_HEADERS, OPERATION, OUT_HEADERS, SAML_TOKEN
from esb.component import Producer
from esb.errors import OptionError, StepFailed
from esb.exchange import Exchange

if TYPE_CHECKING:
    from adapters.soap.component import SoapEndpoint


class SoapProducer(Producer):
    """Thread-safe. Nothing is repeated here: whether a call may be made twice only the route knows."""

    def __init__(self, endpoint: SoapEndpoint) -> None:
        self._endpoint = endpoint
        self._caller = endpoint.caller()

    def send(self, exchange: Exchange) -> None:
        """Call and wait. See :meth:`adapters.soap.client.SoapCaller.call` for what it raises; a one-way operation leaves the body alone."""
        operation = self._endpoint.operation or exchange.properties.get(OPERATION)
        if not operation and self._endpoint.operation_header:
            operation = exchange.message.headers.get(self._endpoint.operation_header)
        if not isinstance(operation, str) or not operation:
            raise StepFailed(
                f"{self._endpoint.uri}: which operation to call is not known: give the option 'operation', "
                f"or set the exchange property {OPERATION!r} in the route"
            )
        headers = exchange.properties.pop(OUT_HEADERS, None)
        if headers is not None and not isinstance(headers, Mapping):
            raise StepFailed(
                f"the exchange property {OUT_HEADERS!r} is a {type(headers).__name__}, not a map of header blocks by name"
            )
        try:
            message = exchange.message
            reply = self._caller.call(
                operation,
                message.body,
                headers,
                attachments=message.attachments,
                assertion=exchange.properties.get(SAML_TOKEN),
            )
        except OptionError as exc:
            raise StepFailed(str(exc)) from exc
        if self._caller.codec(operation).output is not None:
            exchange.message.body = reply.body
            exchange.message.attachments = reply.attachments or None
        exchange.properties[IN_HEADERS] = reply.headers
