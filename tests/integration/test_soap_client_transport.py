"""The SOAP client against servers that behave badly: each failure is the error that says what is known, and the time is bounded."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest
from soap_peers import ROOT, http, raw_server

from adapters.soap import wsdl
from adapters.soap.client import SoapCaller
from adapters.soap.messages import Contract
from esb.errors import (
    ConnectionLost,
    DeadlineExceeded,
    EsbError,
    Malformed,
    NotConnected,
    Rejected,
    RemoteFault,
    TransportError,
    ValidationFailed,
    unknown_outcome,
)
from esb.httpcall import HttpCaller

NS = "urn:example:erp:sales"
ENVELOPE = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">{}<e:Body>{}</e:Body></e:Envelope>'
PARTS = "<r:salesOrderNumber>7</r:salesOrderNumber><r:status>CREATED</r:status>"
GOOD = f'<r:CreateSalesOrderResponse xmlns:r="{NS}">{PARTS}</r:CreateSalesOrderResponse>'
ORDER = {
    "orderId": "1",
    "customer": "c",
    "line": [{"sku": "s", "quantity": 1, "unitPrice": {"$": "1", "currency": "EUR"}}],
}
FAULT = '<e:Fault xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>e:Server</faultcode><faultstring>no</faultstring></e:Fault>'


def envelope(body: str = GOOD, header: str = "") -> bytes:
    return ENVELOPE.format(f"<e:Header>{header}</e:Header>" if header else "", body).encode()


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract(wsdl.load(ROOT / "schemas" / "erp" / "erp.wsdl"))


def call(contract: Contract, address: str, timeout: float = 5.0, **options: object) -> object:
    http_caller = HttpCaller()
    try:
        caller = SoapCaller(contract, http_caller, address=address, timeout=timeout, **options)  # type: ignore[arg-type]  # options of each test
        return caller.call("CreateSalesOrder", ORDER).body
    finally:
        http_caller.close()


def fails(
    contract: Contract, answer: Callable[[socket.socket], None], kind: type[Exception], **options: object
) -> Exception:
    with raw_server(answer) as address, pytest.raises(kind) as caught:
        call(contract, address, **options)  # type: ignore[arg-type]  # as above
    return caught.value


def test_a_good_answer_is_data(contract: Contract) -> None:
    with raw_server(http("200 OK", envelope())) as address:
        assert call(contract, address) == {"salesOrderNumber": "7", "status": "CREATED"}


def test_the_request_s_own_header_may_come_back_and_insist(contract: Contract) -> None:
    # As gSOAP's services do, which have one header for both ways and set mustUnderstand by default.
    own = f'<r:Caller xmlns:r="{NS}" e:mustUnderstand="1"><r:system>bus</r:system></r:Caller>'
    with raw_server(http("200 OK", envelope(header=own))) as address:
        assert call(contract, address) == {"salesOrderNumber": "7", "status": "CREATED"}


def test_no_listener_is_not_connected(contract: Contract) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(NotConnected) as caught:
        call(contract, f"http://127.0.0.1:{port}/")
    assert caught.value.retriable


def test_a_server_that_never_answers_is_left_at_the_deadline(contract: Contract) -> None:
    over = threading.Event()
    began = time.monotonic()
    fails(contract, lambda _: over.wait(10) and None, DeadlineExceeded, timeout=0.3)
    over.set()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "begin", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100000\r\n\r\n"]
)
def test_a_server_that_drips_is_left_at_the_deadline(contract: Contract, begin: bytes) -> None:
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(begin)
        while not over.wait(0.05):
            connection.sendall(b"x")

    began = time.monotonic()
    fails(contract, drip, DeadlineExceeded, timeout=0.5)
    over.set()
    assert time.monotonic() - began < 5


def test_a_connection_that_closes_without_an_answer_is_lost(contract: Contract) -> None:
    error = fails(contract, lambda connection: connection.shutdown(socket.SHUT_RDWR), ConnectionLost)
    assert isinstance(error, TransportError)
    assert error.retriable


def test_a_truncated_answer_is_a_lost_connection(contract: Contract) -> None:
    def truncated(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n" + envelope()[:100]
        )
        connection.shutdown(socket.SHUT_RDWR)

    fails(contract, truncated, ConnectionLost)


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "401 Unauthorized", "500 Internal Server Error"])
def test_a_fault_is_read_from_any_status(contract: Contract, status: str) -> None:
    error = fails(contract, http(status, envelope(FAULT)), RemoteFault)
    assert isinstance(error, RemoteFault)
    assert (error.fault_code, str(error), error.detail) == ("Server", "no", None)


def test_a_fault_of_the_other_version_is_read_too(contract: Contract) -> None:
    twelve = (
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode>'
        b'<e:Value xmlns:m="urn:m">m:NoSuch</e:Value></e:Subcode></e:Code><e:Reason><e:Text xml:lang="en">gone</e:Text></e:Reason></e:Fault></e:Body>'
        b"</e:Envelope>"
    )
    error = fails(contract, http("400 Bad Request", twelve, "application/soap+xml"), RemoteFault)
    assert isinstance(error, RemoteFault)
    assert (error.fault_code, str(error)) == ("NoSuch", "gone")


def test_a_busy_server_says_when_to_come_again(contract: Contract) -> None:
    for status in ("503 Service Unavailable", "429 Too Many Requests"):
        error = fails(contract, http(status, b"busy", "text/plain", "Retry-After: 7"), Rejected)
        assert isinstance(error, Rejected)
        assert (error.retriable, error.retry_after) == (True, 7.0)


def test_a_busy_server_may_name_a_date(contract: Contract) -> None:
    error = fails(contract, http("503 Busy", b"", "text/plain", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT"), Rejected)
    assert isinstance(error, Rejected)
    assert (error.retry_after or 0) > 1e6


@pytest.mark.parametrize(
    ("status", "retriable"),
    [("401 Unauthorized", False), ("404 Not Found", False), ("500 Oops", True), ("502 Bad Gateway", True)],
)
def test_an_error_page_is_a_refusal(contract: Contract, status: str, retriable: bool) -> None:
    error = fails(contract, http(status, b"<html>oops", "text/html"), Rejected)
    assert isinstance(error, Rejected)
    assert error.retriable is retriable


def test_a_redirect_is_named_and_not_followed(contract: Contract) -> None:
    asked = []

    def redirect(connection: socket.socket) -> None:
        asked.append(1)
        connection.sendall(b"HTTP/1.1 307 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")

    error = fails(contract, redirect, Rejected)
    assert "put 'http://169.254.169.254/' into the option 'address'" in str(error)
    assert asked == [1]


BAD: dict[str, tuple[bytes, str, type[Exception]]] = {
    "a page": (b"<html></html>", "text/html", Rejected),
    "json": (b"{}", "application/json", Rejected),
    "xml that is no soap": (b"<a/>", "text/xml", Rejected),
    "nothing": (b"", "text/xml", ConnectionLost),
    "half a document": (envelope()[:-30], "text/xml", Malformed),
    "doctype": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + envelope(), "text/xml", Malformed),
    "deep": (envelope("<a>" * 100_000), "text/xml", Malformed),
    "an empty body": (envelope(""), "text/xml", Malformed),
    "another element": (envelope('<other xmlns="urn:x"/>'), "text/xml", Malformed),
    "two elements": (envelope(GOOD + GOOD), "text/xml", Malformed),
    "data that breaks the schema": (envelope(GOOD.replace("CREATED", "MAYBE")), "text/xml", ValidationFailed),
    "a header that must be understood": (
        envelope(GOOD, '<x:T xmlns:x="urn:x" e:mustUnderstand="1"/>'),
        "text/xml",
        Malformed,
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_refused(contract: Contract, case: str) -> None:
    body, content_type, kind = BAD[case]
    fails(contract, http("200 OK", body, content_type), kind)


@pytest.mark.parametrize(("options", "uncertain"), [({}, True), ({"idempotent": ["CreateSalesOrder"]}, False)])
@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_to_a_call_that_was_taken_leaves_its_effect_open(
    contract: Contract, case: str, options: dict[str, object], uncertain: bool
) -> None:
    body, content_type, kind = BAD[case]
    error = fails(contract, http("200 OK", body, content_type), kind, **options)
    assert unknown_outcome(error) is uncertain
    assert ("it may have had its effect" in str(error)) is uncertain


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "500 Oops", "503 Busy"])
@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_to_a_call_that_was_not_taken_says_that_it_had_no_effect(
    contract: Contract, case: str, status: str
) -> None:
    body, content_type, _ = BAD[case]
    assert not unknown_outcome(fails(contract, http(status, body, content_type), EsbError))


def test_a_fault_is_an_answer_that_can_be_read_and_leaves_nothing_open(contract: Contract) -> None:
    assert not unknown_outcome(fails(contract, http("200 OK", envelope(FAULT)), RemoteFault))


def test_an_answer_over_the_bound_is_refused(contract: Contract) -> None:
    fails(contract, http("200 OK", b"x" * 100_000), TransportError, max_answer=1000)


def test_a_packed_answer_is_refused_unread(contract: Contract) -> None:
    error = fails(contract, http("200 OK", b"\x1f\x8b garbage", "text/xml", "Content-Encoding: gzip"), Rejected)
    assert "Content-Encoding" in str(error)
    assert unknown_outcome(error)


def test_a_partner_that_breaks_its_own_schema_can_be_put_up_with(contract: Contract) -> None:
    with raw_server(http("200 OK", envelope(GOOD.replace("CREATED", "MAYBE")))) as address:
        assert call(contract, address, validate_answers=False) == {"salesOrderNumber": "7", "status": "MAYBE"}


def test_what_does_not_fit_the_wsdl_is_never_sent(contract: Contract) -> None:
    asked = []
    with raw_server(lambda connection: asked.append(connection) or None) as address:
        caller = SoapCaller(contract, HttpCaller(), address=address)
        with pytest.raises(ValidationFailed, match=r"/CreateSalesOrder/line\[1\]/sku is missing"):
            caller.call("CreateSalesOrder", {**ORDER, "line": [{"quantity": 1, "unitPrice": 1}]})
    assert asked == []


def test_what_is_never_sent_has_no_effect(contract: Contract) -> None:
    caller = SoapCaller(contract, HttpCaller(), address="http://127.0.0.1:1/")
    with pytest.raises(ValidationFailed) as caught:
        caller.call("CreateSalesOrder", {})
    assert not unknown_outcome(caught.value)


def test_one_connection_serves_several_calls_from_several_threads(contract: Contract) -> None:
    connections = set()

    def count(connection: socket.socket) -> None:
        connections.add(connection.getpeername())
        http("200 OK", envelope())(connection)

    with raw_server(count) as address:
        caller = SoapCaller(contract, HttpCaller(), address=address)
        results: list[object] = []

        def run() -> None:
            results.extend(caller.call("CreateSalesOrder", ORDER).body["status"] for _ in range(25))

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == ["CREATED"] * 100
        assert len(connections) <= 4
