"""Bad JSON and bad headers at the door of the bus: a clear refusal, nothing on a queue, nobody harmed."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from routes.demo.deployment import Deployment
from tests.system.faults import eventually, failed, order_id
from tests.system.talk import JSON, raw, send
from tests.system.witness import Canary, good_order


def written(**changes: Any) -> str:
    return json.dumps(good_order() | changes)


def with_quantity(text: str) -> str:
    return written().replace('"quantity": 2', f'"quantity": {text}')


UNREADABLE = {
    "no JSON": "hello",
    "truncated": written()[:60],
    "not UTF-8": b'{"orderId": "\xff\xfe"}',
    "UTF-16": written().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + written().encode(),
    "nested deeply": "[" * 100_000,
    "nested deeply and closed": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "NaN": with_quantity("NaN"),
    "infinity": with_quantity("-Infinity"),
    "a number of 100,000 digits": with_quantity("1" + "0" * 100_000),
    "half a surrogate pair": written().replace("GOOD", "\\ud800"),
    "a key twice": written()[:-1] + ', "orderId": "OTHER"}',
    "a key twice inside": with_quantity('1, "quantity": 2'),
    "something behind it": written() + "{}",
    "a comment": "/* hello */" + written(),
    "a single quote": written().replace('"', "'"),
    "empty": "",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_as_json_is_a_bad_request(bus: Deployment, refused: None, body: bytes | str) -> None:
    status, headers, told = send(bus, "bus", "/orders", body)
    assert status == 400
    assert "JSON" in told or "no body" in told
    assert "Traceback" not in told
    assert headers["x-content-type-options"] == "nosniff"


INVALID = {
    "a list": ("[]", ""),
    "a text": ('"x"', ""),
    "null": ("null", ""),
    "a number": ("5", ""),
    "an unknown field": (written(colour="red"), "colour"),
    "an unknown field inside": (written(lines=[{"sku": "PEN-1", "quantity": 1, "unitPrice": 1, "x": 1}]), "lines.0.x"),
    "a missing field": (written(lines=None), "lines"),
    "a huge number": (with_quantity("1" + "0" * 300), "lines.0.quantity"),
    "a number beyond floats": (with_quantity("1e999"), "lines.0.quantity"),
    "a wrong type": (with_quantity('"many"'), "lines.0.quantity"),
    "a true for a number": (with_quantity("true"), "lines.0.quantity"),
    "a price without end": (
        written(lines=[{"sku": "PEN-1", "quantity": 1, "unitPrice": "1e99999999"}]),
        "lines.0.unitPrice",
    ),
    "a price of a thousand digits": (
        written(lines=[{"sku": "PEN-1", "quantity": 1, "unitPrice": "9" * 1000}]),
        "lines.0.unitPrice",
    ),
    "a long id": (written(orderId="x" * 100_000), "orderId"),
    "too many lines": (written(lines=[{"sku": "PEN-1", "quantity": 1, "unitPrice": 1}] * 501), "lines"),
    "expressions where data stand": (written(currency="${sysenv.HOME}"), "currency"),
}


@pytest.mark.parametrize(("body", "path"), INVALID.values(), ids=INVALID)
def test_what_breaks_its_type_is_refused_with_its_fields(bus: Deployment, refused: None, body: str, path: str) -> None:
    status, headers, told = send(bus, "bus", "/orders", body)
    assert status == 422
    assert headers["content-type"] == "application/json"
    report = json.loads(told)
    assert "crm.Order" in report["error"]
    assert path in {field["path"] for field in report["fields"]}
    assert "/root/" not in told


def test_a_body_of_11_mb_is_too_large(bus: Deployment, refused: None) -> None:
    status, _, told = send(bus, "bus", "/orders", written(note="x" * 11_000_000))
    assert (status, told) == (413, "the body is too large\n")


def test_a_body_without_a_length_is_bounded_too(bus: Deployment, refused: None) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    head = b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert raw(bus, head + chunk * 11 + b"0\r\n\r\n").startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "lines",
    [[{"sku": 1}] * 700_000, [1] * 3_000_000, [[[[]]]] * 500_000],
    ids=["wrong lines", "no lines", "nested lists"],
)
def test_very_many_mistakes_are_refused_quickly(bus: Deployment, refused: None, lines: list[Any]) -> None:
    status, _, told = send(bus, "bus", "/orders", json.dumps(good_order() | {"lines": lines}, separators=(",", ":")))
    assert status == 422
    assert len(told) < 300_000


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "text/json;x"])
def test_another_media_type_is_not_taken(bus: Deployment, refused: None, kind: str) -> None:
    assert send(bus, "bus", "/orders", written(), headers={"Content-Type": kind})[0] == 415


def test_a_compressed_body_is_not_unpacked(bus: Deployment, refused: None) -> None:
    import gzip

    packed = gzip.compress(written().encode())
    assert send(bus, "bus", "/orders", packed, headers=JSON | {"Content-Encoding": "gzip"})[0] == 415


OTHER_DOORS = [
    ("/tickets", "{}", (422, "ticketId")),
    ("/tickets", "[", (400, "JSON")),
    ("/tickets/T-1/status", '{"assignee": "x", "status": "exploded"}', (422, "status")),
    ("/tickets/T-1/status", "null", (422, "oa.Status")),
    ("/campaigns", '{"campaignId": "x"}', (422, "title")),
    ("/sync/customers", '{"id": "x", "admin": true}', (422, "admin")),
    ("/approvals/X", "null", (422, "oa.Decision")),
    ("/approvals/X", '{"approved": true}', (422, "order")),
    ("/approvals/X", '{"approved": true, "order": {"orderId": "X"}}', (422, "order.customerId")),
    ("/approvals/X", '{"approved": "perhaps", "order": {}}', (422, "approved")),
]


@pytest.mark.parametrize(("path", "body", "expected"), OTHER_DOORS)
def test_every_door_refuses_what_breaks_its_type(
    bus: Deployment, refused: None, path: str, body: str, expected: tuple[int, str]
) -> None:
    status, word = expected
    answered, _, told = send(bus, "bus", path, body)
    assert (answered, word in told) == (status, True), told


# -- control headers -----------------------------------------------------------------------------------------------------------

CONTROL = [
    "CamelHttpUri",
    "cAmElHttpUri",
    "CAMELHTTPURI",
    "CamelHttpUrl",
    "CamelHttpBaseUri",
    "CamelHttpPath",
    "CamelHttpQuery",
    "CamelHttpRawQuery",
    "CamelHttpMethod",
    "CamelHttpHost",
    "CamelHttpPort",
    "CamelHttpResponseCode",
    "CamelDestinationOverrideUrl",
    "CamelToEndpoint",
    "CamelSlipEndpoint",
    "CamelRecipientListEndpoint",
    "CamelFileName",
    "CamelOverruleFileName",
    "CamelExecCommandExecutable",
    "CamelRedeliveryCounter",
    "org.apache.camel.HttpUri",
    "Org.Apache.Camel.destination",
    "esb-origin-queue",
    "ESB-attempts",
    "esb-error",
]
PLAIN = ["operationName", "operationNamespace", "SOAPAction", "recipientList", "JMSReplyTo", "rabbitmq.EXCHANGE_NAME"]


def decision(order: dict[str, Any]) -> str:
    return json.dumps({"approved": True, "order": order})


@pytest.mark.parametrize("way", ["header", "query", "both"])
def test_control_headers_from_outside_choose_nothing(bus: Deployment, unharmed: None, canary: Canary, way: str) -> None:
    # This door removes the headers of a request when it has read the body: none reaches the queue or the calls of ERP and CRM.
    order = good_order()
    names = dict.fromkeys([*CONTROL, *PLAIN], canary.url)
    headers = names if way in {"header", "both"} else {}
    query = f"?{urlencode(names)}" if way in {"query", "both"} else ""
    status, told, _ = send(bus, "bus", f"/approvals/{order['orderId']}{query}", decision(order), headers=JSON | headers)
    assert status == 204
    assert not {name.lower() for name in CONTROL} & set(told)
    numbered = eventually(lambda: bus.table("crm", "orders").get(str(order["orderId"])), "the order passes")
    assert numbered["value"] == {
        "orderId": order["orderId"],
        "erpNumber": f"SO-{order['orderId']}",
        "status": "CREATED",
    }
    assert not list(bus.state.rglob("*canary*"))


def test_control_names_in_a_form_choose_nothing(bus: Deployment, refused: None, canary: Canary) -> None:
    form = urlencode(dict.fromkeys([*CONTROL, *PLAIN], canary.url))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(bus, "bus", "/orders", form, headers=kind)[0] == 415
    # A path that takes any media type: the form's fields become headers there.
    assert send(bus, "crm", "/crm/customers/form-1", form, method="PUT", headers=kind)[0] in {400, 415, 422, 500}
    assert "form-1" not in bus.table("crm", "customers")


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2ftables%2forders",
        "%2e%2e",
        "a%0d%0aX-Evil:%201",
        "a%00b",
        "%ff%fe",
        "http:%2f%2f127.0.0.1:1%2f",
        "a%3Fx=1%23y",
    ],
)
def test_a_path_parameter_stays_one_step_of_the_path(bus: Deployment, refused: None, name: str) -> None:
    status, headers, told = send(bus, "bus", f"/customers/{name}", method="GET", headers={})
    assert status in {400, 404, 422}
    assert "x-evil" not in headers
    assert "orders" not in told


def test_an_order_id_stays_data_in_every_uri(bus: Deployment, unharmed: None) -> None:
    ids = [
        "a b?x=y",
        "a#b",
        "a&throwExceptionOnFailure=false",
        "${sysenv.HOME}",
        "{{crm.url}}",
        "RAW(x)",
        "%2e%2e",
        "ü€",
    ]
    for key in ids:
        assert send(bus, "bus", "/orders", json.dumps(good_order() | {"orderId": key}))[0] == 202
    eventually(
        lambda: set(ids) <= set(bus.table("crm", "orders")), f"all of {ids} in {set(bus.table('crm', 'orders'))}"
    )


def test_an_order_id_that_climbs_is_set_aside_with_the_reason(bus: Deployment, unharmed: None) -> None:
    key = "../../customers/EVIL"
    assert send(bus, "bus", "/orders", json.dumps(good_order() | {"orderId": key}))[0] == 202
    [letter] = eventually(
        lambda: [one for one in failed(bus, "orders.confirmed.invalid") if order_id(one) == key], "it is set aside"
    )
    assert "climbs" in letter.error
    assert bus.table("crm", "customers").get("EVIL") is None
    bus.broker().remove("orders.confirmed.invalid", [letter.id])


def test_what_asks_a_browser_to_act_is_not_given_back(bus: Deployment, unharmed: None) -> None:
    order = good_order()
    names = {
        "Set-Cookie": "session=evil",
        "Location": "http://evil",
        "Access-Control-Allow-Origin": "*",
        "Refresh": "0",
    }
    for query, headers in ((f"?{urlencode(names)}", {}), ("", names)):
        path = f"/approvals/{order['orderId']}{query}"
        _, told, _ = send(bus, "bus", path, decision(order), headers=JSON | headers)
        assert not {name.lower() for name in names} & set(told)


def test_a_header_cannot_split_the_answer_and_stays_out_of_the_requests_behind(bus: Deployment, unharmed: None) -> None:
    order = good_order()
    path = f"/approvals/{order['orderId']}?X-Split=a%0D%0AX-Evil%3A%201"
    status, told, _ = send(bus, "bus", path, decision(order))
    assert status == 204
    assert "x-evil" not in told
    # A call that carried it would be refused and set aside: the order passes only without it.
    eventually(lambda: bus.table("crm", "orders").get(str(order["orderId"])), "the order passes")


def test_message_data_are_never_evaluated(bus: Deployment, unharmed: None) -> None:
    told = "${sysenv.HOME} ${bean:tables} {{crm.url}} {{7*7}} #bean:tables ${{x}}"
    ticket = {"ticketId": "T-inert", "customerId": "C1", "category": "delivery", "priority": "high", "subject": told}
    assert send(bus, "bus", "/tickets", json.dumps(ticket))[0] == 202
    task = eventually(lambda: bus.table("oa", "tasks").get("T-inert"), "the task is there")
    assert told in json.dumps(task["value"])
    eventually(
        lambda: "solved" in json.dumps(bus.table("crm", "tickets").get("T-inert")), "the CRM is told the outcome"
    )
