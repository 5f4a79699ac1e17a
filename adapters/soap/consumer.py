"""Serves a WSDL's operations on the bus's web server: each request is an exchange, answered when its unit settles."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from adapters.soap.component import FAULT, IN_HEADERS, MESSAGE_ID, OPERATION, OUT_HEADERS, SAML_TOKEN, SECURITY
from adapters.soap.envelope import SoapFault
from adapters.soap.server import Request
from adapters.soap.wire import SPOOL, Content
from esb.component import Consumer, Deliver
from esb.errors import RemoteFault, unknown_outcome
from esb.exchange import IN_ONLY, IN_OUT, Exchange
from esb.httphost import HttpRequest, HttpResponse, Mounted, Respond
from esb.unit import UnitOfWork

if TYPE_CHECKING:
    from adapters.soap.component import SoapEndpoint

_log = logging.getLogger("esb.soap")

_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?")


class SoapConsumer(Consumer):
    """One path. Threads are the web server's."""

    def __init__(self, endpoint: SoapEndpoint, deliver: Deliver) -> None:
        self._endpoint = endpoint
        self._deliver = deliver
        self._replays = endpoint.replays()
        self._service = endpoint.served(self._replays.seen if self._replays is not None else None)
        self._mounted: Mounted | None = None

    def start(self) -> None:
        endpoint = self._endpoint
        if self._replays is not None:
            self._replays.open()
        self._mounted = endpoint.context.http.mount(
            ("GET", "POST"),
            endpoint.location,
            self._handle,
            max_body=endpoint.max_body,
            owner=endpoint.uri,
            spool=SPOOL,
        )

    def stop(self, drain: float = 30.0) -> None:
        _ = drain  # requests under way are the web server's to wait for
        if self._mounted is not None:
            self._mounted.remove()
            self._mounted = None
            if self._replays is not None:
                self._replays.close()

    def _handle(self, request: HttpRequest, respond: Respond) -> None:
        if request.method != "POST":
            respond(self._document(request))
            return
        try:
            asked = self._service.parse(
                request.header("content-type") or "",
                request.header("soapaction"),
                request.spooled or request.body,
                secure=request.scheme == "https",
            )
        except SoapFault as fault:
            reason = getattr(fault, "reason", fault)  # what is wrong with a message's security is for us alone
            _log.info("%s: refused a request of %s: %s", self._endpoint.uri, request.client, reason)
            respond(self._fault(fault))
            return
        exchange = Exchange(asked.body, pattern=IN_ONLY if asked.one_way else IN_OUT)
        exchange.message.attachments = dict(asked.attachments) or None
        exchange.properties[OPERATION] = asked.operation
        if self._endpoint.operation_header:
            exchange.message.headers[self._endpoint.operation_header] = asked.operation
        exchange.properties[IN_HEADERS] = asked.headers
        if asked.addressing is not None:
            exchange.properties[MESSAGE_ID] = asked.addressing.message_id
        if asked.verified is not None:
            exchange.properties[SECURITY] = asked.verified.facts
        exchange.unit = UnitOfWork(lambda unit: respond(self._answer(exchange, asked, unit.error)))
        self._deliver((exchange,))

    def _answer(self, exchange: Exchange, asked: Request, error: BaseException | None) -> HttpResponse:
        """Runs where the unit settles, so it must not raise."""
        try:
            declared = exchange.properties.get(FAULT)
            if error is None and declared is None:
                return self._good(exchange, asked)
            fault = self._declared(asked, declared, error)
            if fault is not None:
                return self._fault(fault, asked)
        except Exception:
            _log.exception("%s: the answer to exchange %s does not fit the WSDL", self._endpoint.uri, exchange.id)
        # Nothing of the inside goes out: the id leads to the log and to the trace.
        told = "the request could not be processed"
        if error is not None and unknown_outcome(error):
            told = "this may have been done: look before you send it again"
        return self._fault(self._service.failure(asked, f"{told}; exchange {exchange.id}"))

    def _good(self, exchange: Exchange, asked: Request) -> HttpResponse:
        if asked.one_way or (asked.addressing is not None and asked.addressing.silent):
            return HttpResponse(202)
        message = exchange.message
        # What came with the request does not go back by itself: only what the route has attached.
        attached = {
            name: value
            for name, value in (message.attachments or {}).items()
            if asked.attachments.get(name) is not value
        }
        properties = exchange.properties
        content = Content(message.body, properties.get(OUT_HEADERS), attached, properties.get(SAML_TOKEN))
        content_type, body = self._service.render(asked, content)
        return HttpResponse(200, (("Content-Type", content_type),), body)

    def _declared(self, asked: Request, declared: Any, error: BaseException | None) -> SoapFault | None:
        if error is None:
            return self._service.declared_fault(asked, _words(declared), declared)
        if isinstance(error, RemoteFault) and not error.uncertain:
            return self._service.declared_fault(asked, str(error), error.detail, error.fault_code)
        return None

    def _fault(self, fault: SoapFault, asked: Request | None = None) -> HttpResponse:
        status, content_type, body = self._service.fault(fault, asked)
        return HttpResponse(status, (("Content-Type", content_type),), body)

    def _document(self, request: HttpRequest) -> HttpResponse:
        published = self._service.published
        if not self._endpoint.publish_wsdl or not published.wants(request.query):
            return _plain(405, "send SOAP requests with POST; ?wsdl gives the contract", ("Allow", "POST"))
        document = published.document(request.query, self._address(request))
        if document is None:
            return _plain(404, "the WSDL has no such part")
        return HttpResponse(200, (("Content-Type", "text/xml; charset=utf-8"),), document)

    def _address(self, request: HttpRequest) -> str:
        """Where the client found us; its own word for the host only if it is one."""
        if self._endpoint.public_address:
            return str(self._endpoint.public_address)
        if _HOST.fullmatch(request.host):
            return f"{request.scheme}://{request.host}{request.path}"
        return self._endpoint.context.http.base_url.rstrip("/") + request.path


def _words(declared: Any) -> str:
    """The fault's text from its data: a ``message``, or the fault's name."""
    if not isinstance(declared, Mapping) or not declared:
        return "the request failed"
    name, data = next(iter(declared.items()))
    inner = data if isinstance(data, Mapping) else declared
    return str(inner.get("message") or name)


def _plain(status: int, words: str, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), f"{words}\n".encode())
