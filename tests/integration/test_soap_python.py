"""Python's own stacks: zeep as a client of ours, and spyne as a service that we call by the WSDL that it makes."""

from __future__ import annotations

import importlib.util
import sys
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from soap_matrix import FROM, TO
from soap_orders import ERP, FILES, LINES, QUOTES, asked, calling, serving, started
from soap_peers import ROOT

from esb.context import RouteContext
from esb.errors import RemoteFault
from esb.exchange import IN_OUT, Exchange
from esb.testing.ports import free_port

PEERS = Path(__file__).parent / "soap_python"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    erp12 = tmp_path_factory.mktemp("contracts") / "erp12.wsdl"
    text = (ROOT / ERP).read_text()
    erp12.write_text(text.replace("schemas.xmlsoap.org/wsdl/soap/", "schemas.xmlsoap.org/wsdl/soap12/"))
    user = {"users": {"partner": "s3cret"}, "overHttp": True}
    policies: dict[str, Any] = {
        "user": {"expect": {"timestamp": True, "usernameToken": user}},
        "usertext": {"expect": {"timestamp": True, "usernameToken": {**user, "type": "text"}}},
    }
    services: dict[str, Any] = {
        "orders": (ERP, {}),
        "orders12": (str(erp12), {}),
        "legacy": (QUOTES, {}),
        "files": (FILES, {}),
        "addressed": (ERP, {"addressing": True}),
        **{kind: (ERP, {"security": f"#{kind}"}) for kind in policies},
    }
    with serving(services, policies) as (base, _):
        return asked([sys.executable, str(PEERS / "zeep_client.py"), base])


@pytest.mark.interop("zeep", "document/literal", FROM)
@pytest.mark.interop("zeep", "header", FROM)
def test_zeep_is_served_from_the_wsdl_that_it_fetched(told: dict[str, Any]) -> None:
    assert told["orders"] == {"number": f"Z1|zeep|{LINES}", "status": "CREATED"}


@pytest.mark.interop("zeep", "declared fault", FROM)
def test_zeep_gets_the_fault_s_data(told: dict[str, Any]) -> None:
    assert told["orders BLOCKED"]["message"] == "the customer is blocked"
    assert "<erp:code>E42</erp:code>" in told["orders BLOCKED"]["detail"]


@pytest.mark.interop("zeep", "undeclared fault", FROM)
def test_zeep_learns_nothing_of_our_inside(told: dict[str, Any]) -> None:
    assert "exchange" in told["orders CRASH"]["message"]
    assert "secret" not in str(told["orders CRASH"])


@pytest.mark.interop("zeep", "invalid request refused", FROM)
def test_zeep_learns_which_element_is_wrong(told: dict[str, Any]) -> None:
    assert "/CreateSalesOrder/line/quantity" in told["orders invalid"]["message"]


@pytest.mark.interop("zeep", "SOAP 1.2", FROM)
def test_zeep_is_served_in_soap_12(told: dict[str, Any]) -> None:
    assert told["orders12"] == {"number": f"Z1|zeep|{LINES}", "status": "CREATED"}
    assert told["orders12 BLOCKED"]["code"].endswith("Sender")


@pytest.mark.interop("zeep", "rpc/literal", FROM)
def test_zeep_is_served_over_rpc(told: dict[str, Any]) -> None:
    assert told["legacy"] == {"total": "59.97", "echo": "x", "ping": True}


@pytest.mark.interop("zeep", "binary in the envelope", FROM)
def test_zeep_sends_and_gets_files(told: dict[str, Any]) -> None:
    assert told["files"] == {"size": 5000, "fetched": 3000}


