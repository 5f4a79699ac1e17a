"""The processes of the SOAP benchmarks: ``soapwork.py canned PORT``, ``soapwork.py bus|zeep|message ADDRESS WARM-UP SECONDS CALLS``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.project import ROOT

WSDL = ROOT / "schemas" / "erp" / "erp.wsdl"
NS = "urn:example:erp:sales"
ACTION = f"{NS}:CreateSalesOrder"
ORDER: dict[str, Any] = {
    "orderId": "A1",
    "customer": "ALFKI",
    "line": [{"sku": "PEN-1", "quantity": 2, "unitPrice": {"$": "1.50", "currency": "EUR"}}],
}
REQUEST = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<CreateSalesOrder xmlns="{NS}"><orderId>A1</orderId><customer>ALFKI</customer><line><sku>PEN-1</sku><quantity>2</quantity>'
    '<unitPrice currency="EUR">1.50</unitPrice></line></CreateSalesOrder></s:Body></s:Envelope>'
)
ANSWER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<CreateSalesOrderResponse xmlns="{NS}"><salesOrderNumber>1</salesOrderNumber><status>CREATED</status></CreateSalesOrderResponse>'
    "</s:Body></s:Envelope>"
).encode()


def canned(port: int) -> None:
    """Say the same to whoever asks."""
    import uvicorn

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    http = "esb.runtime.protocol:Protocol"  # Java's client offers HTTP/2, which uvicorn's own takes for the end of the request
    uvicorn.run(answer, host="127.0.0.1", port=port, http=http, log_level="error", lifespan="off", access_log=False)


def _caller(kind: str, url: str) -> Callable[[], Any]:
    if kind == "bus":
        from adapters.soap import wsdl
        from adapters.soap.client import SoapCaller
        from adapters.soap.messages import Contract
        from esb.httpcall import HttpCaller

        caller = SoapCaller(Contract(wsdl.load(WSDL)), HttpCaller(), address=url)
        return lambda: caller.call("CreateSalesOrder", ORDER)
    from zeep import Client

    client = Client(str(WSDL))
    service = client.create_service(f"{{{NS}}}SalesBinding", url)
    order = {**ORDER, "line": [{"sku": "PEN-1", "quantity": 2, "unitPrice": {"_value_1": "1.50", "currency": "EUR"}}]}
    return lambda: service.CreateSalesOrder(**order)


def _message() -> Callable[[], Any]:
    from adapters.soap import wsdl
    from adapters.soap.messages import Contract
    from adapters.soap.server import SoapService
    from adapters.soap.wire import Content

    service = SoapService(Contract(wsdl.load(WSDL)))
    data, answer = REQUEST.encode(), Content({"salesOrderNumber": "1", "status": "CREATED"})
    return lambda: service.render(service.parse("text/xml; charset=utf-8", ACTION, data), answer)


def main(kind: str, where: str, warm_up: float, seconds: float, calls: int) -> None:
    """Warm up for so many seconds, then measure for ``seconds``, or for ``calls`` if that is not 0.

    Prints calls a second, CPU microseconds a call, and resident megabytes: after a tenth, at the end, and the most between.
    """
    call = _message() if kind == "message" else _caller(kind, where)
    began = time.perf_counter()
    while time.perf_counter() - began < warm_up:
        call()
    seen = []
    done = 0
    began, used = time.perf_counter(), time.process_time()
    for part in range(1, 11):
        until, ends = calls * part // 10, began + seconds * part / 10
        while done < until if calls else time.perf_counter() < ends:
            call()
            done += 1
        seen.append(machine.resident(os.getpid()))
    took, own = time.perf_counter() - began, time.process_time() - used
    print(done / took, own / done * 1e6, seen[0], seen[-1], max(seen))


if __name__ == "__main__":
    if sys.argv[1] == "canned":
        canned(int(sys.argv[2]))
    else:
        main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
