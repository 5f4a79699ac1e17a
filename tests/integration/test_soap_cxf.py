"""Apache CXF with WSS4J as server and as client: every contract, MTOM, WS-Addressing, and WS-Security in all its declared forms.

`make interop` builds the peer; where it is not built these tests are skipped.
"""

from __future__ import annotations

import hashlib
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

BUILT = ROOT / "build" / "interop" / "cxf"
CONTRACTS = "build/interop/cxf/contracts"

pytestmark = pytest.mark.skipif(
    not (BUILT / ".built").exists() or shutil.which("java") is None, reason="CXF is not built: make interop"
)

KINDS = ("user", "usertext", "signed", "signedserial", "signenc", "encsign", "cbc", "all")
FEATURE = {
    "user": "UsernameToken digest, Timestamp",
    "usertext": "UsernameToken text",
    "signed": "signature, token reference",
    "signedserial": "signature, issuer and serial",
    "signenc": "signed, then encrypted",
    "encsign": "encrypted, then signed",
    "cbc": "AES-CBC",
    "all": "UsernameToken, signature, encrypted signature",
}
CBC = ["rsa-sha256", "sha256", "rsa-oaep-mgf1p", "aes256-cbc"]


def policy(kind: str, keys: Path, *, client: bool) -> dict[str, Any]:
    """What we send and expect: the other half of the peer's ``security(kind)``."""
    user: dict[str, Any] = {"type": "text" if kind == "usertext" else "digest", "overHttp": True}
    send: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    if client:
        user |= {"username": "partner", "password": "s3cret"}
    else:
        user |= {"users": {"partner": "s3cret"}}
    if kind.startswith("user"):
        (send if client else expect).update(timestamp=True, usernameToken=user)
        return {"send": send, "expect": expect}
    sign = {"key": str(keys / "us.key"), "certificate": str(keys / "us.crt")}
    if kind == "signedserial":
        sign["reference"] = "issuerSerial"
    send |= {"timestamp": True, "signature": sign}
    expect |= {"timestamp": True, "signature": {"trust": str(keys / "them.crt")}}
    if kind.startswith("signed"):
        return {"send": send, "expect": expect}
    parts = ["body", "signature"] if kind == "all" else ["body"]
    send["encryption"] = {"certificate": str(keys / "them.crt"), "parts": parts}
    expect["encryption"] = {"key": str(keys / "us.key"), "parts": parts}
    if kind == "encsign":
        send["order"] = "encryptThenSign"
    if kind == "cbc":
        send["encryption"] |= {"cipher": "aes256-cbc", "reference": "issuerSerial"}
        expect["algorithms"] = CBC
    if kind == "all":
        # CXF puts the same kind of token on its answers, and wants one on ours.
        send["usernameToken"] = {"username": "partner", "password": "s3cret"}
        expect["usernameToken"] = {"users": {"partner": "s3cret"}}
    return {"send": send, "expect": expect}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keys(tmp_path_factory.mktemp("keys"))


def java(*arguments: str) -> list[str]:
    return [
        "java",
        "-Djava.util.logging.config.file=/dev/null",
        "-cp",
        f"{BUILT}/classes:{BUILT}/lib/*",
        "Peer",
        *arguments,
    ]


# -- we call CXF ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def to_cxf(keys: Path) -> Iterator[RouteContext]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    services: dict[str, Any] = {
        "orders": (ERP, f"{base}/orders", {}),
        "orders12": (f"{CONTRACTS}/erp12.wsdl", f"{base}/orders12", {}),
        "legacy": (QUOTES, f"{base}/legacy", {}),
        "addressed": (ERP, f"{base}/addressed", {"addressing": True}),
        "files": (FILES, f"{base}/files", {"mtom": True}),
        "inline": (FILES, f"{base}/files", {}),
        **{kind: (ERP, f"{base}/{kind}", {"security": f"#{kind}"}) for kind in KINDS},
    }
    policies = {kind: policy(kind, keys, client=True) for kind in KINDS}
    with started(java("server", str(port), str(keys))), calling(services, policies) as context:
        yield context


