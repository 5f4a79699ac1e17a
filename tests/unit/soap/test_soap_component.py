"""The endpoint: options, exchanges and answers, with the web server's paths but no socket."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from soap_contracts import ERP, document, schema

import esb.xml
from esb.context import RouteContext
from esb.errors import ConfigErrors, DeadlineExceeded, RemoteFault, TransportError
from esb.exchange import IN_OUT, Exchange
from esb.httphost import HttpHandler, HttpRequest, HttpResponse, Mounted, Respond

ROOT = Path(__file__).parents[3]
GET = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">{header}<e:Body><s:GetSalesOrder xmlns:s="urn:example:erp:sales">'
    "<s:salesOrderNumber>{number}</s:salesOrderNumber></s:GetSalesOrder></e:Body></e:Envelope>"
)
ORDER = {
    "salesOrderNumber": "7",
    "orderId": "A",
    "customer": "c",
    "status": "CREATED",
    "line": [{"sku": "s", "quantity": 1, "unitPrice": {"$": "1.5", "currency": "EUR"}}],
    "total": {"$": "1.5", "currency": "EUR"},
}
ROUTE = """
- route:
    from:
      uri: soap:schemas/erp/erp.wsdl
      parameters: {{path: /erp{more}}}
      steps:
        - bean: {{ref: erp, method: take}}
