"""The services that foreign clients call and the calls that foreign services take: the same for all peers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from soap_peers import bus, wait_for

from esb.context import RouteContext
from esb.errors import RemoteFault
from esb.exchange import IN_OUT, Exchange

ERP = "schemas/erp/erp.wsdl"
QUOTES = "tests/integration/soap_php/quotes.wsdl"
FILES = "tests/integration/soap_cxf/files.wsdl"

ORDER = {
    "orderId": "A1",
    "customer": "ALFKI",
    "line": [
        {"sku": "x & <y>", "quantity": 2, "unitPrice": {"$": Decimal("12345678901234567.89"), "currency": "EUR"}},
        {"sku": "zwölf", "quantity": 1, "unitPrice": {"$": Decimal("0.10"), "currency": "EUR"}},
    ],
}
LINES = "x & <y>*2@12345678901234567.89EUR|zwölf*1@0.10EUR"


class Erp:
    """What stands behind the served contracts."""

    def __init__(self) -> None:
        self.seen: list[Exchange] = []

    def take(self, exchange: Exchange) -> None:
        self.seen.append(exchange)
        body, operation = exchange.body, exchange.properties["operationName"]
        if operation == "Ping":
            exchange.message.body = {"alive": True}
        elif operation == "Price":
            exchange.message.body = {"total": body["item"]["price"] * body["quantity"], "echo": body["item"]}
        elif operation == "Store":
            digest = hashlib.sha256(body["content"]).digest()
            exchange.message.body = {"size": len(body["content"]), "sha256": digest}
        elif operation == "Fetch":
            exchange.message.body = {"content": bytes(body["size"])}
        elif body["customer"] == "CRASH":
            raise RuntimeError("SELECT secret FROM accounts")
        elif body["customer"] == "BLOCKED":
            detail = {"BusinessFault": {"code": "E42", "message": "blocked", "field": "customer"}}
            raise RemoteFault("the customer is blocked", fault_code="Client", detail=detail)
        else:
            told = [
                f"{each['sku']}*{each['quantity']}@{each['unitPrice']['$']}{each['unitPrice']['currency']}"
                for each in body["line"]
            ]
            system = exchange.properties["soapInHeaders"].get("Caller", {}).get("system", "-")
            number = "|".join([body["orderId"], system, *told])
            exchange.message.body = {"salesOrderNumber": number, "status": "CREATED"}


@contextlib.contextmanager
def serving(
    services: Mapping[str, tuple[str, Mapping[str, Any]]], policies: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, Erp]]:
    """Our services by their path, each a WSDL with options; their address, and what stands behind them."""
    erp = Erp()
    routes = _beans(policies or {})
    for name, (wsdl, options) in services.items():
        source = {"uri": f"soap:{wsdl}", "parameters": {"path": f"/{name}", **options}}
        step = {"bean": {"ref": "erp", "method": "take"}}
        routes += f"- route: {json.dumps({'from': {**source, 'steps': [step]}})}\n"
    with bus(routes, {"erp": erp}) as (_, port):
        yield f"http://127.0.0.1:{port}", erp


@contextlib.contextmanager
def calling(
    services: Mapping[str, tuple[str, str, Mapping[str, Any]]], policies: Mapping[str, Any] | None = None
) -> Iterator[RouteContext]:
    """Routes ``direct:NAME`` that call a WSDL at an address with options."""
    routes = _beans(policies or {})
    for name, (wsdl, address, options) in services.items():
        to = {"uri": f"soap:{wsdl}", "parameters": {"address": address, "timeout": "60s", **options}}
        routes += f"- route: {json.dumps({'from': {'uri': f'direct:{name}', 'steps': [{'to': to}]}})}\n"
    with bus(routes) as (context, _):
        yield context


def _beans(policies: Mapping[str, Any]) -> str:
    told = [
        {"name": name, "type": "adapters.soap.security:Security", "properties": given}
        for name, given in policies.items()
    ]
    return f"- beans: {json.dumps(told)}\n" if told else ""


def call(context: RouteContext, name: str, operation: str, body: Any) -> Exchange:
    """One call of an operation."""
    exchange = Exchange(body, pattern=IN_OUT)
    exchange.properties["operationName"] = operation
    if "Order" in operation:
        exchange.properties["soapOutHeaders"] = {"Caller": {"system": "bus"}}
    return context.send(f"direct:{name}", exchange)


@contextlib.contextmanager
def started(command: list[str], environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """A peer's server, once it has said that it is ready."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        assert process.stdout is not None
        said: list[bytes] = []
        wait_for(lambda: bool(said) or said.append(process.stdout.readline()) is None, 240)  # type: ignore[union-attr]  # checked above
        assert b"ready" in said[0]
        yield
    finally:
        process.terminate()
        process.communicate(timeout=60)


def asked(command: list[str], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a peer's client says of its calls."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert run.returncode == 0, run.stderr[-2000:] + run.stdout[-2000:]
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found