@pytest.mark.interop("zeep", "WS-Addressing", FROM)
def test_zeep_s_addressing_headers_are_understood_and_may_be_demanded(told: dict[str, Any]) -> None:
    assert told["addressed"]["status"] == "CREATED"
    assert told["addressed missing"]["code"].endswith("MessageAddressingHeaderRequired")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("user", marks=pytest.mark.interop("zeep", "UsernameToken digest, Timestamp", FROM)),
        pytest.param("usertext", marks=pytest.mark.interop("zeep", "UsernameToken text", FROM)),
    ],
)
def test_we_accept_zeep_s_security(told: dict[str, Any], kind: str) -> None:
    assert told[kind].get("status") == "CREATED", told[kind]


@pytest.mark.interop("zeep", "missing security refused", FROM)
@pytest.mark.parametrize("kind", ["user", "usertext"])
def test_zeep_without_the_declared_security_is_refused(told: dict[str, Any], kind: str) -> None:
    assert "security header is not what is required" in told[f"{kind} missing"]["message"]


ORDER = {
    "customer": "ALFKI",
    "lines": {
        "Line": [
            {"sku": "x & <y>", "quantity": 2, "unitPrice": {"$": Decimal("12345678901234567.89"), "currency": "EUR"}},
            {"sku": "zwölf", "quantity": 1, "unitPrice": {"$": Decimal("0.10"), "currency": "EUR"}},
        ]
    },
}


@pytest.fixture(scope="module")
def to_spyne(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouteContext]:
    if importlib.util.find_spec("spyne") is None:
        pytest.skip("spyne, which does not run on Python 3.12 and later, is not installed")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    folder = tmp_path_factory.mktemp("spyne")
    with started([sys.executable, str(PEERS / "spyne_server.py"), str(port)]):
        services: dict[str, tuple[str, str, dict[str, Any]]] = {}
        for name, path in (("one", "/"), ("two", "/12")):
            with urllib.request.urlopen(f"{base}{path}?wsdl", timeout=60) as answer:
                (folder / f"{name}.wsdl").write_bytes(answer.read())
            services[name] = (str(folder / f"{name}.wsdl"), base + path, {})
        with calling(services) as context:
            yield context


def send(context: RouteContext, name: str, operation: str, body: Any) -> Exchange:
    exchange = Exchange(body, pattern=IN_OUT)
    exchange.properties["operationName"] = operation
    exchange.properties["soapOutHeaders"] = {"Caller": {"system": "bus"}}
    return context.send(f"direct:{name}", exchange)


@pytest.mark.interop("spyne", "document/literal", TO)
@pytest.mark.interop("spyne", "header", TO)
def test_spyne_is_called_by_its_own_wsdl(to_spyne: RouteContext) -> None:
    exchange = send(to_spyne, "one", "order", ORDER)
    assert exchange.error is None
    assert exchange.body == {"orderResult": f"bus|{LINES}"}
    assert exchange.properties["soapInHeaders"] == {"Caller": {"system": "spyne"}}


@pytest.mark.interop("spyne", "undeclared fault", TO)
@pytest.mark.parametrize(
    ("customer", "code", "message"),
    [("BLOCKED", "Client", "the customer is blocked"), ("CRASH", "Server", "Internal Error")],
)
def test_spyne_s_faults_are_errors(to_spyne: RouteContext, customer: str, code: str, message: str) -> None:
    error = send(to_spyne, "one", "order", {**ORDER, "customer": customer}).error
    assert isinstance(error, RemoteFault)
    assert (error.fault_code, str(error), error.detail) == (code, message, None)


@pytest.mark.interop("spyne", "SOAP 1.2", TO)
def test_spyne_speaks_soap_12_with_us(to_spyne: RouteContext) -> None:
    assert send(to_spyne, "two", "order", ORDER).body == {"orderResult": f"bus|{LINES}"}
    error = send(to_spyne, "two", "order", {**ORDER, "customer": "CRASH"}).error
    assert isinstance(error, RemoteFault)
    assert error.fault_code == "Receiver"


@pytest.mark.interop("spyne", "binary in the envelope", TO)
def test_spyne_takes_and_gives_files(to_spyne: RouteContext) -> None:
    content = bytes(range(256)) * 20
    assert send(to_spyne, "one", "back", {"content": content}).body == {"backResult": content}
