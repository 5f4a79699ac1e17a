"""SOAP::Lite as a foreign client and server: document/literal with header and fault, and rpc/literal."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from soap_matrix import FROM, TO
from soap_orders import ERP, ORDER, QUOTES, asked, call, calling, serving, started

from esb.context import RouteContext
from esb.errors import RemoteFault
from esb.testing.ports import free_port

HERE = Path(__file__).parent / "soap_perl"


def lite_is_here() -> bool:
    return (
        bool(shutil.which("perl"))
        and not subprocess.run(["perl", "-MSOAP::Lite", "-e1"], capture_output=True, check=False).returncode
    )


pytestmark = pytest.mark.skipif(not lite_is_here(), reason="SOAP::Lite is not installed (libsoap-lite-perl)")


@pytest.fixture(scope="module")
def to_lite() -> Iterator[RouteContext]:
    # One process a connection: SOAP::Lite's daemon serves the next only when the last is closed.
    one, other = free_port(), free_port()
    services = {
        "orders": (ERP, f"http://127.0.0.1:{one}/", {"validateAnswers": False}),
        "legacy": (QUOTES, f"http://127.0.0.1:{other}/", {"qualifiedParts": True}),
    }
    server = str(HERE / "server.pl")
    with (
        started(["perl", server, str(one)]),
        started(["perl", server, str(other)]),
        calling(services) as context,
    ):
        yield context


@pytest.mark.interop("SOAP::Lite", "document/literal", TO)
@pytest.mark.interop("SOAP::Lite", "header", TO)
def test_lite_s_server_understands_our_request(to_lite: RouteContext) -> None:
    exchange = call(to_lite, "orders", "CreateSalesOrder", ORDER)
    assert exchange.error is None
    assert exchange.body["salesOrderNumber"] == "A1|bus|x & <y>*2@12345678901234567.89|zwölf*1@0.10"


@pytest.mark.interop("SOAP::Lite", "declared fault", TO)
def test_lite_s_declared_fault_comes_with_its_data(to_lite: RouteContext) -> None:
    error = call(to_lite, "orders", "CreateSalesOrder", {**ORDER, "customer": "BLOCKED"}).error
    assert isinstance(error, RemoteFault)
    assert (str(error), error.fault_code) == ("the customer is blocked", "Client")
    assert error.detail == {"BusinessFault": {"code": "E42", "message": "blocked: bus"}}


@pytest.mark.interop("SOAP::Lite", "undeclared fault", TO)
def test_lite_s_failure_is_a_fault(to_lite: RouteContext) -> None:
    error = call(to_lite, "orders", "CreateSalesOrder", {**ORDER, "customer": "CRASH"}).error
    assert isinstance(error, RemoteFault)
    assert "broken" in str(error)


@pytest.mark.interop("SOAP::Lite", "rpc/literal", TO)
def test_lite_s_rpc_server_understands_us(to_lite: RouteContext) -> None:
    item = {"sku": "x", "price": Decimal("19.99")}
    exchange = call(to_lite, "legacy", "Price", {"item": item, "quantity": 3})
    assert exchange.error is None
    assert exchange.body == {"total": Decimal("59.97"), "echo": item}
    assert call(to_lite, "legacy", "Ping", {}).body == {"alive": True}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    with serving({"orders": (ERP, {}), "legacy": (QUOTES, {})}) as (base, _):
        return asked(["perl", str(HERE / "orders_client.pl"), f"{base}/orders", f"{base}/legacy"])


@pytest.mark.interop("SOAP::Lite", "document/literal", FROM)
@pytest.mark.interop("SOAP::Lite", "header", FROM)
def test_lite_s_client_is_served(told: dict[str, Any]) -> None:
    assert told["orders"] == {"salesOrderNumber": "L1|perl|x & <y>*2@12345678901234567.89EUR", "status": "CREATED"}


@pytest.mark.interop("SOAP::Lite", "declared fault", FROM)
def test_lite_s_client_gets_the_fault_s_data(told: dict[str, Any]) -> None:
    assert told["BLOCKED"]["text"] == "the customer is blocked"
    assert told["BLOCKED"]["detail"]["code"] == "E42"


@pytest.mark.interop("SOAP::Lite", "undeclared fault", FROM)
def test_lite_s_client_learns_nothing_of_our_inside(told: dict[str, Any]) -> None:
    assert "exchange" in told["CRASH"]["text"]
    assert "secret" not in str(told["CRASH"])


@pytest.mark.interop("SOAP::Lite", "invalid request refused", FROM)
def test_lite_s_client_learns_which_element_is_wrong(told: dict[str, Any]) -> None:
    assert "/CreateSalesOrder/line/quantity" in told["invalid"]["text"]


@pytest.mark.interop("SOAP::Lite", "rpc/literal", FROM)
def test_lite_s_client_is_served_over_rpc(told: dict[str, Any]) -> None:
    assert told["legacy"]["total"] == "59.97"
    assert told["legacy"]["echo"]["price"] == "19.99"
