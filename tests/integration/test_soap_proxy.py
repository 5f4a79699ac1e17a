"""A smart proxy: a route that serves and calls one and the same WSDL, in each form of the body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from soap_orders import ERP, FILES, LINES, ORDER, call, calling, serving
from soap_peers import bus

from esb.context import RouteContext
from esb.errors import RemoteFault

FORMS = ("data", "payload", "envelope")


@pytest.fixture(scope="module")
def through() -> Iterator[RouteContext]:
    """Routes that call proxies, one for each form, of services behind them."""
    with serving({"erp": (ERP, {}), "files": (FILES, {})}) as (behind, _):
        routes = ""
        for form in FORMS:
            for name, wsdl, more in (("erp", ERP, {}), ("files", FILES, {"mtomAttachments": True})):
                parameters = {"dataFormat": form, "attachments": True, **more}
                to = {
                    "uri": f"soap:{wsdl}",
                    "parameters": {**parameters, "address": f"{behind}/{name}", "mtom": form != "envelope"},
                }
                source = {"uri": f"soap:{wsdl}", "parameters": {**parameters, "path": f"/{form}/{name}"}}
                routes += f"- route: {json.dumps({'from': {**source, 'steps': [{'to': to}]}})}\n"
        with bus(routes) as (_, port):
            base = f"http://127.0.0.1:{port}"
            services: dict[str, Any] = {}
            for form in FORMS:
                services[form] = (ERP, f"{base}/{form}/erp", {})
                services[f"{form}-files"] = (FILES, f"{base}/{form}/files", {"mtom": True})
            with calling(services) as context:
                yield context


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_comes_through(through: RouteContext, form: str) -> None:
    exchange = call(through, form, "CreateSalesOrder", ORDER)
    assert exchange.error is None
    # The header that says who calls is the route's to pass on: only whole envelopes carry it by themselves.
    system = "bus" if form == "envelope" else "-"
    assert exchange.body == {"salesOrderNumber": f"A1|{system}|{LINES}", "status": "CREATED"}


@pytest.mark.parametrize("form", FORMS)
def test_a_declared_fault_comes_through_with_its_data(through: RouteContext, form: str) -> None:
    error = call(through, form, "CreateSalesOrder", {**ORDER, "customer": "BLOCKED"}).error
    assert isinstance(error, RemoteFault)
    assert (str(error), error.fault_code) == ("the customer is blocked", "Client")
    assert error.detail == {"BusinessFault": {"code": "E42", "message": "blocked", "field": "customer"}}


@pytest.mark.parametrize("form", ["data", "payload"])
def test_files_come_through_beside_the_envelope(through: RouteContext, form: str) -> None:
    exchange = call(through, f"{form}-files", "Store", {"name": "a", "content": bytes(50_000)})
    assert exchange.error is None
    assert exchange.body["size"] == 50_000
    assert call(through, f"{form}-files", "Fetch", {"size": 30_000}).body == {"content": bytes(30_000)}