@pytest.mark.interop("CXF", "document/literal", TO)
@pytest.mark.interop("CXF", "header", TO)
def test_cxf_s_service_understands_our_request(to_cxf: RouteContext) -> None:
    exchange = call(to_cxf, "orders", "CreateSalesOrder", ORDER)
    assert exchange.error is None
    assert exchange.body == {"salesOrderNumber": f"A1|bus|{LINES}", "status": "CREATED"}
    assert call(to_cxf, "orders", "GetSalesOrder", {"salesOrderNumber": "7"}).body["total"]["$"] == Decimal("1.50")


@pytest.mark.interop("CXF", "declared fault", TO)
def test_cxf_s_declared_fault_comes_with_its_data(to_cxf: RouteContext) -> None:
    error = call(to_cxf, "orders", "CreateSalesOrder", {**ORDER, "customer": "BLOCKED"}).error
    assert isinstance(error, RemoteFault)
    assert error.detail == {"BusinessFault": {"code": "E42", "message": "blocked: bus", "field": "customer"}}


@pytest.mark.interop("CXF", "undeclared fault", TO)
def test_cxf_s_failure_has_no_data(to_cxf: RouteContext) -> None:
    error = call(to_cxf, "orders", "CreateSalesOrder", {**ORDER, "customer": "CRASH"}).error
    assert isinstance(error, RemoteFault)
    assert (str(error), error.detail) == ("broken", None)


@pytest.mark.interop("CXF", "SOAP 1.2", TO)
def test_cxf_speaks_soap_12_with_us(to_cxf: RouteContext) -> None:
    assert call(to_cxf, "orders12", "CreateSalesOrder", ORDER).body["salesOrderNumber"] == "A1|bus"
    error = call(to_cxf, "orders12", "CreateSalesOrder", {**ORDER, "customer": "BLOCKED"}).error
    assert isinstance(error, RemoteFault)
    assert error.detail == {"BusinessFault": {"code": "E42", "message": "blocked"}}


@pytest.mark.interop("CXF", "rpc/literal", TO)
def test_cxf_s_rpc_service_understands_us(to_cxf: RouteContext) -> None:
    item = {"sku": "x", "price": Decimal("19.99"), "tag": ["one", "two"]}
    assert call(to_cxf, "legacy", "Price", {"item": item, "quantity": 3}).body == {
        "total": Decimal("59.97"),
        "echo": item,
    }
    assert call(to_cxf, "legacy", "Ping", {}).body == {"alive": True}


@pytest.mark.interop("CXF", "WS-Addressing", TO)
def test_cxf_is_addressed_and_its_answer_names_our_request(to_cxf: RouteContext) -> None:
    assert call(to_cxf, "addressed", "CreateSalesOrder", ORDER).body["status"] == "CREATED"
    assert isinstance(call(to_cxf, "orders", "CreateSalesOrder", ORDER).body, dict)


@pytest.mark.interop("CXF", "MTOM", TO)
def test_cxf_takes_and_gives_files_by_mtom(to_cxf: RouteContext) -> None:
    data = bytes(range(256)) * 4000
    stored = call(to_cxf, "files", "Store", {"name": "a", "content": data})
    assert stored.body == {"size": len(data), "sha256": hashlib.sha256(data).digest()}
    fetched = call(to_cxf, "files", "Fetch", {"size": 100_000}).body["content"]
    assert fetched == bytes(at * 7 % 256 for at in range(100_000))


@pytest.mark.interop("CXF", "binary in the envelope", TO)
def test_cxf_takes_files_in_the_envelope_too(to_cxf: RouteContext) -> None:
    data = bytes(range(256)) * 40
    stored = call(to_cxf, "inline", "Store", {"name": "a", "content": data})
    assert stored.body == {"size": len(data), "sha256": hashlib.sha256(data).digest()}


@pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=pytest.mark.interop("CXF", FEATURE[each], TO)) for each in KINDS]
)
def test_wss4j_accepts_our_security_and_we_its_answer(to_cxf: RouteContext, kind: str) -> None:
    exchange = call(to_cxf, kind, "CreateSalesOrder", ORDER)
    assert exchange.error is None
    assert exchange.body["salesOrderNumber"] == f"A1|bus|{LINES}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_declared_fault_comes_through_wss4j_with_its_data(to_cxf: RouteContext, kind: str) -> None:
    error = call(to_cxf, kind, "CreateSalesOrder", {**ORDER, "customer": "BLOCKED"}).error
    assert isinstance(error, RemoteFault)
    assert error.detail == {"BusinessFault": {"code": "E42", "message": "blocked: bus", "field": "customer"}}


# -- CXF calls us ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(keys: Path) -> dict[str, str]:
    """What CXF's client says of all its calls."""
    services: dict[str, Any] = {
        "orders": (ERP, {}),
        "orders12": (f"{CONTRACTS}/erp12.wsdl", {}),
        "legacy": (QUOTES, {}),
        "addressed": (ERP, {"addressing": True}),
        "files": (FILES, {}),
        **{kind: (ERP, {"security": f"#{kind}"}) for kind in KINDS},
    }
    policies = {kind: policy(kind, keys, client=False) for kind in KINDS}
    for given in policies.values():
        # CXF's client signs the Body and the Timestamp; the header that says who calls is taken all the same.
        given["expect"]["unsignedHeaders"] = True
    with serving(services, policies) as (base, _):
        return asked(java("client", base, str(keys)))


@pytest.mark.interop("CXF", "document/literal", FROM)
@pytest.mark.interop("CXF", "header", FROM)
def test_cxf_s_client_is_served(told: dict[str, str]) -> None:
    assert told["orders"] == f"C1|cxf|{LINES}"


@pytest.mark.interop("CXF", "declared fault", FROM)
def test_cxf_s_client_gets_the_fault_s_data(told: dict[str, str]) -> None:
    assert told["orders fault"] == "the customer is blocked|E42|blocked"


@pytest.mark.interop("CXF", "undeclared fault", FROM)
def test_cxf_s_client_learns_nothing_of_our_inside(told: dict[str, str]) -> None:
    assert told["orders crash"].startswith("fault ")
    assert "secret" not in told["orders crash"]


@pytest.mark.interop("CXF", "invalid request refused", FROM)
def test_cxf_s_client_learns_which_element_is_wrong(told: dict[str, str]) -> None:
    assert "/CreateSalesOrder/line[1]/quantity" in told["orders invalid"]


@pytest.mark.interop("CXF", "SOAP 1.2", FROM)
def test_cxf_s_client_is_served_in_soap_12(told: dict[str, str]) -> None:
    assert told["orders12"] == "C2|cxf|s*1@1EUR|E42"


@pytest.mark.interop("CXF", "rpc/literal", FROM)
def test_cxf_s_client_is_served_over_rpc(told: dict[str, str]) -> None:
    assert told["legacy"] == "59.97|x|[one]|true"


@pytest.mark.interop("CXF", "WS-Addressing", FROM)
def test_cxf_s_client_finds_its_request_in_our_answer(told: dict[str, str]) -> None:
    assert told["addressed"] == "CREATED"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("mtom", marks=pytest.mark.interop("CXF", "MTOM", FROM)),
        pytest.param("inline", marks=pytest.mark.interop("CXF", "binary in the envelope", FROM)),
    ],
)
def test_cxf_s_client_sends_and_gets_files(told: dict[str, str], form: str) -> None:
    digest = hashlib.sha256(bytes(at * 7 % 256 for at in range(100_000))).hexdigest()
    assert told[f"files {form}"] == f"100000|{digest}|70000"


@pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=pytest.mark.interop("CXF", FEATURE[each], FROM)) for each in KINDS]
)
def test_we_accept_wss4j_s_security_and_it_our_answer(told: dict[str, str], kind: str) -> None:
    assert told[kind] == "CREATED"
    assert told[f"{kind} fault"] == "E42"


@pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=pytest.mark.interop("CXF", "missing security refused", FROM)) for each in KINDS]
)
def test_a_call_without_the_declared_security_is_refused(told: dict[str, str], kind: str) -> None:
    assert "security header is not what is required" in told[f"{kind} missing"]