"""


class Host:
    """The one path that is mounted, without a server."""

    base_url = "http://127.0.0.1:8080"
    handler: HttpHandler | None = None

    def mount(self, methods: Any, path: str, handler: HttpHandler, **_: Any) -> Mounted:
        assert tuple(methods) == ("GET", "POST")
        self.path, self.handler = path, handler
        return self

    def remove(self) -> None:
        self.handler = None

    def ask(
        self, method: str = "POST", body: str = "", query: str = "", host: str = "bus.example:8080", **headers: str
    ) -> HttpResponse:
        answers: list[HttpResponse] = []
        respond: Respond = answers.append
        sent = {"content-type": "text/xml; charset=utf-8", **headers}
        assert self.handler is not None
        self.handler(HttpRequest(method, self.path, query, tuple(sent.items()), body.encode(), host=host), respond)
        assert len(answers) == 1
        return answers[0]


class Erp:
    def __init__(self, do: Callable[[Exchange], None]) -> None:
        self.do = do

    def take(self, exchange: Exchange) -> None:
        self.do(exchange)


@contextmanager
def serving(do: Callable[[Exchange], None], more: str = "", route: str = ROUTE, folder: Path = ROOT) -> Iterator[Host]:
    host = Host()
    context = RouteContext("test", folder=folder, services={"http": lambda _: host})
    context.bind("bean", "erp", Erp(do))
    context.load(route.format(more=more))
    context.start()
    yield host
    context.stop(1.0)
    assert host.handler is None


def answer(body: Any) -> Callable[[Exchange], None]:
    def do(exchange: Exchange) -> None:
        exchange.message.body = body

    return do


def raising(error: Exception) -> Callable[[Exchange], None]:
    def do(_: Exchange) -> None:
        raise error

    return do


def fault(response: HttpResponse) -> tuple[int, str, str]:
    parts = [child.text or "" for child in esb.xml.parse(response.body)[0][0]]
    return response.status, parts[0], parts[1]


def test_a_request_is_an_exchange_with_data_and_its_operation_as_a_property() -> None:
    seen = []

    def do(exchange: Exchange) -> None:
        seen.append((exchange.body, dict(exchange.properties), dict(exchange.headers), exchange.pattern))
        exchange.message.body = ORDER

    header = '<e:Header><s:Caller xmlns:s="urn:example:erp:sales"><s:system>crm</s:system></s:Caller></e:Header>'
    with serving(do) as host:
        response = host.ask(body=GET.format(number="7", header=header))
    assert response.status == 200
    assert esb.xml.parse(response.body)[0][0].tag == "{urn:example:erp:sales}GetSalesOrderResponse"
    body, properties, headers, pattern = seen[0]
    assert (body, headers, pattern) == ({"salesOrderNumber": "7"}, {}, IN_OUT)
    assert (properties["operationName"], properties["soapInHeaders"]) == (
        "GetSalesOrder",
        {"Caller": {"system": "crm"}},
    )


def test_a_failure_inside_is_a_fault_with_an_id_and_nothing_else() -> None:
    with serving(raising(RuntimeError("SELECT * FROM /etc/secret"))) as host:
        response = host.ask(body=GET.format(number="7", header=""))
    status, code, text = fault(response)
    assert (status, code) == (500, "soapenv:Server")
    assert text.startswith("the request could not be processed; exchange ")
    assert b"SELECT" not in response.body


@pytest.mark.parametrize("error", [DeadlineExceeded("erp:80 is silent"), RemoteFault("erp:80 answered 504")])
def test_a_call_of_unknown_outcome_is_a_fault_that_says_so(error: TransportError) -> None:
    error.uncertain = True
    with serving(raising(error)) as host:
        response = host.ask(body=GET.format(number="7", header=""))
    status, code, text = fault(response)
    assert (status, code) == (500, "soapenv:Server")
    assert text.startswith("this may have been done: look before you send it again; exchange ")
    assert b"erp" not in response.body


def test_an_error_with_a_declared_detail_is_the_declared_fault() -> None:
    error = RemoteFault(
        "not there", fault_code="Client", detail={"BusinessFault": {"code": "E1", "message": "no such order"}}
    )
    with serving(raising(error)) as host:
        response = host.ask(body=GET.format(number="7", header=""))
    assert fault(response) == (500, "soapenv:Client", "not there")
    assert b"BusinessFault" in response.body
    assert b"no such order" in response.body


def test_an_error_with_another_system_s_detail_stays_inside() -> None:
    with serving(raising(RemoteFault("http://10.0.0.5/ said no", detail={"password": "x"}))) as host:
        response = host.ask(body=GET.format(number="7", header=""))
    assert b"10.0.0.5" not in response.body
    assert b"password" not in response.body


def test_a_route_answers_with_a_declared_fault_by_a_property() -> None:
    def do(exchange: Exchange) -> None:
        exchange.properties["soapFault"] = {"BusinessFault": {"code": "E7", "message": "closed"}}

    with serving(do) as host:
        response = host.ask(body=GET.format(number="7", header=""))
    assert fault(response) == (500, "soapenv:Server", "closed")
    assert b">E7<" in response.body


@pytest.mark.parametrize("body", [None, {}, {**ORDER, "extra": 1}, "text", {**ORDER, "status": "MAYBE"}])
def test_an_answer_that_breaks_the_contract_is_a_server_fault(body: Any) -> None:
    with serving(answer(body)) as host:
        status, code, text = fault(host.ask(body=GET.format(number="7", header="")))
    assert (status, code) == (500, "soapenv:Server")
    assert "MAYBE" not in text


def test_a_bad_request_never_reaches_the_route() -> None:
    seen: list[Exchange] = []
    with serving(seen.append) as host:
        assert fault(host.ask(body=GET.format(number="", header="") + "x"))[1] == "soapenv:Client"
        assert (
            fault(
                host.ask(body=GET.format(number="7", header=""), soapaction='"urn:example:erp:sales:CreateSalesOrder"')
            )[1]
            == "soapenv:Client"
        )
    assert seen == []


def test_the_wsdl_is_published_with_the_address_the_client_used() -> None:
    with serving(answer(ORDER)) as host:
        assert b'location="http://bus.example:8080/erp"' in host.ask("GET", query="wsdl").body
        assert b'location="http://bus.example:8080/erp"' in host.ask("GET", query="WSDL").body
        assert b'location="http://127.0.0.1:8080/erp"' in host.ask("GET", query="wsdl", host='x"><script>').body
        assert host.ask("GET", query="xsd=../../etc/passwd").status == 404
        assert host.ask("GET").status == 405
    with serving(answer(ORDER), more=", publicAddress: https://api.example/erp") as host:
        assert b'location="https://api.example/erp"' in host.ask("GET", query="wsdl").body
    with serving(answer(ORDER), more=", publishWsdl: false") as host:
        assert host.ask("GET", query="wsdl").status == 405


def test_one_operation_may_be_served_alone() -> None:
    with serving(answer(ORDER), more=", operation: CreateSalesOrder") as host:
        assert "belongs to no operation" in fault(host.ask(body=GET.format(number="7", header="")))[2]


def test_a_one_way_operation_is_accepted_when_its_work_is_settled(tmp_path: Path) -> None:
    part = '<wsdl:part name="p" element="t:root"/>'
    text = document(schema('<xs:element name="root" type="xs:string"/>'), {"Tell": (part, part)})
    (tmp_path / "t.wsdl").write_text(text.replace('<wsdl:output message="t:TellOut"/>', ""))
    route = ROUTE.replace("schemas/erp/erp.wsdl", "t.wsdl")
    body = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><root xmlns="urn:t">x</root></e:Body></e:Envelope>'
    with serving(answer(None), route=route, folder=tmp_path) as host:
        assert host.ask(body=body).status == 202
    with serving(raising(RuntimeError("x")), route=route, folder=tmp_path) as host:
        assert host.ask(body=body).status == 500


TO = "- route: {{from: {{uri: direct:a, steps: [{{to: {{uri: '{uri}', parameters: {{{parameters}}}}}}}]}}}}"


@pytest.mark.parametrize(
    ("uri", "parameters", "why"),
    [
        ("soap:schemas/absent.wsdl", "", "absent.wsdl cannot be read"),
        ("soap:schemas/erp/erp.wsdl", "operation: CreateSaleOrder", "did you mean 'CreateSalesOrder'"),
        ("soap:schemas/erp/erp.wsdl", "service: Sale", "SalesService"),
        ("soap:schemas/erp/erp.wsdl", "port: Sale", "SalesPort"),
        ("soap:schemas/erp/erp.wsdl", "operatoin: x", "did you mean 'operation'"),
        ("soap:schemas/erp/erp.wsdl", "address: 'ftp://x/'", "not an http or https URL"),
        ("soap:schemas/erp/erp.wsdl", "timeout: soon", "is not a duration"),
        ("soap:schemas/erp/erp.wsdl", "authUsername: x", "needs 'authUsername' and 'authPassword'"),
        ("soap:schemas/erp/erp.wsdl", "path: erp", "begin it with a slash"),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_found_at_load_with_its_place(uri: str, parameters: str, why: str) -> None:
    context = RouteContext("test", folder=ROOT)
    with pytest.raises(ConfigErrors) as caught:
        context.load(TO.format(uri=uri, parameters=parameters), "orders.yaml")
    assert why in str(caught.value)
    assert "orders.yaml:1:" in str(caught.value)


def test_the_operation_never_comes_from_a_header() -> None:
    context = RouteContext("test", folder=ROOT)
    context.load(TO.format(uri="soap:schemas/erp/erp.wsdl", parameters="address: 'http://127.0.0.1:9/'"))
    context.start()
    exchange = Exchange(
        {}, {"operationName": "CreateSalesOrder", "CamelSoapOperation": "CreateSalesOrder"}, pattern=IN_OUT
    )
    context.send("direct:a", exchange)
    assert "which operation to call is not known" in str(exchange.error)
    context.stop(1.0)


def test_a_wsdl_is_read_once_for_all_endpoints() -> None:
    context = RouteContext("test", folder=ROOT)
    component = context.component("soap")
    assert component.contract(ERP) is component.contract(ERP)  # type: ignore[attr-defined]  # the component's own method


def test_a_bus_without_soap_routes_does_not_load_zeep_or_lxml() -> None:
    told = "import sys, adapters.soap, esb.xml; print([name for name in ('zeep', 'lxml', 'requests', 'urllib3') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"
