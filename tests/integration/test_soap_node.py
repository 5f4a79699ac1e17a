"""node's soap as a foreign client and server: contracts, attachments, UsernameToken and X.509 signature.

`make interop` installs the peer; where it is not installed these tests are skipped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from soap_keys import write as write_keys
from soap_matrix import FROM, TO
from soap_orders import ERP, FILES, LINES, ORDER, QUOTES, asked, call, calling, serving, started
from soap_peers import ROOT

from esb.context import RouteContext
from esb.errors import RemoteFault
from esb.testing.ports import free_port

MODULES = ROOT / "build" / "interop" / "node" / "node_modules"
PEER = str(Path(__file__).parent / "soap_node" / "peer.js")

pytestmark = pytest.mark.skipif(
    not (MODULES / "soap").exists() or shutil.which("node") is None, reason="node's soap is not installed: make interop"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    for wsdl in (ERP, QUOTES, FILES):
        shutil.copy(ROOT / wsdl, folder)
    text = (ROOT / ERP).read_text().replace("schemas.xmlsoap.org/wsdl/soap/", "schemas.xmlsoap.org/wsdl/soap12/")
    (folder / "erp12.wsdl").write_text(text)
    return folder


def environment() -> dict[str, str]:
    return {**os.environ, "SOAP_MODULES": str(MODULES), "NODE_NO_WARNINGS": "1"}


@pytest.fixture(scope="module")
def to_node(keys: Path, contracts: Path) -> Iterator[RouteContext]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    services: dict[str, Any] = {
        "orders": (ERP, f"{base}/orders", {}),
        "orders12": (str(contracts / "erp12.wsdl"), f"{base}/orders12", {}),
        "legacy": (QUOTES, f"{base}/legacy", {"qualifiedParts": True}),
        "user": (ERP, f"{base}/user", {"security": "#user"}),
        "wrong": (ERP, f"{base}/user", {"security": "#wrong"}),
    }
    user = {"username": "partner", "password": "s3cret"}
    policies = {
        # node answers a Timestamp with one of its own, which we must understand.
        "user": {"send": {"timestamp": True, "usernameToken": user}, "expect": {"timestamp": True}},
        "wrong": {"send": {"timestamp": True, "usernameToken": {**user, "password": "other"}}},
    }
    command = ["node", PEER, "server", str(port), str(contracts), str(keys)]
    with started(command, environment()), calling(services, policies) as context:
        yield context


@pytest.mark.interop("node soap", "document/literal", TO)
@pytest.mark.interop("node soap", "header", TO)
def test_node_s_server_understands_our_request(to_node: RouteContext) -> None:
    exchange = call(to_node, "orders", "CreateSalesOrder", ORDER)
    assert exchange.error is None
    assert exchange.body == {"salesOrderNumber": f"A1|bus|{LINES}", "status": "CREATED"}


@pytest.mark.interop("node soap", "declared fault", TO)
def test_node_s_declared_fault_comes_with_its_data(to_node: RouteContext) -> None:
    error = call(to_node, "orders", "CreateSalesOrder", {**ORDER, "customer": "BLOCKED"}).error
    assert isinstance(error, RemoteFault)
    assert error.detail == {"BusinessFault": {"code": "E42", "message": "blocked: bus", "field": "customer"}}


@pytest.mark.interop("node soap", "undeclared fault", TO)
def test_node_s_failure_is_a_fault(to_node: RouteContext) -> None:
    error = call(to_node, "orders", "CreateSalesOrder", {**ORDER, "customer": "CRASH"}).error
    assert isinstance(error, RemoteFault)
    assert "broken" in str(error)


@pytest.mark.interop("node soap", "SOAP 1.2", TO)
def test_node_speaks_soap_12_with_us(to_node: RouteContext) -> None:
    assert call(to_node, "orders12", "CreateSalesOrder", ORDER).body["salesOrderNumber"] == f"A1|bus|{LINES}"


@pytest.mark.interop("node soap", "rpc/literal", TO)
def test_node_s_rpc_server_understands_us(to_node: RouteContext) -> None:
    item = {"sku": "x", "price": Decimal("1.5"), "tag": ["one"]}
    exchange = call(to_node, "legacy", "Price", {"item": item, "quantity": 3})
    assert exchange.error is None
    assert exchange.body["total"] == Decimal("4.5")


@pytest.mark.interop("node soap", "UsernameToken digest, Timestamp", TO)
def test_node_knows_our_user(to_node: RouteContext) -> None:
    assert call(to_node, "user", "CreateSalesOrder", ORDER).error is None
    assert isinstance(call(to_node, "wrong", "CreateSalesOrder", ORDER).error, RemoteFault)


@pytest.fixture(scope="module")
def told(keys: Path, contracts: Path) -> dict[str, Any]:
    user = {"users": {"partner": "s3cret"}, "overHttp": True}
    policies: dict[str, Any] = {
        "user": {"expect": {"timestamp": True, "usernameToken": user}},
        "usertext": {"expect": {"timestamp": True, "usernameToken": {**user, "type": "text"}}},
        "signed": {
            "expect": {"timestamp": True, "signature": {"trust": str(keys / "them.crt")}, "unsignedHeaders": True}
        },
    }
    services: dict[str, Any] = {
        "orders": (ERP, {}),
        "orders12": (str(contracts / "erp12.wsdl"), {}),
        "legacy": (QUOTES, {}),
        "files": (FILES, {}),
        **{kind: (ERP, {"security": f"#{kind}"}) for kind in policies},
    }
    with serving(services, policies) as (base, erp):
        told = asked(["node", PEER, "client", base, str(contracts), str(keys)], environment())
        told["attachments"] = [exchange.message.attachments for exchange in erp.seen]
    return told


@pytest.mark.interop("node soap", "document/literal", FROM)
@pytest.mark.interop("node soap", "header", FROM)
def test_node_s_client_is_served(told: dict[str, Any]) -> None:
    assert told["orders"] == {"salesOrderNumber": f"N1|node|{LINES}", "status": "CREATED"}


@pytest.mark.interop("node soap", "declared fault", FROM)
def test_node_s_client_gets_the_fault_s_data(told: dict[str, Any]) -> None:
    fault = told["orders BLOCKED"]["fault"]
    assert fault["faultstring"] == "the customer is blocked"
    assert fault["detail"]["BusinessFault"]["code"] == "E42"


@pytest.mark.interop("node soap", "undeclared fault", FROM)
def test_node_s_client_learns_nothing_of_our_inside(told: dict[str, Any]) -> None:
    assert "exchange" in told["orders CRASH"]["fault"]["faultstring"]
    assert "secret" not in str(told["orders CRASH"])


@pytest.mark.interop("node soap", "invalid request refused", FROM)
def test_node_s_client_learns_which_element_is_wrong(told: dict[str, Any]) -> None:
    assert "/CreateSalesOrder/line[1]/quantity" in told["orders invalid"]["fault"]["faultstring"]


@pytest.mark.interop("node soap", "SOAP 1.2", FROM)
def test_node_s_client_is_served_in_soap_12(told: dict[str, Any]) -> None:
    assert told["orders12"]["status"] == "CREATED"


@pytest.mark.interop("node soap", "rpc/literal", FROM)
def test_node_s_client_is_served_over_rpc(told: dict[str, Any]) -> None:
    assert told["legacy"]["total"] == 59.97  # JavaScript's number


@pytest.mark.interop("node soap", "binary in the envelope", FROM)
def test_node_s_client_sends_files_in_the_envelope(told: dict[str, Any]) -> None:
    assert str(told["files"]["size"]) == "10000"


@pytest.mark.interop("node soap", "SwA", FROM)
def test_node_s_client_sends_attachments(told: dict[str, Any]) -> None:
    assert str(told["swa"]["size"]) == "10000"
    [attached] = [each for each in told["attachments"] if each]
    assert hashlib.sha256(bytes(attached["extra@node"])).digest() == hashlib.sha256(bytes([9]) * 5000).digest()


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("user", marks=pytest.mark.interop("node soap", "UsernameToken digest, Timestamp", FROM)),
        pytest.param("usertext", marks=pytest.mark.interop("node soap", "UsernameToken text", FROM)),
        pytest.param("signed", marks=pytest.mark.interop("node soap", "signature, token reference", FROM)),
    ],
)
def test_we_accept_node_s_security(told: dict[str, Any], kind: str) -> None:
    assert told[kind].get("status") == "CREATED", told[kind]


@pytest.mark.interop("node soap", "missing security refused", FROM)
@pytest.mark.parametrize("kind", ["user", "usertext", "signed"])
def test_a_call_without_the_declared_security_is_refused(told: dict[str, Any], kind: str) -> None:
    assert "security header is not what is required" in told[f"{kind} missing"]["fault"]["faultstring"]
