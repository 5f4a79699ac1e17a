"""PHP's SoapServer and SoapClient against the bus, both ways: document/literal with header and declared fault, and rpc/literal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from soap_matrix import FROM, TO
from soap_orders import FILES, serving
from soap_peers import PHP, ROOT, bus, php_client, php_is_here, php_server

from esb.context import RouteContext
from esb.errors import RemoteFault, ValidationFailed
from esb.exchange import IN_OUT, Exchange

pytestmark = pytest.mark.skipif(
    not php_is_here(), reason="PHP with its soap extension is not installed (php-cli, php-soap)"
)

ERP = ROOT / "schemas" / "erp" / "erp.wsdl"
QUOTES = PHP / "quotes.wsdl"
ORDER = {
    "orderId": "A1",
    "customer": "ALFKI",
    "line": [
        {"sku": "x & <y>", "quantity": 2, "unitPrice": {"$": Decimal("12345678901234567.89"), "currency": "EUR"}},
        {"sku": "zwölf", "quantity": 1, "unitPrice": {"$": Decimal("0.10"), "currency": "USD"}},
    ],
}


def caller(address: str, wsdl: str) -> str:
    return f"""
    - route:
        from:
          uri: direct:call
          steps:
            - to:
                uri: soap:{wsdl}
                parameters:
                  address: {address}
                  timeout: 10s
    """


@pytest.fixture(scope="module")
def to_php() -> Iterator[RouteContext]:
    with (
        php_server("orders_server.php", environment={"WSDL": str(ERP)}) as address,
        bus(caller(address, "schemas/erp/erp.wsdl")) as (context, _),
    ):
        yield context


def call(context: RouteContext, operation: str, body: Any, headers: dict[str, Any] | None = None) -> Exchange:
    exchange = Exchange(body, pattern=IN_OUT)
    exchange.properties["operationName"] = operation
    if headers:
        exchange.properties["soapOutHeaders"] = headers
    return context.send("direct:call", exchange)


@pytest.mark.interop("PHP", "document/literal", TO)
@pytest.mark.interop("PHP", "header", TO)
def test_php_s_server_understands_our_request(to_php: RouteContext) -> None:
    exchange = call(to_php, "CreateSalesOrder", ORDER, {"Caller": {"system": "crm"}})
    assert exchange.error is None
    assert exchange.body == {
        "salesOrderNumber": "A1|crm|x & <y>*2@12345678901234567.89EUR|zwölf*1@0.10USD",
        "status": "CREATED",
    }


@pytest.mark.interop("PHP", "declared fault", TO)
def test_php_s_declared_fault_comes_as_an_error_with_its_data(to_php: RouteContext) -> None:
    error = call(to_php, "CreateSalesOrder", {**ORDER, "customer": "BLOCKED"}, {"Caller": {"system": "crm"}}).error
    assert isinstance(error, RemoteFault)
    assert (error.fault_code, str(error)) == ("Client", "the customer is blocked")
    assert error.detail == {"BusinessFault": {"code": "E42", "message": "blocked: crm", "field": "customer"}}
    assert not error.retriable


@pytest.mark.interop("PHP", "undeclared fault", TO)
def test_php_s_undeclared_failure_has_no_detail_although_php_sends_an_empty_one(to_php: RouteContext) -> None:
    error = call(to_php, "CreateSalesOrder", {**ORDER, "customer": "CRASH"}).error
    assert isinstance(error, RemoteFault)
    assert (error.fault_code, str(error), error.detail) == ("Server", "broken", None)


def test_an_answer_of_php_that_breaks_its_wsdl_is_refused(to_php: RouteContext) -> None:
    assert isinstance(call(to_php, "GetSalesOrder", {"salesOrderNumber": "1"}).error, ValidationFailed)


@pytest.mark.interop("PHP", "rpc/literal", TO)
def test_php_s_rpc_server_understands_us() -> None:
    with (
        php_server("quotes_server.php", environment={"WSDL": str(QUOTES)}) as address,
        bus(caller(address, str(QUOTES.relative_to(ROOT)))) as (context, _),
    ):
        item = {"sku": "x", "price": Decimal("19.99"), "tag": ["one"]}
        exchange = call(context, "Price", {"item": item, "quantity": 1})
        assert exchange.error is None
        assert exchange.body == {"total": Decimal("19.99"), "echo": item}
        assert call(context, "Ping", None).body == {"alive": True}


SERVE_ORDERS = """
- route:
    from:
      uri: soap:schemas/erp/erp.wsdl
      parameters: {path: /erp/sales}
      steps:
        - bean: {ref: erp, method: take}
