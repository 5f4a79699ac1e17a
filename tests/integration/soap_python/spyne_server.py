"""spyne as a service that makes its own WSDL: ``spyne_server.py PORT`` serves SOAP 1.1 at ``/``, SOAP 1.2 at ``/12``."""

from __future__ import annotations

import sys
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import (
    Application,
    Array,
    ByteArray,
    ComplexModel,
    Decimal,
    Integer,
    ServiceBase,
    Unicode,
    XmlAttribute,
    XmlData,
    rpc,
)
from spyne.model.fault import Fault
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication

NAMESPACE = "urn:example:spyne"


class Caller(ComplexModel):
    __namespace__ = NAMESPACE
    system = Unicode


class Price(ComplexModel):
    __namespace__ = NAMESPACE
    currency = XmlAttribute(Unicode)
    value = XmlData(Decimal)


class Line(ComplexModel):
    __namespace__ = NAMESPACE
    sku = Unicode(min_occurs=1)
    quantity = Integer(min_occurs=1)
    unitPrice = Price  # noqa: N815 -- the name in the contract


class Orders(ServiceBase):
    __in_header__ = Caller
    __out_header__ = Caller

    @rpc(Unicode, Array(Line), _returns=Unicode)
    def order(ctx: Any, customer: Any, lines: Any) -> Any:  # noqa: N805 -- spyne gives it no self
        if customer == "BLOCKED":
            raise Fault("Client", "the customer is blocked")
        if customer == "CRASH":
            raise RuntimeError("broken")
        ctx.out_header = Caller(system="spyne")
        told = [f"{each.sku}*{each.quantity}@{each.unitPrice.value}{each.unitPrice.currency}" for each in lines or ()]
        return "|".join([ctx.in_header.system if ctx.in_header else "-", *told])

    @rpc(ByteArray, _returns=ByteArray)
    def back(ctx: Any, content: Any) -> Any:  # noqa: N805 -- as above
        return content


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def served(incoming: Any, outgoing: Any) -> Any:
    return WsgiApplication(
        Application([Orders], NAMESPACE, in_protocol=incoming(validator="lxml"), out_protocol=outgoing())
    )


ONE, TWO = served(Soap11, Soap11), served(Soap12, Soap12)


def application(environ: Any, start: Any) -> Any:
    return (TWO if environ["PATH_INFO"].startswith("/12") else ONE)(environ, start)


with make_server("127.0.0.1", int(sys.argv[1]), application, handler_class=Quiet) as server:
    print("ready", flush=True)
    server.serve_forever()
