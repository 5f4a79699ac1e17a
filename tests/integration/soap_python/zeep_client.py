"""zeep as a client of ours: ``zeep_client.py BASE`` calls and prints what happened as JSON."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lxml import etree
from zeep import Client
from zeep.exceptions import Fault
from zeep.wsa import WsAddressingPlugin
from zeep.wsse.username import UsernameToken
from zeep.wsse.utils import WSU, get_security_header, get_timestamp

BASE = sys.argv[1]
LINES = [
    {"sku": "x & <y>", "quantity": 2, "unitPrice": {"_value_1": Decimal("12345678901234567.89"), "currency": "EUR"}},
    {"sku": "zwölf", "quantity": 1, "unitPrice": {"_value_1": Decimal("0.10"), "currency": "EUR"}},
]


def timestamp() -> Any:
    """A Timestamp that is good for a minute: zeep makes none by itself."""
    now = dt.datetime.now(dt.UTC)
    ends = now + dt.timedelta(minutes=1)
    return WSU.Timestamp(WSU.Created(get_timestamp(now, True)), WSU.Expires(get_timestamp(ends, True)))


class Timestamp:
    """Nothing but that."""

    def apply(self, envelope: Any, headers: Any) -> tuple[Any, Any]:
        get_security_header(envelope).append(timestamp())
        return envelope, headers

    def verify(self, envelope: Any) -> None:
        """Answers need none here."""


def order(name: str, customer: str = "ALFKI", lines: Any = LINES, **options: Any) -> Any:
    client = Client(f"{BASE}/{name}?wsdl", **options)
    answer = client.service.CreateSalesOrder("Z1", customer, lines, _soapheaders={"caller": {"system": "zeep"}})
    return {"number": answer["salesOrderNumber"], "status": answer["status"]}


def asked(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Fault as fault:
        detail = etree.tostring(fault.detail).decode() if fault.detail is not None else ""
        return {"code": fault.code, "message": fault.message, "detail": detail}


def price() -> Any:
    client = Client(f"{BASE}/legacy?wsdl")
    answer = client.service.Price(item={"sku": "x", "price": Decimal("19.99"), "tag": ["one"]}, quantity=3)
    return {"total": str(answer["total"]), "echo": answer["echo"]["sku"], "ping": client.service.Ping()}


def files() -> Any:
    service = Client(f"{BASE}/files?wsdl").service
    return {"size": service.Store("a", bytes([7]) * 5000)["size"], "fetched": len(service.Fetch(3000))}


def user(**given: Any) -> UsernameToken:
    return UsernameToken("partner", "s3cret", timestamp_token=timestamp(), **given)


told = {
    "orders": asked(lambda: order("orders")),
    "orders BLOCKED": asked(lambda: order("orders", "BLOCKED")),
    "orders CRASH": asked(lambda: order("orders", "CRASH")),
    "orders invalid": asked(lambda: order("orders", lines=[{**LINES[0], "quantity": 0}])),
    "orders12": asked(lambda: order("orders12")),
    "orders12 BLOCKED": asked(lambda: order("orders12", "BLOCKED")),
    "legacy": asked(price),
    "files": asked(files),
    "addressed": asked(lambda: order("addressed", plugins=[WsAddressingPlugin()])),
    "addressed missing": asked(lambda: order("addressed")),
    "user": asked(lambda: order("user", wsse=user(use_digest=True))),
    "user missing": asked(lambda: order("user")),
    "usertext": asked(lambda: order("usertext", wsse=user())),
    "usertext missing": asked(lambda: order("usertext", wsse=Timestamp())),
}
print(json.dumps(told))