"""


class Erp:
    """What stands behind the served contract."""

    def __init__(self) -> None:
        self.seen: list[Exchange] = []
        self.bodies: list[Any] = []

    def take(self, exchange: Exchange) -> None:
        self.seen.append(exchange)
        self.bodies.append(exchange.body)
        customer = exchange.body["customer"]
        if customer == "BLOCKED":
            raise RemoteFault(
                "the customer is blocked",
                fault_code="Client",
                detail={"BusinessFault": {"code": "E42", "message": "blocked", "field": "customer"}},
            )
        if customer == "CRASH":
            raise RuntimeError("SELECT secret FROM accounts")
        exchange.message.body = {"salesOrderNumber": exchange.body["orderId"] + "-1", "status": "CREATED"}


@pytest.mark.interop("PHP", "document/literal", FROM)
@pytest.mark.interop("PHP", "header", FROM)
@pytest.mark.interop("PHP", "declared fault", FROM)
@pytest.mark.interop("PHP", "undeclared fault", FROM)
@pytest.mark.interop("PHP", "invalid request refused", FROM)
def test_php_s_client_is_served_from_the_wsdl_that_it_fetched() -> None:
    erp = Erp()
    with bus(SERVE_ORDERS, {"erp": erp}) as (_, port):
        told = php_client("orders_client.php", f"http://127.0.0.1:{port}/erp/sales")
    assert told["created"] == {"salesOrderNumber": "P1-1", "status": "CREATED"}
    first = erp.seen[0]
    assert first.properties["operationName"] == "CreateSalesOrder"
    assert first.properties["soapInHeaders"] == {"Caller": {"system": "php"}}
    assert erp.bodies[0]["line"] == ORDER["line"]
    assert told["BLOCKED"]["text"] == "the customer is blocked"
    assert told["BLOCKED"]["detail"]["BusinessFault"] == {"code": "E42", "message": "blocked", "field": "customer"}
    assert "secret" not in str(told["CRASH"])
    assert "exchange" in told["CRASH"]["text"]
    assert "/CreateSalesOrder/line[1]/quantity" in told["invalid"]["text"]
    assert len(erp.seen) == 3  # what breaks the schema never reached the route


class Quotes:
    """An rpc service."""

    def price(self, exchange: Exchange) -> None:
        if exchange.properties["operationName"] == "Ping":
            exchange.message.body = {"alive": True}
            return
        body = exchange.body
        assert body["item"]["tag"] == ["one"]
        exchange.message.body = {"total": body["item"]["price"] * body["quantity"], "echo": body["item"]}


@pytest.mark.interop("PHP", "rpc/literal", FROM)
def test_php_s_client_is_served_over_rpc() -> None:
    routes = f"""
    - route:
        from:
          uri: soap:{QUOTES.relative_to(ROOT)}
          parameters: {{path: /quotes}}
          steps:
            - bean: {{ref: quotes, method: price}}
    """
    with bus(routes, {"quotes": Quotes()}) as (_, port):
        told = php_client("quotes_client.php", f"http://127.0.0.1:{port}/quotes")
    assert told["price"]["total"] == "59.97"
    assert told["price"]["echo"]["price"] == "19.99"
    assert told["ping"] is True


@pytest.fixture(scope="module")
def erp12(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contracts") / "erp12.wsdl"
    path.write_text(ERP.read_text().replace("schemas.xmlsoap.org/wsdl/soap/", "schemas.xmlsoap.org/wsdl/soap12/"))
    return path


@pytest.mark.interop("PHP", "SOAP 1.2", TO)
def test_php_s_server_speaks_soap_12_with_us(erp12: Path) -> None:
    with (
        php_server("orders_server.php", environment={"WSDL": str(erp12), "SOAP12": "1"}) as address,
        bus(caller(address, str(erp12))) as (context, _),
    ):
        assert call(context, "CreateSalesOrder", ORDER).body["status"] == "CREATED"
        error = call(context, "CreateSalesOrder", {**ORDER, "customer": "CRASH"}).error
    assert isinstance(error, RemoteFault)
    assert str(error) == "broken"


@pytest.mark.interop("PHP", "SOAP 1.2", FROM)
def test_php_s_client_is_served_in_soap_12(erp12: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAP12", "1")
    with bus(SERVE_ORDERS.replace("schemas/erp/erp.wsdl", str(erp12)), {"erp": Erp()}) as (_, port):
        told = php_client("orders_client.php", f"http://127.0.0.1:{port}/erp/sales")
    assert told["created"] == {"salesOrderNumber": "P1-1", "status": "CREATED"}
    assert told["BLOCKED"]["detail"]["BusinessFault"]["code"] == "E42"


@pytest.mark.interop("PHP", "binary in the envelope", TO)
def test_php_s_server_takes_and_gives_files() -> None:
    wsdl = str(ROOT / FILES)
    with (
        php_server("files_server.php", environment={"WSDL": wsdl}) as address,
        bus(caller(address, wsdl)) as (context, _),
    ):
        data = bytes(range(256)) * 10
        stored = call(context, "Store", {"name": "a", "content": data}).body
        assert (stored["size"], stored["sha256"]) == (len(data), hashlib.sha256(data).digest())
        assert call(context, "Fetch", {"size": 300}).body == {"content": bytes([7]) * 300}


@pytest.mark.interop("PHP", "binary in the envelope", FROM)
def test_php_s_client_sends_and_gets_files() -> None:
    with serving({"files": (FILES, {})}) as (base, _):
        told = php_client("files_client.php", f"{base}/files")
    assert told == {"size": 5000, "sha256": hashlib.sha256(bytes([7]) * 5000).hexdigest(), "fetched": 3000}
